#include "iolite/eval/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <unordered_set>

#include "iolite/base/status.h"

namespace iolite::eval {
namespace {

double Discounted(int32_t grade, size_t rank) {
  return grade / std::log2(static_cast<double>(rank) + 1);
}

/// Grades of the relevant documents, best first.
std::vector<int32_t> RelevantGrades(const Judgements& judgements) {
  std::vector<int32_t> grades;
  for (const auto& [id, grade] : judgements) {
    if (grade > 0) grades.push_back(grade);
  }
  std::sort(grades.begin(), grades.end(), std::greater<>());
  return grades;
}

double IdealGain(const std::vector<int32_t>& grades, size_t k) {
  double gain = 0;
  for (size_t i = 0; i < std::min(k, grades.size()); ++i) gain += Discounted(grades[i], i + 1);
  return gain;
}

/// Calls `visit(rank, grade)` for each document of a ranking, from rank 1, once each.
template <typename Visit>
void ForEachRank(const Ranking& ranking, const Judgements& judgements, size_t k, Visit visit) {
  size_t rank = 0;
  std::unordered_set<std::string_view> seen;
  for (const std::string& id : ranking) {
    if (!seen.insert(id).second) continue;
    if (++rank > k) return;
    const auto judged = judgements.find(id);
    visit(rank, judged == judgements.end() ? 0 : judged->second);
  }
}

constexpr std::array<Metric, 6> kMetrics = {{{"ndcg", &QueryMetrics::ndcg},
                                             {"recall", &QueryMetrics::recall},
                                             {"precision", &QueryMetrics::precision},
                                             {"map", &QueryMetrics::average_precision},
                                             {"mrr", &QueryMetrics::reciprocal_rank},
                                             {"hit_rate", &QueryMetrics::hit_rate}}};
constexpr size_t kRecallLevelCount = 11;

}  // namespace

std::span<const Metric> AllMetrics() { return kMetrics; }

std::vector<std::string> MetricNames(std::span<const int64_t> cutoffs) {
  std::vector<std::string> names;
  for (const int64_t k : cutoffs) {
    for (const Metric& metric : kMetrics) names.push_back(fmt::format("{}@{}", metric.name, k));
  }
  return names;
}

std::vector<double> Figures(const Ranking& ranking, const Judgements& judgements,
                            std::span<const int64_t> cutoffs) {
  std::vector<double> figures;
  for (const int64_t k : cutoffs) {
    const QueryMetrics metrics = Evaluate(ranking, judgements, static_cast<size_t>(k));
    for (const Metric& metric : kMetrics) figures.push_back(metrics.*metric.figure);
  }
  return figures;
}

QueryMetrics Evaluate(const Ranking& ranking, const Judgements& judgements, size_t k) {
  const std::vector<int32_t> grades = RelevantGrades(judgements);
  QueryMetrics metrics;
  if (grades.empty() || k == 0) return metrics;

  double gain = 0;
  double precision_sum = 0;
  size_t found_count = 0;
  ForEachRank(ranking, judgements, k, [&](size_t rank, int32_t grade) {
    if (grade <= 0) return;
    if (found_count == 0) metrics.reciprocal_rank = 1.0 / static_cast<double>(rank);
    ++found_count;
    gain += Discounted(grade, rank);
    precision_sum += static_cast<double>(found_count) / static_cast<double>(rank);
  });
  const double relevant_count = static_cast<double>(grades.size());
  metrics.ndcg = gain / IdealGain(grades, k);
  metrics.recall = static_cast<double>(found_count) / relevant_count;
  metrics.precision = static_cast<double>(found_count) / static_cast<double>(k);
  metrics.average_precision = precision_sum / relevant_count;
  metrics.hit_rate = found_count > 0 ? 1 : 0;
  return metrics;
}

std::vector<double> PrecisionAtRecall(const Ranking& ranking, const Judgements& judgements) {
  std::vector<double> precision(kRecallLevelCount, 0.0);
  const size_t relevant_count = RelevantGrades(judgements).size();
  if (relevant_count == 0) return precision;
  size_t found_count = 0;
  ForEachRank(ranking, judgements, ranking.size(), [&](size_t rank, int32_t grade) {
    if (grade <= 0) return;
    ++found_count;
    const double here = static_cast<double>(found_count) / static_cast<double>(rank);
    // Level i asks for i tenths of the relevant documents, rounded to a whole document.
    for (size_t level = 0; level < kRecallLevelCount; ++level) {
      const double share = static_cast<double>(level * relevant_count) / 10.0;
      if (static_cast<size_t>(share + 0.9) <= found_count) {
        precision[level] = std::max(precision[level], here);
      }
    }
  });
  return precision;
}

std::vector<double> ColumnMeans(const std::vector<const std::vector<double>*>& rows) {
  if (rows.empty()) return {};
  std::vector<double> means(rows.front()->size(), 0.0);
  for (const std::vector<double>* row : rows) {
    for (size_t i = 0; i < means.size(); ++i) means[i] += (*row)[i];
  }
  for (double& mean : means) mean /= static_cast<double>(rows.size());
  return means;
}

}  // namespace iolite::eval
