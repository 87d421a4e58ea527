#include "iolite/eval/comparison.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "iolite/base/random.h"

namespace iolite::eval {
namespace {

using Rows = std::vector<std::vector<double>>;

constexpr int64_t kResampleCountMin = 100;
/// Sums of the same numbers in other signs may differ in their last bits.
constexpr double kRounding = 1e-12;
/// Another stream than the bootstrap's, from the same seed.
constexpr uint64_t kFlipStream = 0x9E3779B97F4A7C15;

Status Check(const ResampleOptions& options) {
  if (!(options.confidence > 0 && options.confidence < 1)) {
    return InvalidArgument("The confidence is {}: give a share between 0 and 1, such as 0.95.",
                           options.confidence);
  }
  if (options.resample_count < kResampleCountMin) {
    return InvalidArgument("{} samples are too few for an interval: give at least {}.",
                           options.resample_count, kResampleCountMin);
  }
  return Status::Ok();
}

double MeanOf(const std::vector<double>& row) {
  return std::accumulate(row.begin(), row.end(), 0.0) / static_cast<double>(row.size());
}

/// The value that leaves a share of `count` sorted ones outside, linear between neighbours. Counted
/// from either end, so that the quantiles of negated values mirror each other to the last bit.
template <typename Iterator>
double Quantile(Iterator outermost, size_t count, double share) {
  const double place = share * static_cast<double>(count - 1);
  const auto whole = static_cast<ptrdiff_t>(place);
  const double inner =
      static_cast<size_t>(whole) + 1 < count ? outermost[whole + 1] : outermost[whole];
  return outermost[whole] + (place - static_cast<double>(whole)) * (inner - outermost[whole]);
}

/// Means of each row over the same samples of queries.
Result<Rows> BootstrapMeans(const RequestContext& context, const Rows& rows,
                            const ResampleOptions& options) {
  const size_t count = rows.front().size();
  const auto sample_count = static_cast<size_t>(options.resample_count);
  const auto random = Random::Seeded(options.seed);
  std::vector<uint32_t> draws(count);
  Rows means(rows.size(), std::vector<double>(sample_count));
  for (size_t sample = 0; sample < sample_count; ++sample) {
    if (sample % 64 == 0) IOLITE_RETURN_IF_ERROR(context.Check());
    for (uint32_t& draw : draws) draw = static_cast<uint32_t>(random->NextBelow(count));
    for (size_t row = 0; row < rows.size(); ++row) {
      double sum = 0;
      for (const uint32_t draw : draws) sum += rows[row][draw];
      means[row][sample] = sum / static_cast<double>(count);
    }
  }
  return means;
}

/// Whether a flipped sum is at least as far from 0 as the one that was observed.
bool AsFar(double sum, double observed) {
  return std::abs(sum) >= std::abs(observed) * (1 - kRounding);
}

/// Share of all flips, for few differences that are not 0. The first one's sign can stay: flipping
/// everything changes no distance from 0.
double ExactPermutation(const std::vector<double>& row) {
  std::vector<double> moved;
  std::copy_if(row.begin(), row.end(), std::back_inserter(moved), [](double d) { return d != 0; });
  if (moved.empty()) return 1;
  const double observed = std::accumulate(moved.begin(), moved.end(), 0.0);
  const uint64_t flip_count = uint64_t{1} << (moved.size() - 1);
  uint64_t hits = 0;
  for (uint64_t flips = 0; flips < flip_count; ++flips) {
    double sum = moved[0];
    for (size_t i = 1; i < moved.size(); ++i) sum += (flips >> (i - 1)) & 1 ? -moved[i] : moved[i];
    hits += AsFar(sum, observed);
  }
  return static_cast<double>(hits) / static_cast<double>(flip_count);
}

/// Share of random flips, the same for all rows.
Result<std::vector<double>> RandomPermutation(const RequestContext& context, const Rows& rows,
                                              const ResampleOptions& options) {
  const size_t count = rows.front().size();
  const auto random = Random::Seeded(options.seed ^ kFlipStream);
  std::vector<double> observed;
  for (const auto& row : rows) observed.push_back(std::accumulate(row.begin(), row.end(), 0.0));
  std::vector<int64_t> hits(rows.size(), 0);
  std::vector<double> signs(count);
  for (int64_t trial = 0; trial < options.resample_count; ++trial) {
    if (trial % 64 == 0) IOLITE_RETURN_IF_ERROR(context.Check());
    uint64_t bits = 0;
    for (size_t i = 0; i < count; ++i) {
      if (i % 64 == 0) bits = random->NextBits();
      signs[i] = (bits >> (i % 64)) & 1 ? -1 : 1;
    }
    for (size_t row = 0; row < rows.size(); ++row) {
      hits[row] += AsFar(std::inner_product(signs.begin(), signs.end(), rows[row].begin(), 0.0),
                         observed[row]);
    }
  }
  std::vector<double> p_values;
  for (const int64_t hit : hits) {
    p_values.push_back(static_cast<double>(1 + hit) /
                       static_cast<double>(1 + options.resample_count));
  }
  return p_values;
}

bool FewEnough(const std::vector<double>& row, int64_t flip_count_max) {
  const auto moved = std::count_if(row.begin(), row.end(), [](double d) { return d != 0; });
  return moved < 30 && (int64_t{1} << moved) <= flip_count_max;
}

/// Positions of a run's queries, by id.
std::vector<size_t> ById(const EvalRun& run) {
  std::vector<size_t> order(run.per_query.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t left, size_t right) {
    return run.per_query[left].query_id < run.per_query[right].query_id;
  });
  return order;
}

std::vector<double> Differences(const EvalRun& first, const EvalRun& second, size_t metric,
                                const std::vector<size_t>& order) {
  std::vector<double> differences;
  differences.reserve(order.size());
  for (const size_t i : order) {
    differences.push_back(first.per_query[i].values[metric] - second.per_query[i].values[metric]);
  }
  return differences;
}

/// One pair of runs in one metric, with the differences between them.
struct Pair {
  size_t metric;
  const EvalRun* first;
  const EvalRun* second;
};

std::vector<Pair> AllPairs(size_t metric_count, const std::vector<EvalRun>& runs) {
  std::vector<Pair> pairs;
  for (size_t metric = 0; metric < metric_count; ++metric) {
    for (size_t first = 0; first < runs.size(); ++first) {
      for (size_t second = first + 1; second < runs.size(); ++second) {
        pairs.push_back({metric, &runs[first], &runs[second]});
      }
    }
  }
  return pairs;
}

EvalDifference Describe(const std::string& metric, const Pair& pair, const std::vector<double>& row,
                        const PairedTest& test) {
  return {.metric = metric,
          .first = pair.first->name,
          .second = pair.second->name,
          .difference = test.mean,
          .low = test.low,
          .high = test.high,
          .p_value = test.p_value,
          .won = std::count_if(row.begin(), row.end(), [](double d) { return d > 0; }),
          .lost = std::count_if(row.begin(), row.end(), [](double d) { return d < 0; })};
}

/// Sets p_holm for the pairs of one metric, which stand side by side.
void CorrectPairs(std::span<EvalDifference> pairs) {
  std::vector<double> p_values;
  for (const EvalDifference& pair : pairs) p_values.push_back(pair.p_value);
  const std::vector<double> corrected = HolmCorrected(p_values);
  for (size_t i = 0; i < pairs.size(); ++i) pairs[i].p_holm = corrected[i];
}

}  // namespace

Result<std::vector<PairedTest>> TestPaired(const RequestContext& context, const Rows& differences,
                                           const ResampleOptions& options) {
  IOLITE_RETURN_IF_ERROR(Check(options));
  std::vector<PairedTest> tests(differences.size());
  if (differences.empty() || differences.front().empty()) return tests;
  IOLITE_ASSIGN_OR_RETURN(Rows means, BootstrapMeans(context, differences, options));
  IOLITE_ASSIGN_OR_RETURN(const auto p_values, RandomPermutation(context, differences, options));
  const double tail = (1 - options.confidence) / 2;
  for (size_t i = 0; i < tests.size(); ++i) {
    std::sort(means[i].begin(), means[i].end());
    const bool exact = FewEnough(differences[i], options.resample_count);
    tests[i] = {.mean = MeanOf(differences[i]),
                .low = Quantile(means[i].begin(), means[i].size(), tail),
                .high = Quantile(means[i].rbegin(), means[i].size(), tail),
                .p_value = exact ? ExactPermutation(differences[i]) : p_values[i]};
  }
  return tests;
}

std::vector<double> HolmCorrected(const std::vector<double>& p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t left, size_t right) { return p_values[left] < p_values[right]; });
  std::vector<double> corrected(p_values.size());
  double greatest = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const double scaled = p_values[order[rank]] * static_cast<double>(order.size() - rank);
    greatest = std::max(greatest, std::min(1.0, scaled));
    corrected[order[rank]] = greatest;
  }
  return corrected;
}

Result<std::vector<EvalDifference>> Compare(const RequestContext& context,
                                            const std::vector<std::string>& metrics,
                                            const std::vector<EvalRun>& runs,
                                            const ResampleOptions& options) {
  IOLITE_RETURN_IF_ERROR(Check(options));
  std::vector<EvalDifference> differences;
  if (runs.size() < 2) return differences;
  const std::vector<size_t> order = ById(runs.front());
  const std::vector<Pair> pairs = AllPairs(metrics.size(), runs);
  Rows rows;
  for (const Pair& pair : pairs) {
    rows.push_back(Differences(*pair.first, *pair.second, pair.metric, order));
  }
  IOLITE_ASSIGN_OR_RETURN(const auto tests, TestPaired(context, rows, options));
  for (size_t i = 0; i < pairs.size(); ++i) {
    differences.push_back(Describe(metrics[pairs[i].metric], pairs[i], rows[i], tests[i]));
  }
  const size_t family = runs.size() * (runs.size() - 1) / 2;
  for (size_t begin = 0; begin < differences.size(); begin += family) {
    CorrectPairs(std::span(differences).subspan(begin, family));
  }
  return differences;
}

}  // namespace iolite::eval
