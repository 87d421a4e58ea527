#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "iolite/vector/index_factory.h"
#include "iolite/vector/testing/random_vectors.h"

namespace iolite::vector {
namespace {

using testing::EmbeddingRows;
using testing::Recall;
using testing::TrueDistance;
using testing::TrueNeighbors;

constexpr size_t kDimension = 96;
constexpr size_t kRowCount = 24'000;
constexpr size_t kQueryCount = 12;
constexpr uint64_t kSeed = 20'261'121;
// A flat index of codes alone, beside rows that are read.
constexpr std::string_view kCompact = "flat_codes";

std::string Build(std::string_view kind, std::span<const float> rows, Metric metric) {
  auto executor = Executor::Threads(2);
  IndexBuildOptions options{.metric = metric,
                            .dimension = kDimension,
                            .row_count_expected = static_cast<int64_t>(kRowCount),
                            .expansion_add = 64,
                            .executor = executor.get()};
  if (kind == kCompact) {
    kind = "flat";
    options.code_bits = 8;
    options.keep_vectors = false;
  }
  auto builder = MakeIndexBuilder(kind, options).value();
  EXPECT_TRUE(builder->Add(RequestContext{}, rows, rows.size() / kDimension).ok());
  return builder->FinishInMemory(RequestContext{}).value();
}

// One index of each kind for all tests of this file: building is what takes time.
class IndexFilterData : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto all = EmbeddingRows(kSeed, kRowCount + kQueryCount, kDimension, false);
    rows_ = new std::vector<float>(all.begin(), all.begin() + kRowCount * kDimension);
    queries_ = new std::vector<float>(all.begin() + kRowCount * kDimension, all.end());
    bytes_ = new std::map<std::string, std::string, std::less<>>;
  }
  static void TearDownTestSuite() {
    delete rows_;
    delete queries_;
    delete bytes_;
  }

  static std::unique_ptr<VectorIndex> Open(std::string_view kind,
                                           Budget* budget = &Budget::Unlimited()) {
    auto found = bytes_->find(kind);
    if (found == bytes_->end()) {
      found = bytes_->emplace(kind, Build(kind, *rows_, Metric::kL2)).first;
    }
    IndexOpenOptions options;
    options.budget = budget;
    if (kind != kCompact) return OpenIndexBytes(kind, found->second, options).value();
    options.read_row = [](uint32_t row, std::span<float> vector) {
      std::copy_n(rows_->begin() + row * kDimension, kDimension, vector.begin());
      return Status::Ok();
    };
    return OpenIndexBytes("flat", found->second, options).value();
  }
  static std::span<const float> Query(size_t q) {
    return std::span(*queries_).subspan(q * kDimension, kDimension);
  }

  // Rows by their distance from `point`, nearest first.
  static std::vector<uint32_t> Ordered(std::span<const float> point) {
    std::vector<std::pair<double, uint32_t>> order;
    for (uint32_t row = 0; row < kRowCount; ++row) {
      const auto vector = std::span(*rows_).subspan(row * kDimension, kDimension);
      order.push_back({TrueDistance(Metric::kL2, point, vector), row});
    }
    std::sort(order.begin(), order.end());
    std::vector<uint32_t> ordered;
    for (const auto& [distance, row] : order) ordered.push_back(row);
    return ordered;
  }

  // Searches thrice, because the plan may change once codes exist, and returns the least recall.
  static double LeastRecall(const VectorIndex& index, size_t q, const columnar::RowSet* allowed,
                            const columnar::RowSet* hidden = nullptr) {
    const auto truth =
        TrueNeighbors(Metric::kL2, *rows_, kDimension, Query(q), 10, allowed, hidden);
    double least = 1;
    for (int repeat = 0; repeat < 3; ++repeat) {
      std::vector<Neighbor> out(10);
      SearchStats stats;
      auto found = index.Search(
          RequestContext{},
          {.query = Query(q), .allowed = allowed, .hidden = hidden, .stats = &stats}, out);
      EXPECT_TRUE(found.ok()) << found.status().ToString();
      EXPECT_EQ(*found, truth.size());
      EXPECT_FALSE(stats.plan.empty());
      EXPECT_FALSE(stats.reason.empty());
      out.resize(*found);
      for (const Neighbor& neighbor : out) {
        EXPECT_TRUE(allowed == nullptr || allowed->Contains(neighbor.row));
        EXPECT_TRUE(hidden == nullptr || !hidden->Contains(neighbor.row));
      }
      EXPECT_TRUE(std::is_sorted(out.begin(), out.end(), [](const auto& a, const auto& b) {
        return a.distance < b.distance || (a.distance == b.distance && a.row < b.row);
      }));
      least = std::min(least, Recall(truth, out));
    }
    return least;
  }

  static std::vector<float>* rows_;
  static std::vector<float>* queries_;
  static std::map<std::string, std::string, std::less<>>* bytes_;
};
std::vector<float>* IndexFilterData::rows_ = nullptr;
std::vector<float>* IndexFilterData::queries_ = nullptr;
std::map<std::string, std::string, std::less<>>* IndexFilterData::bytes_ = nullptr;

class IndexFilter : public IndexFilterData,
                    public ::testing::WithParamInterface<std::string_view> {};

INSTANTIATE_TEST_SUITE_P(Kinds, IndexFilter, ::testing::Values("flat", kCompact, "qg", "usearch"),
                         [](const auto& info) { return std::string(info.param); });

constexpr double kShares[] = {1, 0.9, 0.5, 0.3, 0.1, 0.03, 0.01, 0.001, 0.0001, 0};

TEST_P(IndexFilter, RandomFiltersAtEverySelectivity) {
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937_64 random(kSeed);
  auto index = Open(GetParam());
  for (double share : kShares) {
    double recall = 0;
    for (size_t q = 0; q < kQueryCount; ++q) {
      columnar::RowSet allowed;
      for (uint32_t row = 0; row < kRowCount + 100; ++row) {
        if (std::bernoulli_distribution(share)(random)) allowed.Add(row);
      }
      recall += LeastRecall(*index, q, &allowed) / kQueryCount;
    }
    EXPECT_GE(recall, 0.97) << "share " << share;
  }
}

TEST_P(IndexFilter, FiltersThatKeepTheNearestAndThatTakeThemAway) {
  auto index = Open(GetParam());
  for (double share : {0.9, 0.5, 0.3, 0.1, 0.01, 0.001, 0.0}) {
    double near = 0, far = 0, elsewhere = 0;
    for (size_t q = 0; q < kQueryCount; ++q) {
      const auto ordered = Ordered(Query(q));
      const auto count = static_cast<size_t>(share * kRowCount);
      const auto nearest = columnar::RowSet::Of(std::span(ordered).first(count));
      const auto farthest = columnar::RowSet::Of(std::span(ordered).last(count));
      const auto other =
          Ordered(std::span(*rows_).subspan(ordered.back() * kDimension, kDimension));
      const auto around = columnar::RowSet::Of(std::span(other).first(count));
      near += LeastRecall(*index, q, &nearest) / kQueryCount;
      far += LeastRecall(*index, q, &farthest) / kQueryCount;
      elsewhere += LeastRecall(*index, q, &around) / kQueryCount;
    }
    EXPECT_GE(near, 0.97) << "share " << share;
    EXPECT_GE(far, 0.97) << "share " << share;
    EXPECT_GE(elsewhere, 0.97) << "share " << share;
  }
}

TEST_P(IndexFilter, HiddenRowsCountLikeFilteredOnes) {
  auto index = Open(GetParam());
  const auto all = columnar::RowSet::Range(0, kRowCount);
  double recall = 0;
  for (size_t q = 0; q < kQueryCount; ++q) {
    const auto ordered = Ordered(Query(q));
    const auto hidden = columnar::RowSet::Of(std::span(ordered).first(50));
    recall += LeastRecall(*index, q, nullptr, &hidden) / kQueryCount;
    EXPECT_GE(LeastRecall(*index, q, &all, &hidden), 0.8);
    const auto allowed = columnar::RowSet::Of(std::span(ordered).first(60));
    EXPECT_EQ(LeastRecall(*index, q, &allowed, &hidden), 1);
    EXPECT_EQ(LeastRecall(*index, q, &hidden, &hidden), 1);
  }
  EXPECT_GE(recall, 0.97);
}

class FlatPlan : public IndexFilterData {};

TEST_F(FlatPlan, SaysWhichPlanAndWhy) {
  auto index = Open("flat");
  auto plan = [&](uint32_t end, bool exact = false) {
    const auto allowed = columnar::RowSet::Range(0, end);
    SearchStats stats;
    std::vector<Neighbor> out(10);
    const VectorSearch request{
        .query = Query(0), .allowed = &allowed, .exact = exact, .stats = &stats};
    EXPECT_TRUE(index->Search(RequestContext{}, request, out).ok());
    return stats;
  };
  EXPECT_EQ(plan(kRowCount).plan, "codes");
  EXPECT_EQ(plan(kRowCount, true).plan, "exact");
  const auto few = plan(700);
  EXPECT_EQ(few.plan, "exact over the filter");
  EXPECT_EQ(few.reason, "700 of 24000 rows may appear");
  EXPECT_EQ(few.rows_visited, 700);
  const auto by_codes = plan(8000);
  EXPECT_EQ(by_codes.plan, "codes over the filter");
  EXPECT_EQ(by_codes.reason, "8000 of 24000 rows may appear");
  EXPECT_EQ(by_codes.rows_rescored, 200);
}

class UsearchPlan : public IndexFilterData {};

TEST_F(UsearchPlan, SaysWhichPlanAndWhy) {
  auto index = Open("usearch");
  auto plan = [&](uint32_t begin, uint32_t end, bool exact = false) {
    const auto allowed = columnar::RowSet::Range(begin, end);
    SearchStats stats;
    std::vector<Neighbor> out(10);
    EXPECT_TRUE(
        index
            ->Search(RequestContext{},
                     {.query = Query(0), .allowed = &allowed, .exact = exact, .stats = &stats}, out)
            .ok());
    return stats;
  };
  EXPECT_EQ(plan(0, kRowCount).plan, "graph");
  EXPECT_EQ(plan(0, kRowCount, true).plan, "exact");
  const auto few = plan(0, 800);
  EXPECT_EQ(few.plan, "exact over the filter");
  EXPECT_EQ(few.reason, "800 of 24000 rows may appear");
  EXPECT_EQ(few.rows_visited, 800);
  EXPECT_EQ(plan(0, 20'000).plan, "filtered graph");
  const int64_t before = index->memory_bytes();
  EXPECT_EQ(plan(0, 8000).plan, "exact over the filter");
  for (int i = 0; i < 8; ++i) plan(0, 8000);
  const auto by_codes = plan(0, 8000);
  EXPECT_EQ(by_codes.plan, "codes over the filter");
  EXPECT_EQ(by_codes.rows_rescored, 200);
  EXPECT_GT(index->memory_bytes(), before);
}

TEST_F(UsearchPlan, WithoutRoomForCodesSearchIsExact) {
  Budget tight("search", 120'000);
  auto index = Open("usearch", &tight);
  std::vector<uint32_t> some;
  for (uint32_t row = 0; row < kRowCount; row += 4) some.push_back(row);
  const auto allowed = columnar::RowSet::Of(some);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(LeastRecall(*index, 0, &allowed), 1);
  EXPECT_LT(tight.used_bytes_max(), 120'000);
}

TEST_P(IndexFilter, DistanceMaxIsAppliedToExactDistances) {
  auto index = Open(GetParam());
  const auto truth = TrueNeighbors(Metric::kL2, *rows_, kDimension, Query(1), 10);
  const float middle = (truth[4].distance + truth[5].distance) / 2;
  std::vector<Neighbor> out(10);
  auto found = index->Search(RequestContext{}, {.query = Query(1), .distance_max = middle}, out);
  ASSERT_TRUE(found.ok());
  EXPECT_GE(*found, 4u);
  EXPECT_LE(*found, 5u);
  for (size_t i = 0; i < *found; ++i) EXPECT_LE(out[i].distance, middle);
}

}  // namespace
}  // namespace iolite::vector
