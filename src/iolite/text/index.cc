#include "iolite/text/index.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "iolite/text/internal/evaluation.h"
#include "iolite/text/internal/file_source.h"
#include "iolite/text/internal/file_writer.h"
#include "iolite/text/internal/mapped_index.h"
#include "iolite/text/internal/plan.h"

namespace iolite::text {
namespace {

using internal::Evaluation;
using internal::MappedIndex;
using internal::Norms;
using internal::PlanNode;

class MappedTextIndex final : public TextIndex {
 public:
  MappedTextIndex(std::string_view bytes, TextIndexOpenOptions options,
                  std::unique_ptr<const MappedIndex> index,
                  std::shared_ptr<const Analyzer> analyzer)
      : options_(std::move(options)),
        bytes_(bytes),
        index_(std::move(index)),
        analyzer_(std::move(analyzer)),
        norms_(index_->directory().part_count()) {
    const auto& directory = index_->directory();
    for (const auto& field : directory.fields) {
      fields_.push_back({field.name, static_cast<double>(field.weight) / directory.unit});
    }
  }

  Result<size_t> Search(const RequestContext& context, const TextSearch& request,
                        std::span<TextHit> out) const override {
    IOLITE_RETURN_IF_ERROR(CheckRequest(context, request));
    const size_t k = std::min<size_t>(request.k, static_cast<size_t>(row_count()));
    if (out.size() < k) {
      return InvalidArgument("There is room for {} hits, and {} are asked for", out.size(), k);
    }
    if (k == 0) return size_t{0};
    const auto target = Target();
    IOLITE_ASSIGN_OR_RETURN(auto plan, internal::MakePlan(target.plan_target, *request.query));
    IOLITE_ASSIGN_OR_RETURN(auto evaluation,
                            Evaluation::Make(context, target, std::move(plan), request));
    internal::RowSink sink(k);
    IOLITE_RETURN_IF_ERROR(evaluation.Run(sink, request.stats));
    const auto& rows = sink.Sorted();
    for (size_t i = 0; i < rows.size(); ++i) {
      out[i] = {rows[i].row, rows[i].score * evaluation.unit_score()};
    }
    return rows.size();
  }

  Result<TextStatistics> Statistics(const RequestContext& context,
                                    const TextQuery& query) const override {
    IOLITE_RETURN_IF_ERROR(context.Check());
    const auto target = Target();
    IOLITE_ASSIGN_OR_RETURN(const auto plan, internal::MakePlan(target.plan_target, query));
    return internal::CollectStatistics(context, target, plan);
  }

  Result<TextExplanation> Explain(const RequestContext& context, const TextSearch& request,
                                  uint32_t row) const override {
    IOLITE_RETURN_IF_ERROR(CheckRequest(context, request));
    if (row >= row_count()) {
      return OutOfRange("There is no row {}: the index has {}", row, row_count());
    }
    const auto target = Target();
    IOLITE_ASSIGN_OR_RETURN(auto plan, internal::MakePlan(target.plan_target, *request.query));
    IOLITE_ASSIGN_OR_RETURN(auto evaluation,
                            Evaluation::Make(context, target, std::move(plan), request));
    return evaluation.Explain(row);
  }

  const std::shared_ptr<const Analyzer>& analyzer() const override { return analyzer_; }
  const std::vector<TextField>& fields() const override { return fields_; }
  bool has_positions() const override { return index_->directory().has_positions; }
  int64_t row_count() const override { return index_->directory().row_count; }
  int64_t mapped_bytes() const override { return static_cast<int64_t>(bytes_.size()); }

  Result<uint64_t> TermCount(std::string_view field) const override {
    if (field.empty()) return index_->part(plan_target_.whole()).dictionary().term_count();
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i].name == field) return index_->part(i).dictionary().term_count();
    }
    return InvalidArgument("There is no field '{}' in this index", field);
  }

  Status Verify(const RequestContext& context) const override { return index_->Verify(context); }
  const MappedIndex& mapped() const { return *index_; }

 private:
  struct KeptNorms {
    Bm25 bm25;
    double average = -1;
    std::shared_ptr<const Norms> norms;
  };

  static Status CheckRequest(const RequestContext& context, const TextSearch& request) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    if (request.query == nullptr) return InvalidArgument("A text search needs a query");
    const auto [k1, b] = request.bm25;
    if (std::isfinite(k1) && k1 >= 0 && k1 <= 1000 && b >= 0 && b <= 1) return Status::Ok();
    return InvalidArgument("BM25's k1 is 0 to 1,000 and b 0 to 1, not {} and {}", k1, b);
  }

  internal::EvaluationTarget Target() const {
    return {*index_, plan_target_, [this](size_t part, const Bm25& bm25, double average) {
              return NormsOf(part, bm25, average);
            }};
  }

  Result<std::shared_ptr<const Norms>> NormsOf(size_t part, const Bm25& bm25,
                                               double average) const {
    std::lock_guard lock(norms_mutex_);
    KeptNorms& kept = norms_[part];
    if (kept.norms == nullptr || kept.average != average || kept.bm25.k1 != bm25.k1 ||
        kept.bm25.b != bm25.b) {
      const auto& directory = index_->directory();
      const double unit = part == directory.fields.size() ? directory.unit : 1;
      IOLITE_ASSIGN_OR_RETURN(auto made,
                              internal::MakeNorms(index_->part(part), bm25, unit, average));
      kept = {bm25, average, std::move(made)};
    }
    return kept.norms;
  }

  const TextIndexOpenOptions options_;
  const std::string_view bytes_;
  const std::unique_ptr<const MappedIndex> index_;
  const std::shared_ptr<const Analyzer> analyzer_;
  std::vector<TextField> fields_;
  const internal::PlanTarget plan_target_{*analyzer_, fields_, index_->directory().has_positions};
  mutable std::mutex norms_mutex_;
  mutable std::vector<KeptNorms> norms_;  // guarded by norms_mutex_
};

// ---- merging ----------------------------------------------------------------------------------

struct Merge {
  std::vector<const MappedIndex*> indexes;
  std::vector<std::vector<uint32_t>> lengths;  // by field and row
};

Status CheckInputs(std::span<const MergeInput> inputs) {
  if (inputs.empty()) return InvalidArgument("There is no text index to merge");
  const TextIndex& first = *inputs[0].index;
  for (const MergeInput& input : inputs) {
    const TextIndex& index = *input.index;
    bool same = index.analyzer()->options() == first.analyzer()->options() &&
                index.has_positions() == first.has_positions() &&
                index.fields().size() == first.fields().size();
    for (size_t i = 0; same && i < first.fields().size(); ++i) {
      same = index.fields()[i].name == first.fields()[i].name;
    }
    if (!same) {
      return InvalidArgument("Text indexes with other fields or another analyzer cannot be merged");
    }
    if (input.rows.size() != static_cast<size_t>(index.row_count())) {
      return InvalidArgument("An index of {} rows needs as many new row numbers, not {}",
                             index.row_count(), input.rows.size());
    }
  }
  return Status::Ok();
}

// New lengths, and proof that no row is given twice.
Status MoveLengths(const MergeInput& input, const MappedIndex& index, std::vector<bool>& taken,
                   std::vector<std::vector<uint32_t>>& lengths) {
  for (size_t field = 0; field < lengths.size(); ++field) {
    const internal::PartReader& part = index.part(field);
    IOLITE_RETURN_IF_ERROR(part.NeedLengths());
    for (uint32_t row = 0; row < input.rows.size(); ++row) {
      const uint32_t moved = input.rows[row];
      if (moved == MergeInput::kGone) continue;
      if (moved >= taken.size() || (field == 0 && taken[moved])) {
        return InvalidArgument("The new row number {} is given twice, or not below {}", moved,
                               taken.size());
      }
      taken[moved] = true;
      lengths[field][moved] = part.length(part.code(row));
    }
  }
  return Status::Ok();
}

}  // namespace

Status MergeTextIndexes(const RequestContext& context, std::span<const MergeInput> inputs,
                        const MergeOptions& options, const TextIndexBuilder::WriteFunction& write) {
  IOLITE_RETURN_IF_ERROR(CheckInputs(inputs));
  const auto mapped = [&](size_t i) -> const MappedIndex& {
    return static_cast<const MappedTextIndex*>(inputs[i].index)->mapped();
  };
  const internal::Directory& directory = mapped(0).directory();
  const size_t field_count = directory.fields.size();
  const auto row_bytes = static_cast<int64_t>(options.row_count) * 12;
  IOLITE_ASSIGN_OR_RETURN(const auto reservation,
                          options.budget->Reserve(row_bytes * static_cast<int64_t>(field_count)));
  std::vector<std::vector<uint32_t>> lengths(field_count, std::vector<uint32_t>(options.row_count));
  std::vector<bool> taken(options.row_count);
  for (size_t i = 0; i < inputs.size(); ++i) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    IOLITE_RETURN_IF_ERROR(MoveLengths(inputs[i], mapped(i), taken, lengths));
  }
  internal::SpillArea area(options.spill.store, options.spill.prefix);
  internal::FileInput input{.analyzer = directory.analyzer,
                            .positions = directory.has_positions,
                            .unit = directory.unit,
                            .fields = directory.fields,
                            .lengths = lengths,
                            .source_count = inputs.size()};
  input.open = [&](size_t source, size_t field) {
    return internal::OpenFileSource(mapped(source).part(field), directory.has_positions,
                                    inputs[source].rows);
  };
  return internal::WriteIndexFile(context, input, area, *options.budget, write);
}

void TextStatistics::Add(const TextStatistics& other) {
  for (const auto& [name, field] : other.fields) {
    fields[name].rows += field.rows;
    fields[name].length += field.length;
  }
  for (const auto& [term, count] : other.row_counts) row_counts[term] += count;
  for (const auto& [asked, terms] : other.expansions) {
    expansions[asked].insert(terms.begin(), terms.end());
  }
}

Result<std::vector<std::vector<TextHit>>> TextIndex::SearchBatch(const RequestContext& context,
                                                                 Executor& executor,
                                                                 std::span<const TextQuery> queries,
                                                                 const TextSearch& request) const {
  std::vector<std::vector<TextHit>> answers(queries.size());
  const size_t k = std::min<size_t>(request.k, static_cast<size_t>(row_count()));
  IOLITE_RETURN_IF_ERROR(executor.ParallelFor(context, queries.size(), [&](size_t i) -> Status {
    TextSearch one = request;
    one.query = &queries[i];
    one.stats = nullptr;
    answers[i].resize(k);
    IOLITE_ASSIGN_OR_RETURN(const size_t count, Search(context, one, answers[i]));
    answers[i].resize(count);
    return Status::Ok();
  }));
  return answers;
}

Result<std::unique_ptr<const TextIndex>> TextIndex::Open(std::string_view bytes,
                                                         TextIndexOpenOptions options) {
  IOLITE_ASSIGN_OR_RETURN(auto index, MappedIndex::Open(bytes));
  IOLITE_ASSIGN_OR_RETURN(const auto analyzer_options, ParseAnalyzer(index->directory().analyzer));
  IOLITE_ASSIGN_OR_RETURN(auto analyzer, Analyzer::Make(analyzer_options));
  return std::make_unique<const MappedTextIndex>(bytes, std::move(options), std::move(index),
                                                 std::move(analyzer));
}

}  // namespace iolite::text
