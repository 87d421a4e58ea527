#include "iolite/text/index_builder.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>

#include "iolite/text/internal/fields.h"
#include "iolite/text/internal/file_source.h"
#include "iolite/text/internal/file_writer.h"
#include "iolite/text/internal/inverter.h"
#include "iolite/text/internal/mapped_index.h"

namespace iolite::text {
namespace {

using internal::Inverter;
using internal::MappedIndex;
using internal::TermSource;

constexpr uint32_t kRowsMax = UINT32_MAX - 1;
// Texts analyzed between two looks at memory, in bytes for each thread.
constexpr size_t kRoundBytes = size_t{4} << 20;
// Below this a thread costs more than it brings.
constexpr size_t kSliceBytes = size_t{32} << 10;
constexpr size_t kBatchWordsMin = size_t{1} << 12, kBatchWordsMax = size_t{1} << 19;

// Lists that were put aside: an index file of all rows so far.
struct Run {
  std::shared_ptr<const storage::MappedObject> object;
  std::unique_ptr<const MappedIndex> index;
};

class StoredTextIndexBuilder final : public TextIndexBuilder {
 public:
  StoredTextIndexBuilder(const TextIndexBuildOptions& options,
                         std::shared_ptr<const Analyzer> analyzer, internal::FieldWeights weights)
      : options_(options),
        executor_(options.executor != nullptr ? *options.executor : Executor::Inline()),
        analyzer_(std::move(analyzer)),
        weights_(std::move(weights)),
        area_(options.spill.store, options.spill.prefix),
        lengths_(weights_.fields.size()),
        inverters_(std::max<size_t>(1, executor_.thread_count())) {}

  Status Add(const RequestContext& context, std::span<const std::string_view> texts) override;
  Status Finish(const RequestContext& context, const WriteFunction& write) override;
  int64_t row_count() const override { return static_cast<int64_t>(lengths_[0].size()); }
  int64_t memory_bytes() const override { return ListBytes() + LengthBytes(); }

 private:
  size_t field_count() const { return weights_.fields.size(); }
  Status Check(std::span<const std::string_view> texts) const;
  Status AddRound(const RequestContext& context, std::span<const std::string_view> texts,
                  size_t bytes);
  void AddSlice(size_t slice, std::span<const std::string_view> texts, uint32_t first_row);
  int64_t ListBytes() const;
  int64_t LengthBytes() const;
  Status KeepInBounds(const RequestContext& context);
  Status Spill(const RequestContext& context);
  void FinishInverters();
  Status WriteFile(const RequestContext& context, const WriteFunction& write, bool runs);

  const TextIndexBuildOptions options_;
  Executor& executor_;
  const std::shared_ptr<const Analyzer> analyzer_;
  const internal::FieldWeights weights_;
  internal::SpillArea area_;
  std::vector<std::vector<uint32_t>> lengths_;        // by field and row
  std::vector<std::unique_ptr<Inverter>> inverters_;  // one for each thread, made when needed
  std::vector<Run> runs_;
  Reservation lists_reservation_, lengths_reservation_;
  bool spent_ = false;
};

Status StoredTextIndexBuilder::Check(std::span<const std::string_view> texts) const {
  if (spent_) return FailedPrecondition("The index builder has finished: make another one");
  if (texts.size() % field_count() != 0) {
    return InvalidArgument("A row has {} texts, and {} do not make whole rows", field_count(),
                           texts.size());
  }
  if (texts.size() / field_count() > kRowsMax - lengths_[0].size()) {
    return InvalidArgument("A text index takes at most {} rows", kRowsMax);
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].size() <= Analyzer::kTextBytesMax) continue;
    return InvalidArgument(
        "The text '{}' of row {} has {} bytes: at most {}", weights_.fields[i % field_count()].name,
        lengths_[0].size() + i / field_count(), texts[i].size(), Analyzer::kTextBytesMax);
  }
  return Status::Ok();
}

Status StoredTextIndexBuilder::Add(const RequestContext& context,
                                   std::span<const std::string_view> texts) {
  IOLITE_RETURN_IF_ERROR(Check(texts));
  const size_t round_bytes =
      std::min<size_t>(kRoundBytes, 1 + static_cast<size_t>(options_.memory_bytes_max) / 16) *
      inverters_.size();
  try {
    for (size_t begin = 0; begin < texts.size();) {
      size_t end = begin, bytes = 0;
      while (end < texts.size() && bytes < round_bytes) {
        for (size_t field = 0; field < field_count(); ++field) bytes += texts[end++].size();
      }
      Status status = AddRound(context, texts.subspan(begin, end - begin), bytes);
      if (!status.ok()) spent_ = true;
      IOLITE_RETURN_IF_ERROR(status);
      begin = end;
    }
  } catch (const std::bad_alloc&) {
    spent_ = true;
    return ResourceExhausted("No memory for the lists of a text index after {} rows", row_count());
  }
  return Status::Ok();
}

Status StoredTextIndexBuilder::AddRound(const RequestContext& context,
                                        std::span<const std::string_view> texts, size_t bytes) {
  IOLITE_RETURN_IF_ERROR(context.Check());
  const size_t rows = texts.size() / field_count(), first = lengths_[0].size();
  for (auto& lengths : lengths_) lengths.resize(first + rows);
  // Slices of about equal bytes; each thread has its own inverter, whose rows ascend.
  const size_t slices = std::clamp<size_t>(bytes / kSliceBytes, 1, inverters_.size());
  std::vector<size_t> bounds = {0};
  size_t row = 0, seen = 0;
  for (size_t slice = 1; slice <= slices; ++slice) {
    for (; row < rows && (slice == slices || seen * slices < bytes * slice); ++row) {
      for (size_t f = 0; f < field_count(); ++f) seen += texts[row * field_count() + f].size();
    }
    bounds.push_back(row);
  }
  IOLITE_RETURN_IF_ERROR(executor_.ParallelFor(context, slices, [&](size_t slice) {
    const size_t begin = bounds[slice], count = bounds[slice + 1] - begin;
    AddSlice(slice, texts.subspan(begin * field_count(), count * field_count()),
             static_cast<uint32_t>(first + begin));
    return Status::Ok();
  }));
  if (options_.progress) options_.progress({row_count(), 0});
  return KeepInBounds(context);
}

void StoredTextIndexBuilder::AddSlice(size_t slice, std::span<const std::string_view> texts,
                                      uint32_t first_row) {
  if (!inverters_[slice]) {
    const auto words = static_cast<size_t>(options_.memory_bytes_max) / (64 * inverters_.size());
    inverters_[slice] =
        std::make_unique<Inverter>(analyzer_, field_count(), options_.positions,
                                   std::clamp(words, kBatchWordsMin, kBatchWordsMax));
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    const size_t field = i % field_count();
    const auto row = static_cast<uint32_t>(first_row + i / field_count());
    lengths_[field][row] = inverters_[slice]->Add(field, row, texts[i]);
  }
}

int64_t StoredTextIndexBuilder::ListBytes() const {
  int64_t bytes = 0;
  for (const auto& inverter : inverters_) bytes += inverter ? inverter->memory_bytes() : 0;
  return bytes;
}

int64_t StoredTextIndexBuilder::LengthBytes() const {
  return static_cast<int64_t>(lengths_[0].capacity() * sizeof(uint32_t) * field_count());
}

Status StoredTextIndexBuilder::KeepInBounds(const RequestContext& context) {
  if (LengthBytes() > lengths_reservation_.bytes()) {
    lengths_reservation_.Release();
    IOLITE_ASSIGN_OR_RETURN(lengths_reservation_, options_.budget->Reserve(LengthBytes()));
  }
  const int64_t bytes = ListBytes();
  Status full;
  if (bytes > options_.memory_bytes_max) {
    full = ResourceExhausted(
        "The lists of a text index take {} bytes, memory_bytes_max is {}: give it a place to put "
        "them aside",
        bytes, options_.memory_bytes_max);
  } else if (bytes > lists_reservation_.bytes()) {
    // Some more than is needed, so that this is rare.
    const int64_t wanted = std::min(bytes + bytes / 4, options_.memory_bytes_max);
    lists_reservation_.Release();
    auto reservation = options_.budget->Reserve(wanted);
    full = reservation.status();
    if (reservation.ok()) lists_reservation_ = std::move(*reservation);
  }
  if (full.ok() || !area_.usable()) return full;
  return Spill(context);
}

void StoredTextIndexBuilder::FinishInverters() {
  std::erase(inverters_, nullptr);
  (void)executor_.ParallelFor(RequestContext{}, inverters_.size(), [&](size_t i) {
    inverters_[i]->Finish();
    return Status::Ok();
  });
}

Status StoredTextIndexBuilder::Spill(const RequestContext& context) {
  const size_t threads = inverters_.size();
  FinishInverters();
  std::string path;
  IOLITE_ASSIGN_OR_RETURN(auto writer, area_.Write(&path));
  IOLITE_RETURN_IF_ERROR(WriteFile(
      context, [&](std::string_view bytes) { return writer->Append(bytes); }, false));
  IOLITE_RETURN_IF_ERROR(writer->Seal().status());
  inverters_.clear();
  inverters_.resize(threads);
  lists_reservation_.Release();
  Run run;
  IOLITE_ASSIGN_OR_RETURN(run.object, area_.store().Map(path));
  IOLITE_ASSIGN_OR_RETURN(run.index, MappedIndex::Open(run.object->bytes()));
  runs_.push_back(std::move(run));
  return Status::Ok();
}

Status StoredTextIndexBuilder::WriteFile(const RequestContext& context, const WriteFunction& write,
                                         bool runs) {
  const size_t run_count = runs ? runs_.size() : 0;
  internal::FileInput input{.analyzer = FormatAnalyzer(options_.analyzer),
                            .positions = options_.positions,
                            .unit = weights_.unit,
                            .fields = weights_.fields,
                            .lengths = lengths_,
                            .source_count = run_count + inverters_.size()};
  input.open = [&](size_t source, size_t field) -> std::unique_ptr<TermSource> {
    if (source >= run_count) return inverters_[source - run_count]->Open(field);
    return internal::OpenFileSource(runs_[source].index->part(field), options_.positions, {});
  };
  return internal::WriteIndexFile(context, input, area_, *options_.budget, write);
}

Status StoredTextIndexBuilder::Finish(const RequestContext& context, const WriteFunction& write) {
  if (spent_) return FailedPrecondition("The index builder has finished: make another one");
  spent_ = true;
  try {
    FinishInverters();
    return WriteFile(context, write, true);
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("No memory to write a text index of {} rows", row_count());
  }
}

}  // namespace

Result<std::unique_ptr<TextIndexBuilder>> TextIndexBuilder::Make(
    const TextIndexBuildOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(auto analyzer, Analyzer::Make(options.analyzer));
  IOLITE_ASSIGN_OR_RETURN(auto weights, internal::WeighFields(options.fields));
  if (options.memory_bytes_max <= 0) {
    return InvalidArgument("memory_bytes_max must be above 0, it is {}", options.memory_bytes_max);
  }
  return std::make_unique<StoredTextIndexBuilder>(options, std::move(analyzer), std::move(weights));
}

Result<std::string> TextIndexBuilder::FinishInMemory(const RequestContext& context) {
  std::string bytes;
  IOLITE_RETURN_IF_ERROR(Finish(context, [&bytes](std::string_view piece) {
    bytes += piece;
    return Status::Ok();
  }));
  return bytes;
}

}  // namespace iolite::text
