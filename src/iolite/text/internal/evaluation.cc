#include "iolite/text/internal/evaluation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "iolite/text/internal/edits.h"

namespace iolite::text::internal {
namespace {

using Kind = PlanNode::Kind;
using Occur = QueryNode::Occur;

constexpr size_t kExpansionMax = 65536;
// All scores of a query together stay below 2^30, with some room for rounding.
constexpr double kScoreSumMax = (1 << 30) - (1 << 16);
// What it costs to look a row up in a list, and to read one, in the same unit.
constexpr uint64_t kLookUpCost = 24;

// The terms that an expansion stands for here.
Status ForEachExpansion(const RequestContext& context, const MappedIndex& index,
                        const PlanNode& node, const VisitTerm& visit) {
  const Dictionary& dictionary = index.part(node.part).dictionary();
  size_t count = 0;
  const VisitTerm counted = [&](const std::string& term, const TermEntry& entry, int32_t edits) {
    if (++count > kExpansionMax) {
      return InvalidArgument("'{}' stands for more than {} terms: write more of the word",
                             node.Text(), kExpansionMax);
    }
    return visit(term, entry, edits);
  };
  if (node.is_prefix) return ForEachPrefixed(context, dictionary, node.terms[0], counted);
  return ForEachNear(context, dictionary, node.terms[0], node.distance, counted);
}

double IdfOf(uint64_t df, uint64_t row_count) {
  const auto present = static_cast<double>(df), rows = static_cast<double>(row_count);
  return std::log(1 + (rows - present + 0.5) / (present + 0.5));
}

Status AddStatistics(const RequestContext& context, const EvaluationTarget& target,
                     const PlanNode& node, TextStatistics& statistics) {
  for (const PlanNode& child : node.children) {
    IOLITE_RETURN_IF_ERROR(AddStatistics(context, target, child, statistics));
  }
  if (node.kind == Kind::kNothing || node.kind == Kind::kBoolean) return Status::Ok();
  const std::string name = target.plan_target.PartName(node.part);
  const PartReader& part = target.index.part(node.part);
  statistics.fields[name] = {part.part().rows_with_text, part.part().length_total};
  if (node.kind == Kind::kExpansion) {
    auto& expansion = statistics.expansions[{name, node.Text()}];
    return ForEachExpansion(context, target.index, node,
                            [&](const std::string& term, const TermEntry& entry, int32_t edits) {
                              expansion[term] = edits;
                              statistics.row_counts[{name, term}] = entry.df;
                              return Status::Ok();
                            });
  }
  for (const std::string& term : node.terms) {
    TermEntry entry;
    IOLITE_ASSIGN_OR_RETURN(const bool there, part.dictionary().Find(term, &entry));
    if (there) statistics.row_counts[{name, term}] = entry.df;
  }
  return Status::Ok();
}

}  // namespace

Result<TextStatistics> CollectStatistics(const RequestContext& context,
                                         const EvaluationTarget& target, const PlanNode& plan) {
  TextStatistics statistics;
  IOLITE_RETURN_IF_ERROR(AddStatistics(context, target, plan, statistics));
  return statistics;
}

// ---- looking up and weighing ------------------------------------------------------------------

Result<Evaluation> Evaluation::Make(const RequestContext& context, const EvaluationTarget& target,
                                    PlanNode plan, const TextSearch& request) {
  Evaluation evaluation(context, target, request);
  evaluation.plan_ = std::move(plan);
  IOLITE_RETURN_IF_ERROR(evaluation.Bind(evaluation.plan_, true));
  double sum = 0;
  const std::function<void(const PlanNode&)> add = [&](const PlanNode& node) {
    if (node.occur == Occur::kMustNot) return;
    for (const PlanNode& child : node.children) add(child);
    if (node.kind != Kind::kBoolean && node.kind != Kind::kNothing) {
      sum += node.boost * evaluation.leaves_[node.leaf].idf + 1e-6;
    }
  };
  add(evaluation.plan_);
  // A power of two, so that weights keep their digits.
  evaluation.scale_ = std::exp2(std::floor(std::log2(kScoreSumMax / std::max(sum, 1e-6))));
  return evaluation;
}

Status Evaluation::Bind(PlanNode& node, bool scored) {
  scored = scored && node.occur != Occur::kMustNot;
  for (PlanNode& child : node.children) IOLITE_RETURN_IF_ERROR(Bind(child, scored));
  if (node.kind == Kind::kNothing || node.kind == Kind::kBoolean) return Status::Ok();
  node.leaf = leaves_.size();
  Leaf leaf;
  IOLITE_RETURN_IF_ERROR(BindLeaf(node, leaf));
  leaves_.push_back(std::move(leaf));
  return Status::Ok();
}

Status Evaluation::BindLeaf(const PlanNode& node, Leaf& leaf) {
  const Part& part = target_.index.part(node.part).part();
  uint64_t length = part.length_total;
  leaf.row_count = part.rows_with_text;
  if (request_.statistics != nullptr) {
    const auto& fields = request_.statistics->fields;
    const auto field = fields.find(target_.plan_target.PartName(node.part));
    if (field == fields.end()) {
      return InvalidArgument("The statistics handed in were not collected for this query");
    }
    leaf.row_count = field->second.rows;
    length = field->second.length;
  }
  leaf.average_length =
      leaf.row_count > 0 ? static_cast<double>(length) / static_cast<double>(leaf.row_count) : 0;
  IOLITE_ASSIGN_OR_RETURN(leaf.norms, target_.norms(node.part, request_.bm25, leaf.average_length));
  return node.kind == Kind::kExpansion ? BindExpansion(node, leaf) : BindTerms(node, leaf);
}

uint64_t Evaluation::GlobalDf(const PlanNode& node, const std::string& term, uint64_t here) const {
  if (request_.statistics == nullptr) return here;
  const auto& counts = request_.statistics->row_counts;
  const auto found = counts.find({target_.plan_target.PartName(node.part), term});
  return found == counts.end() ? here : found->second;
}

Status Evaluation::BindTerms(const PlanNode& node, Leaf& leaf) {
  leaf.df = UINT64_MAX;
  for (const std::string& term : node.terms) {
    Term found;
    IOLITE_ASSIGN_OR_RETURN(const bool there,
                            target_.index.part(node.part).dictionary().Find(term, &found.entry));
    leaf.missing = leaf.missing || !there;
    const uint64_t df = std::min(GlobalDf(node, term, there ? found.entry.df : 0), leaf.row_count);
    leaf.df = std::min(leaf.df, df);
    leaf.idf += IdfOf(df, leaf.row_count);
    leaf.terms.push_back(found);
  }
  return Status::Ok();
}

// Rows that have several of the terms count several times in df: at most all rows.
Status Evaluation::BindExpansion(const PlanNode& node, Leaf& leaf) {
  IOLITE_RETURN_IF_ERROR(
      ForEachExpansion(context_, target_.index, node,
                       [&](const std::string&, const TermEntry& entry, int32_t edits) {
                         leaf.terms.push_back({entry, edits});
                         leaf.df += entry.df;
                         return Status::Ok();
                       }));
  if (request_.statistics != nullptr) {
    const std::string name = target_.plan_target.PartName(node.part);
    const auto& expansions = request_.statistics->expansions;
    const auto found = expansions.find({name, node.Text()});
    if (found != expansions.end()) {
      leaf.df = 0;
      for (const auto& [term, edits] : found->second) leaf.df += GlobalDf(node, term, 0);
    }
  }
  leaf.df = std::min(leaf.df, leaf.row_count);
  leaf.idf = IdfOf(leaf.df, leaf.row_count);
  leaf.missing = leaf.terms.empty();
  return Status::Ok();
}

float Evaluation::WeightOf(const PlanNode& node) const {
  return static_cast<float>(node.boost * leaves_[node.leaf].idf * scale_);
}

// ---- lists --------------------------------------------------------------------------------------

Status Evaluation::KeepMemory(size_t bytes) {
  IOLITE_ASSIGN_OR_RETURN(auto reservation, context_.budget->Reserve(static_cast<int64_t>(bytes)));
  reservations_.push_back(std::move(reservation));
  return Status::Ok();
}

Result<Evaluation::Rows> Evaluation::PhraseRows(const PlanNode& node) const {
  const Directory& directory = target_.index.directory();
  const size_t fields = directory.fields.size();
  const bool joined = node.part == fields;
  std::vector<PhraseRow> all;
  for (size_t field = 0; field < fields; ++field) {
    if (!joined && field != node.part) continue;
    const PartReader& part = target_.index.part(field);
    std::vector<TermEntry> entries;
    for (const std::string& term : node.terms) {
      TermEntry entry;
      IOLITE_ASSIGN_OR_RETURN(const bool there, part.dictionary().Find(term, &entry));
      if (!there) break;
      entries.push_back(entry);
    }
    if (entries.size() < node.terms.size()) continue;
    IOLITE_ASSIGN_OR_RETURN(auto found,
                            FindPhrase(context_, part, entries, node.positions, node.distance));
    const auto weight = static_cast<float>(joined ? directory.fields[field].weight : 1);
    for (PhraseRow& row : found) row.count *= weight;
    all.insert(all.end(), found.begin(), found.end());
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const PhraseRow& a, const PhraseRow& b) { return a.row < b.row; });
  Rows rows;
  for (const PhraseRow& row : all) {
    if (!rows.rows.empty() && rows.rows.back() == row.row) {
      rows.tfs.back() += row.count;
    } else {
      rows.rows.push_back(row.row);
      rows.tfs.push_back(row.count);
    }
  }
  return rows;
}

// Occurrences of all terms together, each divided by one more than its edits; added up in order of
// term, in one array over all rows where terms are many.
Result<Evaluation::Rows> Evaluation::ExpansionRows(const PlanNode& node) const {
  std::vector<std::pair<uint32_t, float>> all;
  uint32_t rows_unpacked[kernels::kBlock], tf_bases[kernels::kBlock];
  const PartReader& part = target_.index.part(node.part);
  std::vector<float> sums(target_.index.directory().row_count);
  uint64_t blocks = 0;
  for (const Term& term : leaves_[node.leaf].terms) {
    IOLITE_ASSIGN_OR_RETURN(const auto list, part.Open(term.entry, false));
    const float share = 1.0f / (1.0f + static_cast<float>(term.distance));
    for (size_t block = 0; block < list.block_count(); ++block) {
      if (blocks++ % 256 == 0) IOLITE_RETURN_IF_ERROR(context_.Check());
      if (!list.Unpack(block, rows_unpacked, tf_bases)) {
        return DataLoss("The text index is damaged: a list cannot be read. Build it anew");
      }
      for (size_t i = 0; i < list.rows_in(block); ++i) {
        sums[rows_unpacked[i]] += share * (static_cast<float>(tf_bases[i]) + 1);
      }
    }
  }
  Rows rows;
  for (uint32_t row = 0; row < sums.size(); ++row) {
    if (sums[row] == 0) continue;
    rows.rows.push_back(row);
    rows.tfs.push_back(sums[row]);
  }
  return rows;
}

Result<std::unique_ptr<ScoredList>> Evaluation::MakeLeafList(const PlanNode& node) {
  const Leaf& leaf = leaves_[node.leaf];
  if (leaf.missing)
    return std::make_unique<ScoredList>(std::vector<uint32_t>(), std::vector<int32_t>());
  if (node.kind == Kind::kTerm) {
    IOLITE_ASSIGN_OR_RETURN(const auto list,
                            target_.index.part(node.part).Open(leaf.terms[0].entry, false));
    return std::make_unique<ScoredList>(list, leaf.norms, WeightOf(node));
  }
  if (node.kind == Kind::kExpansion) {
    IOLITE_RETURN_IF_ERROR(KeepMemory(size_t{4} * target_.index.directory().row_count));
  }
  IOLITE_ASSIGN_OR_RETURN(auto rows,
                          node.kind == Kind::kPhrase ? PhraseRows(node) : ExpansionRows(node));
  IOLITE_RETURN_IF_ERROR(KeepMemory(rows.rows.size() * 8));
  std::vector<int32_t> scores(rows.rows.size());
  for (size_t i = 0; i < scores.size(); ++i) {
    scores[i] = ScoreOf(rows.tfs[i], leaf.norms->Of(rows.rows[i]), WeightOf(node));
  }
  return std::make_unique<ScoredList>(std::move(rows.rows), std::move(scores));
}

Result<std::unique_ptr<ScoredList>> Evaluation::MakeList(const PlanNode& node) {
  if (node.kind != Kind::kBoolean) return MakeLeafList(node);
  RowSink sink(SIZE_MAX);
  IOLITE_RETURN_IF_ERROR(RunBoolean(node, false, sink));
  IOLITE_RETURN_IF_ERROR(KeepMemory(sink.rows().size() * 8));
  std::vector<uint32_t> rows;
  std::vector<int32_t> scores;
  for (const auto& [row, score] : sink.rows()) {
    rows.push_back(row);
    scores.push_back(score);
  }
  return std::make_unique<ScoredList>(std::move(rows), std::move(scores));
}

// ---- running ------------------------------------------------------------------------------------

// The rows that may appear and do not have what must not occur.
Result<std::vector<uint64_t>> Evaluation::WithoutExcluded(const PlanNode& node, bool* filtered) {
  std::vector<uint64_t> words = allowed_;
  *filtered = filtered_;
  for (const PlanNode& child : node.children) {
    if (child.occur != Occur::kMustNot) continue;
    if (words.empty()) {
      words.assign((static_cast<size_t>(target_.index.directory().row_count) + 63) / 64, ~0ull);
    }
    *filtered = true;
    IOLITE_ASSIGN_OR_RETURN(auto list, MakeList(child));
    for (size_t block = 0; block < list->block_count(); ++block) {
      list->Open(block);
      for (size_t i = 0; i < list->count(); ++i) {
        words[list->rows()[i] / 64] &= ~(1ull << (list->rows()[i] % 64));
      }
    }
    if (list->damaged()) return DataLoss("The text index is damaged: a list cannot be read");
  }
  return words;
}

// Whether looking the rows up that may appear costs less than reading the lists.
bool Evaluation::FewMayAppear(const ScoredLists& should, uint64_t allowed) const {
  uint64_t rows = 0;
  for (const auto& list : should) rows += list->size();
  return allowed * should.size() * kLookUpCost < rows;
}

void Evaluation::Count(const ScoredLists& lists) {
  for (const auto& list : lists) {
    stats_.blocks_unpacked += list->blocks_unpacked();
    stats_.blocks_there += static_cast<int64_t>(list->block_count());
  }
}

Status Evaluation::RunBoolean(const PlanNode& node, bool top, RowSink& sink) {
  ScoredLists must, should;
  for (const PlanNode& child : node.children) {
    if (child.occur == Occur::kMustNot) continue;
    IOLITE_ASSIGN_OR_RETURN(auto list, MakeList(child));
    if (list->damaged()) return DataLoss("The text index is damaged: a list cannot be read");
    if (list->size() > 0) {
      (child.occur == Occur::kMust ? must : should).push_back(std::move(list));
    } else if (child.occur == Occur::kMust) {
      return Status::Ok();
    }
  }
  if (must.empty() && should.empty()) return Status::Ok();
  bool filtered = false;
  IOLITE_ASSIGN_OR_RETURN(const auto words, WithoutExcluded(node, &filtered));
  const RowFilter filter{filtered ? words.data() : nullptr};
  const bool exhaustive = request_.exhaustive;
  std::string plan = must.empty() ? "union" : "intersection";
  if (top && request_.allowed != nullptr &&
      FewMayAppear(must.empty() ? should : must, allowed_count_)) {
    auto rows = columnar::RowSet::FromWords(words).ToVector();
    std::vector<int32_t> scores(rows.size());
    must.push_back(std::make_unique<ScoredList>(std::move(rows), std::move(scores)));
    plan = "rows of the filter";
  }
  if (must.empty()) {
    IOLITE_RETURN_IF_ERROR(
        FindUnion(context_, should, filter, target_.index.directory().row_count, exhaustive, sink));
  } else {
    IOLITE_RETURN_IF_ERROR(FindIntersection(context_, must, should, filter, exhaustive, sink));
  }
  for (const ScoredLists* lists : {&must, &should}) {
    Count(*lists);
    for (const auto& list : *lists) {
      if (list->damaged()) return DataLoss("The text index is damaged: a list cannot be read");
    }
  }
  if (top) stats_.plan = std::move(plan);
  return Status::Ok();
}

Status Evaluation::Run(RowSink& sink, TextSearchStats* stats) {
  stats_.plan = "none";
  const uint32_t row_count = target_.index.directory().row_count;
  filtered_ = request_.allowed != nullptr || request_.hidden != nullptr;
  allowed_count_ = row_count;
  if (filtered_ && plan_.kind == Kind::kBoolean) {
    allowed_ = request_.allowed != nullptr
                   ? request_.allowed->ToWords(row_count)
                   : std::vector<uint64_t>((size_t{row_count} + 63) / 64, ~0ull);
    if (request_.hidden != nullptr) {
      const auto hidden = request_.hidden->ToWords(row_count);
      for (size_t i = 0; i < hidden.size(); ++i) allowed_[i] &= ~hidden[i];
    }
    allowed_count_ = 0;
    for (const uint64_t word : allowed_)
      allowed_count_ += static_cast<uint64_t>(__builtin_popcountll(word));
  }
  if (plan_.kind == Kind::kBoolean && (!filtered_ || allowed_count_ > 0)) {
    IOLITE_RETURN_IF_ERROR(RunBoolean(plan_, true, sink));
  }
  if (stats == nullptr) return Status::Ok();
  stats_.rows_matched = sink.offered();
  stats_.reason =
      fmt::format("{} terms, {} of {} rows may appear", leaves_.size(), allowed_count_, row_count);
  *stats = stats_;
  return Status::Ok();
}

// ---- explaining ---------------------------------------------------------------------------------

Result<TextExplanation> Evaluation::Explain(uint32_t row) {
  TextExplanation out;
  IOLITE_ASSIGN_OR_RETURN(out.matches, ExplainNode(plan_, row, out));
  if (!out.matches) out.terms.clear();
  for (const TermExplanation& term : out.terms) out.score += term.contribution;
  return out;
}

Result<bool> Evaluation::ExplainNode(const PlanNode& node, uint32_t row, TextExplanation& out) {
  if (node.kind == Kind::kNothing) return false;
  if (node.kind != Kind::kBoolean) return ExplainLeaf(node, row, out);
  bool any = false, all = true;
  const size_t before = out.terms.size();
  for (const PlanNode& child : node.children) {
    const size_t terms = out.terms.size();
    IOLITE_ASSIGN_OR_RETURN(const bool has, ExplainNode(child, row, out));
    if (child.occur == Occur::kMustNot) {
      out.terms.resize(terms);
      all = all && !has;
    } else {
      any = any || has;
      all = all && (has || child.occur == Occur::kShould);
    }
  }
  if (!any || !all) out.terms.resize(before);
  return any && all;
}

Result<float> Evaluation::TfIn(const PlanNode& node, uint32_t row) const {
  const Leaf& leaf = leaves_[node.leaf];
  if (leaf.missing) return 0.0f;
  Rows rows;
  if (node.kind == Kind::kTerm) {
    IOLITE_ASSIGN_OR_RETURN(const auto list,
                            target_.index.part(node.part).Open(leaf.terms[0].entry, false));
    uint32_t unpacked[kernels::kBlock], tf_bases[kernels::kBlock];
    for (size_t block = 0; block < list.block_count(); ++block) {
      if (list.has_entries() && list.last_row(block) < row) continue;
      if (!list.Unpack(block, unpacked, tf_bases)) {
        return DataLoss("The text index is damaged: a list cannot be read. Build it anew");
      }
      rows.rows.assign(unpacked, unpacked + list.rows_in(block));
      rows.tfs.assign(tf_bases, tf_bases + list.rows_in(block));
      for (float& tf : rows.tfs) ++tf;
      break;
    }
  } else {
    IOLITE_ASSIGN_OR_RETURN(rows,
                            node.kind == Kind::kPhrase ? PhraseRows(node) : ExpansionRows(node));
  }
  const auto found = std::lower_bound(rows.rows.begin(), rows.rows.end(), row);
  if (found == rows.rows.end() || *found != row) return 0.0f;
  return rows.tfs[static_cast<size_t>(found - rows.rows.begin())];
}

Result<bool> Evaluation::ExplainLeaf(const PlanNode& node, uint32_t row, TextExplanation& out) {
  IOLITE_ASSIGN_OR_RETURN(const float tf, TfIn(node, row));
  if (tf == 0) return false;
  const Leaf& leaf = leaves_[node.leaf];
  const Directory& directory = target_.index.directory();
  const PartReader& part = target_.index.part(node.part);
  const double unit = node.part == directory.fields.size() ? directory.unit : 1;
  const int32_t score = ScoreOf(tf, leaf.norms->Of(row), WeightOf(node));
  out.terms.push_back({.field = target_.plan_target.PartName(node.part),
                       .term = node.Text(),
                       .boost = node.boost,
                       .row_count = leaf.row_count,
                       .df = leaf.df,
                       .idf = leaf.idf,
                       .tf = tf / unit,
                       .length = part.length(part.code(row)) / unit,
                       .average_length = leaf.average_length / unit,
                       .contribution = score * unit_score()});
  return true;
}

}  // namespace iolite::text::internal
