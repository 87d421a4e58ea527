#include "iolite/text/internal/part_writer.h"

#include <algorithm>
#include <cstring>

#include "iolite/text/internal/varint.h"

namespace iolite::text::internal {
namespace {

using kernels::kBlock;

constexpr uint16_t kNoLength = UINT16_MAX;
constexpr size_t kListBytesMax = size_t{1} << 16;

// Points of a frontier, the most occurrences first. Too many are joined where least is lost.
Frontier FrontierOf(const std::array<uint16_t, 256>& shortest) {
  std::vector<Frontier::Point> points;
  uint16_t length = kNoLength;
  for (int tf = 255; tf > 0; --tf) {
    if (shortest[tf] >= length) continue;
    length = shortest[tf];
    points.push_back({static_cast<uint8_t>(tf), static_cast<uint8_t>(length)});
  }
  while (points.size() > Frontier::kPoints) {
    size_t best = 1;
    auto loss = [&](size_t i) {
      return (points[i - 1].length - points[i].length + 1) * (points[i - 1].tf - points[i].tf);
    };
    for (size_t i = 2; i < points.size(); ++i) best = loss(i) < loss(best) ? i : best;
    points[best - 1].length = points[best].length;
    points.erase(points.begin() + static_cast<int64_t>(best));
  }
  Frontier frontier;
  std::copy(points.begin(), points.end(), frontier.points.begin());
  return frontier;
}

template <typename Value>
void AppendValue(const Value& value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

Status PartWriter::Begin() {
  IOLITE_RETURN_IF_ERROR(out_.Align());
  part_.sections[Part::kPostings].offset = out_.offset();
  list_shortest_.fill(kNoLength);
  return Status::Ok();
}

Status PartWriter::Add(const Posting& posting) {
  // The row before the first is that before 0, so that the first step is the row itself.
  const uint32_t before = df_ == 0 ? UINT32_MAX : row_before_;
  rows_[count_] = posting.row - before - 1;
  tfs_[count_] = posting.tf - 1;
  position_bytes_ += posting.positions;
  if (count_ == 0) last_row_ = before;
  row_before_ = posting.row;
  ++count_;
  ++df_;
  auto& shortest = list_shortest_[TfCode(posting.tf)];
  shortest = std::min<uint16_t>(shortest, lengths_.bound_code(posting.row));
  return count_ == kBlock ? EndBlock() : Status::Ok();
}

Frontier PartWriter::MakeFrontier() const {
  std::array<uint16_t, 256> shortest;
  shortest.fill(kNoLength);
  uint32_t row = last_row_;
  for (size_t i = 0; i < count_; ++i) {
    row += rows_[i] + 1;
    auto& length = shortest[TfCode(tfs_[i] + 1)];
    length = std::min<uint16_t>(length, lengths_.bound_code(row));
  }
  return FrontierOf(shortest);
}

Status PartWriter::EndBlock() {
  const uint64_t list_size = part_.sections[Part::kPostings].size + list_.size() - list_begin_;
  BlockEntry entry{.last_row = row_before_,
                   .offset_16 = static_cast<uint32_t>(list_size / 16),
                   .positions_low = static_cast<uint32_t>(block_positions_),
                   .positions_high = static_cast<uint16_t>(block_positions_ >> 32)};
  if (df_ >= kBlock) entry.frontier = MakeFrontier();
  if (count_ == kBlock) {
    entry.row_width = static_cast<uint8_t>(kernels::WidthOf(rows_));
    entry.tf_width = static_cast<uint8_t>(kernels::WidthOf(tfs_));
    uint8_t packed[64 * 16];
    kernels::Pack(rows_.data(), entry.row_width, packed);
    kernels::Pack(tfs_.data(), entry.tf_width, packed + kernels::PackedBytes(entry.row_width));
    const size_t size = kernels::PackedBytes(entry.row_width + entry.tf_width);
    list_.append(reinterpret_cast<const char*>(packed), size);
  } else {
    for (size_t i = 0; i < count_; ++i) {
      AppendVarint(uint64_t{rows_[i]} << 1 | (tfs_[i] > 0 ? 1 : 0), list_);
      if (tfs_[i] > 0) AppendVarint(tfs_[i], list_);
    }
  }
  AppendValue(entry, entries_);
  block_positions_ += position_bytes_.size();
  IOLITE_RETURN_IF_ERROR(positions_.Append(position_bytes_));
  position_bytes_.clear();
  count_ = 0;
  return list_.size() > kListBytesMax ? WriteList(list_) : Status::Ok();
}

Status PartWriter::WriteList(std::string_view bytes) {
  IOLITE_RETURN_IF_ERROR(out_.Write(bytes));
  part_.sections[Part::kPostings].size += bytes.size();
  list_.clear();
  return Status::Ok();
}

Status PartWriter::EndTerm() {
  if (df_ == 0) return Status::Ok();
  if (count_ > 0) IOLITE_RETURN_IF_ERROR(EndBlock());
  if (df_ >= kBlock) {
    list_ += entries_;
    AppendValue(FrontierOf(list_shortest_), list_);
  }
  return EndList();
}

Status PartWriter::EndList() {
  const uint64_t list_end = part_.sections[Part::kPostings].size + list_.size();
  std::string entry;
  if (part_.term_count % kTermsPerBlock == 0) {
    AppendValue(TermBlock{TermKey(term_), terms_.size(), list_begin_, positions_begin_}, index_);
  } else {
    const auto differs =
        std::mismatch(term_.begin(), term_.end(), term_before_.begin(), term_before_.end());
    const auto shared = static_cast<size_t>(differs.first - term_.begin());
    AppendVarint(shared, entry);
    term_before_ = term_;
    term_.erase(0, shared);
  }
  if (part_.term_count % kTermsPerBlock == 0) term_before_ = term_;
  AppendVarint(term_.size(), entry);
  entry += term_;
  AppendVarint(df_, entry);
  AppendVarint(list_end - list_begin_, entry);
  AppendVarint(block_positions_, entry);
  IOLITE_RETURN_IF_ERROR(terms_.Append(entry));
  ++part_.term_count;
  list_begin_ = list_end;
  positions_begin_ += block_positions_;
  block_positions_ = 0;
  df_ = 0;
  entries_.clear();
  list_shortest_.fill(kNoLength);
  return Status::Ok();
}

Status PartWriter::WriteSection(Part::SectionName name, std::string_view bytes) {
  IOLITE_RETURN_IF_ERROR(out_.Align());
  part_.sections[name] = {out_.offset(), bytes.size()};
  return out_.Write(bytes);
}

Status PartWriter::MoveSection(Part::SectionName name, SpillBuffer& buffer) {
  IOLITE_RETURN_IF_ERROR(out_.Align());
  part_.sections[name] = {out_.offset(), buffer.size()};
  return buffer.MoveTo([this](std::string_view bytes) { return out_.Write(bytes); });
}

Result<Part> PartWriter::Finish(std::span<const uint32_t> lengths) {
  IOLITE_RETURN_IF_ERROR(WriteList(list_));
  IOLITE_RETURN_IF_ERROR(MoveSection(Part::kPositions, positions_));
  IOLITE_RETURN_IF_ERROR(MoveSection(Part::kTerms, terms_));
  IOLITE_RETURN_IF_ERROR(WriteSection(Part::kTermIndex, index_));
  auto as_bytes = [](const std::vector<uint32_t>& values) {
    return std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * 4);
  };
  IOLITE_RETURN_IF_ERROR(WriteSection(Part::kLengths, as_bytes(lengths_.distinct())));
  IOLITE_RETURN_IF_ERROR(WriteSection(Part::kLengthCodes, lengths_.Codes(lengths)));
  IOLITE_RETURN_IF_ERROR(WriteSection(Part::kBounds, as_bytes(lengths_.bounds())));
  part_.rows_with_text = lengths_.rows_with_text();
  part_.length_total = lengths_.total();
  return part_;
}

}  // namespace iolite::text::internal
