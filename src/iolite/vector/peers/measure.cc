#include "iolite/vector/peers/measure.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "iolite/base/clock.h"

namespace iolite::vector::peers {
namespace {

constexpr size_t kWarmUp = 64, kAtOnce = 16, kFoundMax = 128;
/// Distances come from f32 rows by different orders of adding.
constexpr double kTolerance = 2e-6;

/// One query and what it is asked with.
struct Question {
  uint32_t query = 0;
  const Filter* filter = nullptr;
  float distance_max = 0;
  size_t expected = 0;
};

double Distance(const DataSet& data, std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < data.dimension; ++i) {
    const double x = a[i], y = b[i];
    sum += data.metric == Metric::kL2 ? (x - y) * (x - y) : x * y;
  }
  return data.metric == Metric::kL2 ? sum : 1 - sum;
}

std::vector<Question> Questions(const DataSet& data, const SearchSettings& settings) {
  std::vector<Question> questions;
  for (uint32_t q = 0; q < data.query_count(); ++q) {
    questions.push_back({.query = q,
                         .distance_max = data.truth[q * data.truth_k + settings.k - 1],
                         .expected = settings.k});
  }
  return questions;
}

std::vector<Question> Questions(const std::vector<FilteredQueries>& filters,
                                const SearchSettings& settings) {
  std::vector<Question> questions;
  for (const FilteredQueries& one : filters) {
    for (size_t i = 0; i < one.queries.size(); ++i) {
      questions.push_back({.query = one.queries[i],
                           .filter = &one.filter,
                           .distance_max = one.distance_max[i],
                           .expected = std::min(settings.k, one.matches)});
    }
  }
  return questions;
}

double Time(const Contender& contender, const DataSet& data, const SearchSettings& settings,
            const std::vector<Question>& questions) {
  auto ask = [&](const Question& question) {
    uint32_t rows[kFoundMax];
    contender.Search(data.Query(question.query), settings.k, settings.ef, question.filter, rows);
  };
  for (size_t i = 0; i < std::min(kWarmUp, questions.size()); ++i) ask(questions[i]);
  std::atomic<size_t> next = 0, done = 0;
  auto seconds = [&settings] { return Seconds(settings.processor_time); };
  const double start = seconds();
  auto work = [&] {
    for (size_t first = next.fetch_add(kAtOnce);
         first < questions.size() || seconds() - start < settings.seconds_min;
         first = next.fetch_add(kAtOnce)) {
      for (size_t i = first; i < first + kAtOnce; ++i) ask(questions[i % questions.size()]);
      done += kAtOnce;
    }
  };
  {
    std::vector<std::jthread> others;
    for (size_t i = 1; i < settings.thread_count; ++i) others.emplace_back(work);
    work();
  }
  return static_cast<double>(done) / (seconds() - start);
}

Quality Judge(const Contender& contender, const DataSet& data, const SearchSettings& settings,
              const std::vector<Question>& questions) {
  Quality quality;
  uint32_t rows[kFoundMax];
  for (const Question& question : questions) {
    const auto query = data.Query(question.query);
    const size_t count = contender.Search(query, settings.k, settings.ef, question.filter, rows);
    const double limit = question.distance_max + kTolerance * std::abs(question.distance_max) +
                         (data.metric == Metric::kL2 ? 0 : kTolerance);
    size_t right = 0;
    for (size_t i = 0; i < count; ++i) right += Distance(data, query, data.Row(rows[i])) <= limit;
    right = std::min(right, question.expected);
    quality.recall += static_cast<double>(right) / static_cast<double>(question.expected);
    quality.rows_missing += question.expected - std::min(count, question.expected);
  }
  quality.recall /= static_cast<double>(questions.size());
  return quality;
}

}  // namespace

double Seconds(bool processor_time) {
  if (!processor_time) return static_cast<double>(Clock::System().monotonic_ns()) * 1e-9;
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

double QueriesPerSecond(const Contender& contender, const DataSet& data,
                        const SearchSettings& settings) {
  return Time(contender, data, settings, Questions(data, settings));
}

Quality MeasureQuality(const Contender& contender, const DataSet& data,
                       const SearchSettings& settings) {
  return Judge(contender, data, settings, Questions(data, settings));
}

double QueriesPerSecond(const Contender& contender, const DataSet& data,
                        const SearchSettings& settings,
                        const std::vector<FilteredQueries>& filters) {
  return Time(contender, data, settings, Questions(filters, settings));
}

Quality MeasureQuality(const Contender& contender, const DataSet& data,
                       const SearchSettings& settings,
                       const std::vector<FilteredQueries>& filters) {
  return Judge(contender, data, settings, Questions(filters, settings));
}

}  // namespace iolite::vector::peers
