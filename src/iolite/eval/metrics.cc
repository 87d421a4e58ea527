#include "iolite/eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <unordered_set>

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

}  // namespace

QueryMetrics Evaluate(const Ranking& ranking, const Judgements& judgements, size_t k) {
  const std::vector<int32_t> grades = RelevantGrades(judgements);
  QueryMetrics metrics;
  if (grades.empty() || k == 0) return metrics;

  double gain = 0;
  double precision_sum = 0;
  size_t found_count = 0;
  size_t rank = 0;
  std::unordered_set<std::string_view> seen;
  for (const std::string& id : ranking) {
    if (!seen.insert(id).second) continue;
    if (++rank > k) break;
    const auto judged = judgements.find(id);
    if (judged == judgements.end() || judged->second <= 0) continue;
    if (found_count == 0) metrics.reciprocal_rank = 1.0 / static_cast<double>(rank);
    ++found_count;
    gain += Discounted(judged->second, rank);
    precision_sum += static_cast<double>(found_count) / static_cast<double>(rank);
  }
  const double relevant_count = static_cast<double>(grades.size());
  metrics.ndcg = gain / IdealGain(grades, k);
  metrics.recall = static_cast<double>(found_count) / relevant_count;
  metrics.average_precision = precision_sum / relevant_count;
  return metrics;
}

QueryMetrics Mean(const std::vector<QueryMetrics>& metrics) {
  QueryMetrics mean;
  if (metrics.empty()) return mean;
  for (const QueryMetrics& one : metrics) {
    mean.ndcg += one.ndcg;
    mean.recall += one.recall;
    mean.average_precision += one.average_precision;
    mean.reciprocal_rank += one.reciprocal_rank;
  }
  const double count = static_cast<double>(metrics.size());
  mean.ndcg /= count;
  mean.recall /= count;
  mean.average_precision /= count;
  mean.reciprocal_rank /= count;
  return mean;
}

}  // namespace iolite::eval
