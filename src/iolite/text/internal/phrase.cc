#include "iolite/text/internal/phrase.h"

#include <algorithm>

#include "iolite/text/internal/varint.h"

namespace iolite::text::internal {
namespace {

using kernels::kBlock;

constexpr uint32_t kRowsPerCheck = 8192;
constexpr uint32_t kEnd = UINT32_MAX;

// Walks through the rows of a list and reads the positions of some.
class PositionList {
 public:
  explicit PositionList(const PostingList& list) : list_(list) {}

  uint64_t df() const { return list_.df(); }
  bool damaged() const { return damaged_; }

  // The first row that is not before `row`, or kEnd.
  uint32_t Seek(uint32_t row) {
    while (place_ < count_ || Open()) {
      if (rows_[count_ - 1] < row) {
        place_ = count_;
        continue;
      }
      const auto* found = std::lower_bound(rows_ + place_, rows_ + count_, row);
      place_ = static_cast<size_t>(found - rows_);
      return rows_[place_];
    }
    return kEnd;
  }

  // Those of the row that Seek found.
  void Read(std::vector<uint32_t>& positions) {
    positions.clear();
    for (; read_ < place_; ++read_) {
      damaged_ = damaged_ || !SkipVarints(at_, end_, uint64_t{tf_bases_[read_]} + 1);
    }
    const uint8_t* at = at_;
    uint32_t position = 0;
    for (uint64_t i = 0; i <= tf_bases_[place_] && !damaged_; ++i) {
      uint32_t step = 0;
      damaged_ = !GetVarint(at, end_, step);
      positions.push_back(position += step);
    }
  }

 private:
  // The next block that may have rows from here on.
  bool Open() {
    if (damaged_ || block_ == list_.block_count()) return false;
    damaged_ = !list_.Unpack(block_, rows_, tf_bases_);
    if (damaged_) return false;
    const std::string_view bytes = list_.positions_from(block_);
    at_ = reinterpret_cast<const uint8_t*>(bytes.data());
    end_ = at_ + bytes.size();
    count_ = list_.rows_in(block_++);
    place_ = read_ = 0;
    return true;
  }

  const PostingList list_;
  bool damaged_ = false;
  size_t block_ = 0, count_ = 0, place_ = 0;
  size_t read_ = 0;  // of the block, how many rows' positions lie before at_
  const uint8_t *at_ = nullptr, *end_ = nullptr;
  uint32_t rows_[kBlock], tf_bases_[kBlock];
};

bool TakesOneTwice(std::span<const std::vector<uint32_t>> positions,
                   std::span<const size_t> places) {
  for (size_t i = 0; i < places.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (positions[i][places[i]] == positions[j][places[j]]) return true;
    }
  }
  return false;
}

}  // namespace

void ForEachPhrase(
    std::span<const std::vector<uint32_t>> positions, std::span<const uint32_t> offsets,
    int32_t slop, const std::function<void(std::span<const size_t> places, int64_t moves)>& visit) {
  std::vector<size_t> places(positions.size());
  auto start = [&](size_t i) {
    return static_cast<int64_t>(positions[i][places[i]]) - static_cast<int64_t>(offsets[i]);
  };
  for (;;) {
    size_t least = 0;
    int64_t most = INT64_MIN;
    for (size_t i = 0; i < places.size(); ++i) {
      if (places[i] == positions[i].size()) return;
      if (start(i) < start(least)) least = i;
      most = std::max(most, start(i));
    }
    const int64_t moves = most - start(least);
    if (moves <= slop && (moves == 0 || !TakesOneTwice(positions, places))) visit(places, moves);
    ++places[least];
  }
}

float CountPhrase(std::span<const std::vector<uint32_t>> positions,
                  std::span<const uint32_t> offsets, int32_t slop) {
  float count = 0;
  ForEachPhrase(positions, offsets, slop, [&](std::span<const size_t>, int64_t moves) {
    count += 1.0f / (1.0f + static_cast<float>(moves));
  });
  return count;
}

Result<std::vector<PhraseRow>> FindPhrase(const RequestContext& context, const PartReader& part,
                                          std::span<const TermEntry> entries,
                                          std::span<const uint32_t> offsets, int32_t slop) {
  std::vector<PositionList> lists;
  for (const TermEntry& entry : entries) {
    IOLITE_ASSIGN_OR_RETURN(auto list, part.Open(entry, true));
    lists.emplace_back(list);
  }
  const auto lead = std::min_element(lists.begin(), lists.end(),
                                     [](const auto& a, const auto& b) { return a.df() < b.df(); });
  std::vector<std::vector<uint32_t>> positions(lists.size());
  std::vector<PhraseRow> found;
  uint32_t rows = 0;
  for (uint32_t row = lead->Seek(0); row != kEnd;) {
    if (rows++ % kRowsPerCheck == 0) IOLITE_RETURN_IF_ERROR(context.Check());
    uint32_t at = row;
    for (auto list = lists.begin(); list != lists.end() && at == row; ++list) at = list->Seek(row);
    if (at == kEnd) break;
    if (at == row) {
      for (size_t i = 0; i < lists.size(); ++i) lists[i].Read(positions[i]);
      const float count = CountPhrase(positions, offsets, slop);
      if (count > 0) found.push_back({row, count});
      ++at;
    }
    row = lead->Seek(at);
  }
  for (const PositionList& list : lists) {
    if (list.damaged()) return DataLoss("The text index is damaged: a list cannot be read");
  }
  return found;
}

}  // namespace iolite::text::internal
