#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/text/index.h"
#include "iolite/text/internal/mapped_index.h"
#include "iolite/text/internal/norms.h"
#include "iolite/text/internal/phrase.h"
#include "iolite/text/internal/plan.h"
#include "iolite/text/internal/ways.h"

namespace iolite::text::internal {

/// What an evaluation needs of its index.
struct EvaluationTarget {
  const MappedIndex& index;
  const PlanTarget& plan_target;
  /// Norms of a part by average length, kept between searches.
  std::function<Result<std::shared_ptr<const Norms>>(size_t part, const Bm25&, double average)>
      norms;
};

/// What the index says of a plan's terms.
Result<TextStatistics> CollectStatistics(const RequestContext& context,
                                         const EvaluationTarget& target, const PlanNode& plan);

/// One query on its way through one index.
///
/// Threads: one.
class Evaluation {
 public:
  /// Looks up the terms, and weighs them.
  static Result<Evaluation> Make(const RequestContext& context, const EvaluationTarget& target,
                                 PlanNode plan, const TextSearch& request);

  /// Offers the rows that match, to the best of what `request` asks.
  Status Run(RowSink& sink, TextSearchStats* stats);
  Result<TextExplanation> Explain(uint32_t row);
  /// What a score in whole numbers is worth.
  double unit_score() const { return 1 / scale_; }

 private:
  struct Term {
    TermEntry entry;
    int32_t distance = 0;
  };
  // A term, a phrase or an expansion: what this index has of it, and what all have.
  struct Leaf {
    std::vector<Term> terms;  // of a phrase, one for each word
    bool missing = false;     // a term, or a word of a phrase, that is not here
    uint64_t df = 0, row_count = 0;
    double idf = 0, average_length = 0;
    std::shared_ptr<const Norms> norms;
  };
  // Rows and weighted occurrences of what is put together in memory.
  struct Rows {
    std::vector<uint32_t> rows;
    std::vector<float> tfs;
  };

  Evaluation(const RequestContext& context, const EvaluationTarget& target,
             const TextSearch& request)
      : context_(context), target_(target), request_(request) {}

  Status Bind(PlanNode& node, bool scored);
  Status BindLeaf(const PlanNode& node, Leaf& leaf);
  Status BindExpansion(const PlanNode& node, Leaf& leaf);
  Status BindTerms(const PlanNode& node, Leaf& leaf);
  uint64_t GlobalDf(const PlanNode& node, const std::string& term, uint64_t here) const;
  float WeightOf(const PlanNode& node) const;

  Result<Rows> PhraseRows(const PlanNode& node) const;
  Result<Rows> ExpansionRows(const PlanNode& node) const;
  Result<std::unique_ptr<ScoredList>> MakeList(const PlanNode& node);
  Result<std::unique_ptr<ScoredList>> MakeLeafList(const PlanNode& node);
  Status RunBoolean(const PlanNode& node, bool top, RowSink& sink);
  Result<std::vector<uint64_t>> WithoutExcluded(const PlanNode& node, bool* filtered);
  Status KeepMemory(size_t bytes);
  bool FewMayAppear(const ScoredLists& should, uint64_t allowed) const;
  void Count(const ScoredLists& lists);

  Result<bool> ExplainNode(const PlanNode& node, uint32_t row, TextExplanation& out);
  Result<bool> ExplainLeaf(const PlanNode& node, uint32_t row, TextExplanation& out);
  Result<float> TfIn(const PlanNode& node, uint32_t row) const;

  const RequestContext context_;
  const EvaluationTarget& target_;
  const TextSearch request_;
  PlanNode plan_;
  std::vector<Leaf> leaves_;
  double scale_ = 1;               // whole numbers for a score of 1
  std::vector<uint64_t> allowed_;  // words, where some rows may not appear
  bool filtered_ = false;
  uint64_t allowed_count_ = 0;
  std::vector<Reservation> reservations_;
  TextSearchStats stats_;
};

}  // namespace iolite::text::internal
