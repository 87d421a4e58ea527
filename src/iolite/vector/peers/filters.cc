#include "iolite/vector/peers/filters.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "iolite/vector/flat_index.h"

namespace iolite::vector::peers {
namespace {

constexpr size_t kFilterCount = 8, kQueriesEach = 32;
constexpr uint64_t kSeed = 20'261'121;

float Distance(const DataSet& data, std::span<const float> a, std::span<const float> b) {
  float sum = 0;
  for (size_t i = 0; i < data.dimension; ++i) {
    sum += data.metric == Metric::kL2 ? (a[i] - b[i]) * (a[i] - b[i]) : -a[i] * b[i];
  }
  return sum;
}

/// Ordinals below `count` by `key`, smallest first.
template <typename Key>
std::vector<uint32_t> Ordered(size_t count, Key key) {
  std::vector<float> keys(count);
  for (size_t i = 0; i < count; ++i) keys[i] = key(i);
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return keys[a] < keys[b]; });
  return order;
}

void SetRows(FilteredQueries& made, std::vector<uint32_t> rows, const DataSet& data) {
  made.matches = rows.size();
  made.filter.rows = columnar::RowSet::Of(rows);
  made.filter.words = made.filter.rows.ToWords(static_cast<uint32_t>(data.row_count()));
}

void FindTruth(FilteredQueries& made, const DataSet& data, const FlatIndex& flat, size_t k) {
  std::vector<Neighbor> found(k);
  for (uint32_t query : made.queries) {
    const VectorSearch request{.query = data.Query(query), .k = k, .allowed = &made.filter.rows};
    const size_t count = flat.Search(RequestContext{}, request, found).value();
    made.distance_max.push_back(found[count - 1].distance);
  }
}

}  // namespace

Result<Correlation> ParseCorrelation(const std::string& name) {
  if (name == "random") return Correlation::kRandom;
  if (name == "near") return Correlation::kNear;
  if (name == "far") return Correlation::kFar;
  return InvalidArgument("'{}' is no way to draw a filter: random, near, far", name);
}

std::vector<FilteredQueries> MakeFilters(const DataSet& data, Correlation correlation, double share,
                                         size_t k) {
  std::mt19937_64 random(kSeed);
  const auto passing = std::max<size_t>(
      1, static_cast<size_t>(std::llround(share * static_cast<double>(data.row_count()))));
  const size_t query_count = std::min(kQueriesEach, data.query_count());
  const auto flat =
      FlatIndex::Borrow(data.metric, static_cast<int32_t>(data.dimension), data.rows.data(),
                        data.dimension, static_cast<int64_t>(data.row_count()), nullptr)
          .value();
  std::vector<FilteredQueries> filters(kFilterCount);
  for (FilteredQueries& made : filters) {
    const auto point = data.Row(random() % data.row_count());
    const bool by_place = correlation != Correlation::kRandom;
    const float sign = correlation == Correlation::kFar ? -1.0F : 1.0F;
    auto draw = [&](size_t) { return static_cast<float>(random() >> 40); };
    auto rows = by_place ? Ordered(data.row_count(),
                                   [&](size_t r) { return Distance(data, data.Row(r), point); })
                         : Ordered(data.row_count(), draw);
    auto queries =
        by_place ? Ordered(data.query_count(),
                           [&](size_t q) { return sign * Distance(data, data.Query(q), point); })
                 : Ordered(data.query_count(), draw);
    rows.resize(passing);
    queries.resize(query_count);
    made.queries = std::move(queries);
    SetRows(made, std::move(rows), data);
    FindTruth(made, data, *flat, k);
  }
  return filters;
}

}  // namespace iolite::vector::peers
