#include "iolite/text/internal/file_writer.h"

#include <algorithm>

#include "iolite/base/hash.h"
#include "iolite/text/internal/lengths.h"
#include "iolite/text/internal/part_writer.h"

namespace iolite::text::internal {
namespace {

// Terms between two looks at whether to go on.
constexpr uint64_t kTermsPerCheck = 256;

struct WeightedSource {
  std::unique_ptr<TermSource> source;
  uint32_t weight = 1;  // units of an occurrence
};

// The list of the same term in several sources, as one: rows ascend, and what several sources say
// of a row is added up.
class JoinedList {
 public:
  JoinedList(std::span<WeightedSource> sources, const std::vector<size_t>& group) {
    for (const size_t source : group) Advance(sources[source]);
    std::make_heap(heads_.begin(), heads_.end(), Later);
  }

  bool Next(Posting& posting) {
    if (pending_ != nullptr) Advance(*pending_);
    pending_ = nullptr;
    if (heads_.empty()) return false;
    std::pop_heap(heads_.begin(), heads_.end(), Later);
    posting = heads_.back().posting;
    pending_ = heads_.back().source;
    heads_.pop_back();
    return true;
  }

 private:
  struct Head {
    Posting posting;
    WeightedSource* source;
  };
  static bool Later(const Head& a, const Head& b) { return a.posting.row > b.posting.row; }
  void Advance(WeightedSource& source) {
    Head head{{}, &source};
    if (!source.source->NextPosting(head.posting)) return;
    head.posting.tf *= source.weight;
    heads_.push_back(head);
    std::push_heap(heads_.begin(), heads_.end(), Later);
  }

  std::vector<Head> heads_;
  WeightedSource* pending_ = nullptr;
};

Status WriteJoined(std::span<WeightedSource> sources, const std::vector<size_t>& group,
                   PartWriter& writer) {
  JoinedList list(sources, group);
  Posting row, next;
  bool open = false;
  while (list.Next(next)) {
    if (open && next.row == row.row) {
      row.tf += next.tf;  // of another field: without positions
      continue;
    }
    if (open) IOLITE_RETURN_IF_ERROR(writer.Add(row));
    row = next;
    open = true;
    // The source's own memory of positions lasts until it is asked again, so they are written now.
    if (!row.positions.empty()) {
      IOLITE_RETURN_IF_ERROR(writer.Add(row));
      open = false;
    }
  }
  return open ? writer.Add(row) : Status::Ok();
}

Status WriteGroup(std::span<WeightedSource> sources, const std::vector<size_t>& group,
                  PartWriter& writer) {
  writer.BeginTerm(sources[group[0]].source->term());
  if (group.size() > 1) {
    IOLITE_RETURN_IF_ERROR(WriteJoined(sources, group, writer));
  } else {
    const WeightedSource& only = sources[group[0]];
    for (Posting posting; only.source->NextPosting(posting);) {
      posting.tf *= only.weight;
      IOLITE_RETURN_IF_ERROR(writer.Add(posting));
    }
  }
  return writer.EndTerm();
}

// Merges the terms of all sources into one part.
Status WriteTerms(const RequestContext& context, std::span<WeightedSource> sources,
                  PartWriter& writer) {
  auto later = [&](size_t a, size_t b) {
    const int order = sources[a].source->term().compare(sources[b].source->term());
    return order != 0 ? order > 0 : a > b;
  };
  std::vector<size_t> heap, group;
  auto advance = [&](size_t source) -> Status {
    if (!sources[source].source->NextTerm()) return sources[source].source->status();
    heap.push_back(source);
    std::push_heap(heap.begin(), heap.end(), later);
    return Status::Ok();
  };
  for (size_t i = 0; i < sources.size(); ++i) IOLITE_RETURN_IF_ERROR(advance(i));
  for (uint64_t terms = 0; !heap.empty(); ++terms) {
    if (terms % kTermsPerCheck == 0) IOLITE_RETURN_IF_ERROR(context.Check());
    group.clear();
    do {
      std::pop_heap(heap.begin(), heap.end(), later);
      group.push_back(heap.back());
      heap.pop_back();
    } while (!heap.empty() &&
             sources[heap.front()].source->term() == sources[group[0]].source->term());
    IOLITE_RETURN_IF_ERROR(WriteGroup(sources, group, writer));
    for (const size_t source : group) {
      IOLITE_RETURN_IF_ERROR(sources[source].source->status());
      IOLITE_RETURN_IF_ERROR(advance(source));
    }
  }
  return Status::Ok();
}

// The part of one field, or that of all fields together.
class PartJob {
 public:
  PartJob(const FileInput& input, size_t part) : input_(input), part_(part) {}

  Result<Part> Write(const RequestContext& context, SummedOutput& out, SpillArea& area,
                     Budget& budget) {
    const bool joined = part_ == input_.fields.size();
    std::vector<uint32_t> sums;
    if (joined) {
      IOLITE_ASSIGN_OR_RETURN(sums, SumLengths());
    }
    const std::vector<uint32_t>& lengths = joined ? sums : input_.lengths[part_];
    const LengthTable table(lengths);
    PartWriter writer(out, area, budget, table);
    IOLITE_RETURN_IF_ERROR(writer.Begin());
    std::vector<WeightedSource> sources;
    for (size_t source = 0; source < input_.source_count; ++source) {
      for (size_t field = 0; field < input_.fields.size(); ++field) {
        if (!joined && field != part_) continue;
        const uint32_t weight = joined ? input_.fields[field].weight : 1;
        auto opened = input_.open(source, field);
        if (joined) opened = std::make_unique<WithoutPositions>(std::move(opened));
        sources.push_back({std::move(opened), weight});
      }
    }
    IOLITE_RETURN_IF_ERROR(WriteTerms(context, sources, writer));
    return writer.Finish(lengths);
  }

 private:
  class WithoutPositions final : public TermSource {
   public:
    explicit WithoutPositions(std::unique_ptr<TermSource> inner) : inner_(std::move(inner)) {}
    bool NextTerm() override { return inner_->NextTerm(); }
    std::string_view term() const override { return inner_->term(); }
    bool NextPosting(Posting& posting) override {
      if (!inner_->NextPosting(posting)) return false;
      posting.positions = {};
      return true;
    }
    Status status() const override { return inner_->status(); }

   private:
    const std::unique_ptr<TermSource> inner_;
  };

  Result<std::vector<uint32_t>> SumLengths() const {
    std::vector<uint32_t> sums(input_.lengths[0].size());
    for (size_t row = 0; row < sums.size(); ++row) {
      uint64_t sum = 0;
      for (size_t field = 0; field < input_.fields.size(); ++field) {
        sum += uint64_t{input_.lengths[field][row]} * input_.fields[field].weight;
      }
      if (sum > UINT32_MAX) {
        return InvalidArgument("The texts of row {} have {} weighted words: at most {}", row, sum,
                               UINT32_MAX);
      }
      sums[row] = static_cast<uint32_t>(sum);
    }
    return sums;
  }

  const FileInput& input_;
  const size_t part_;
};

}  // namespace

Status WriteIndexFile(const RequestContext& context, const FileInput& input, SpillArea& area,
                      Budget& budget, const WriteFunction& write) {
  Directory directory{.analyzer = input.analyzer,
                      .has_positions = input.positions,
                      .row_count = static_cast<uint32_t>(input.lengths[0].size()),
                      .unit = input.unit,
                      .fields = input.fields};
  SummedOutput out(write);
  IOLITE_RETURN_IF_ERROR(out.Write(WriteHeader()));
  for (size_t i = 0; i < directory.part_count(); ++i) {
    PartJob job(input, i);
    IOLITE_ASSIGN_OR_RETURN(auto part, job.Write(context, out, area, budget));
    directory.parts.push_back(part);
  }
  const uint64_t end = out.offset();
  std::string tail = WriteDirectory(directory);
  const auto directory_size = static_cast<uint32_t>(tail.size());
  const std::string sums = out.FinishSums();
  tail += sums;
  const Footer footer{.directory_offset = end,
                      .directory_size = directory_size,
                      .extent_count = static_cast<uint32_t>(sums.size() / 4),
                      .checksum = Crc32c(tail)};
  return write(tail + WriteFooter(footer));
}

}  // namespace iolite::text::internal
