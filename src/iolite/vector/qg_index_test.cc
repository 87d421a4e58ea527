#include "iolite/vector/qg_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "iolite/vector/qg_builder.h"
#include "iolite/vector/testing/index_calls.h"
#include "iolite/vector/testing/random_vectors.h"

namespace iolite::vector {
namespace {

using testing::EmbeddingRows;
using testing::Find;
using testing::GaussianRows;
using testing::Recall;
using testing::Same;
using testing::TrueNeighbors;

constexpr size_t kDimension = 48;

std::string Build(std::span<const float> rows, IndexBuildOptions options = {}) {
  if (options.dimension == 0) options.dimension = kDimension;
  return testing::FileOf(MakeQgBuilder(options), rows, options.dimension);
}

std::unique_ptr<QgIndex> Open(std::string bytes, IndexOpenOptions options = {}) {
  return testing::Opened(&QgIndex::OpenBytes, std::move(bytes), std::move(options));
}

TEST(QgIndex, FindsNearlyAllNeighboursForEveryMetricAndType) {
  const size_t row_count = 6000, query_count = 40;
  for (bool normalised : {true, false}) {
    const auto rows = EmbeddingRows(1, row_count + query_count, kDimension, normalised);
    const auto base = std::span(rows).first(row_count * kDimension);
    for (Metric metric : {Metric::kCosine, Metric::kInnerProduct, Metric::kL2}) {
      for (ElementType type : {ElementType::kF32, ElementType::kBF16}) {
        auto executor = Executor::Threads(2);
        IndexOpenOptions options;
        options.expect = {metric, type, kDimension, row_count};
        auto index = Open(Build(base, {.metric = metric,
                                       .element_type = type,
                                       .row_count_expected = 4000,
                                       .executor = executor.get()}),
                          options);
        ASSERT_NE(index, nullptr);
        ASSERT_TRUE(index->Verify(RequestContext{}).ok());
        double recall = 0;
        for (size_t q = 0; q < query_count; ++q) {
          const auto query = std::span(rows).subspan((row_count + q) * kDimension, kDimension);
          const auto truth = TrueNeighbors(metric, base, kDimension, query, 10);
          SearchStats stats;
          const auto found = Find(*index, {.query = query, .ef = 100, .stats = &stats});
          EXPECT_EQ(stats.plan, "graph");
          ASSERT_EQ(found.size(), 10u);
          recall += Recall(truth, found) / query_count;
          // Distances are those of the vectors that are kept.
          const auto nearest = std::span(rows).subspan(found[0].row * kDimension, kDimension);
          const double kept = type == ElementType::kF32 ? 1e-5 : 0.02;
          const std::vector<float> origin(kDimension);
          EXPECT_NEAR(found[0].distance, testing::TrueDistance(metric, query, nearest),
                      kept * (1 + testing::TrueDistance(Metric::kL2, query, origin) +
                              testing::TrueDistance(Metric::kL2, nearest, origin)));
        }
        EXPECT_GE(recall, type == ElementType::kF32 ? 0.97 : 0.92)
            << MetricName(metric) << " " << ElementTypeName(type) << " " << normalised;
      }
    }
  }
}

TEST(QgIndex, TheFileDoesNotDependOnThreads) {
  const auto rows = EmbeddingRows(2, 3000, kDimension);
  auto executor = Executor::Threads(3);
  const std::string alone = Build(rows, {.metric = Metric::kL2});
  for (int repeat = 0; repeat < 3; ++repeat) {
    EXPECT_TRUE(alone == Build(rows, {.metric = Metric::kL2, .executor = executor.get()}));
  }
}

TEST(QgIndex, AScanFindsTheTrueNeighboursAndWalksGiveTheSameDistances) {
  const size_t row_count = 4000;
  const auto rows = EmbeddingRows(3, row_count, kDimension, false);
  for (Metric metric : {Metric::kCosine, Metric::kInnerProduct, Metric::kL2}) {
    auto index = Open(Build(rows, {.metric = metric}));
    for (size_t q = 0; q < 20; ++q) {
      const auto query = std::span(rows).subspan(q * 100 * kDimension, kDimension);
      const auto truth = TrueNeighbors(metric, rows, kDimension, query, 10);
      SearchStats stats;
      const auto exact = Find(*index, {.query = query, .exact = true, .stats = &stats});
      EXPECT_EQ(stats.plan, "exact");
      EXPECT_EQ(stats.rows_visited, static_cast<int64_t>(row_count));
      ASSERT_EQ(exact.size(), 10u);
      for (size_t i = 0; i < exact.size(); ++i) EXPECT_EQ(exact[i].row, truth[i].row) << i;
      for (const Neighbor& neighbor : Find(*index, {.query = query, .ef = 200})) {
        auto same = std::find_if(exact.begin(), exact.end(),
                                 [&](const Neighbor& other) { return other.row == neighbor.row; });
        if (same == exact.end()) continue;
        EXPECT_EQ(same->distance, neighbor.distance);
      }
    }
  }
}

TEST(QgIndex, BatchesAndThreadsAnswerAsOneSearchDoes) {
  const auto rows = EmbeddingRows(4, 5000, kDimension);
  const auto queries = EmbeddingRows(5, 64, kDimension);
  auto index = Open(Build(rows, {.metric = Metric::kCosine}));
  auto executor = Executor::Threads(3);
  for (bool exact : {false, true}) {
    std::vector<Neighbor> out(64 * 10);
    std::vector<size_t> counts(64);
    const VectorSearch request{.k = 10, .ef = exact ? 0u : 60u, .exact = exact};
    ASSERT_TRUE(
        index->SearchBatch(RequestContext{}, *executor, queries, request, out, counts).ok());
    for (size_t q = 0; q < 64; ++q) {
      VectorSearch one = request;
      one.query = std::span(queries).subspan(q * kDimension, kDimension);
      const auto begin = out.begin() + static_cast<ptrdiff_t>(q * 10);
      EXPECT_TRUE(Same(Find(*index, one), {begin, begin + static_cast<ptrdiff_t>(counts[q])}));
    }
  }
}

TEST(QgIndex, TheDefaultPoolReachesTheRecallItWasCalibratedFor) {
  const size_t row_count = 20'000, query_count = 100;
  const auto rows = EmbeddingRows(6, row_count + query_count, 96);
  const auto base = std::span(rows).first(row_count * 96);
  auto executor = Executor::Threads(2);
  auto index =
      Open(Build(base, {.metric = Metric::kCosine, .dimension = 96, .executor = executor.get()}));
  size_t smaller = 0;
  for (const auto& [target, floor] : {std::pair{0.9f, 0.87}, {0.0f, 0.97}, {0.995f, 0.98}}) {
    const size_t pool = index->PoolFor(10, target);
    double recall = 0, recall_of_walk = 0;
    for (size_t q = 0; q < query_count; ++q) {
      const auto query = std::span(rows).subspan((row_count + q) * 96, 96);
      const auto truth = TrueNeighbors(Metric::kCosine, base, 96, query, 10);
      recall += Recall(truth, Find(*index, {.query = query, .target_recall = target}));
      // A wish for recall may be answered by codes where they cost less than so large a pool.
      SearchStats stats;
      recall_of_walk += Recall(truth, Find(*index, {.query = query, .ef = pool, .stats = &stats}));
      ASSERT_EQ(stats.plan, "graph") << stats.reason;
    }
    EXPECT_GE(recall / query_count, floor) << "target " << target << ", pool " << pool;
    EXPECT_GE(recall_of_walk / query_count, floor) << "target " << target << ", pool " << pool;
    EXPECT_GE(pool, smaller);
    smaller = pool;
  }
}

TEST(QgIndex, DimensionsFromOneToBeyondWhatSixteenBitsCanSum) {
  for (int32_t dimension : {1, 3, 31, 33, 128, 200, 1025, 4096}) {
    const size_t row_count = dimension > 1000 ? 600 : 1500;
    const auto rows = EmbeddingRows(7, row_count + 10, static_cast<size_t>(dimension), false);
    const auto base = std::span(rows).first(row_count * static_cast<size_t>(dimension));
    auto executor = Executor::Threads(2);
    auto index = Open(
        Build(base, {.metric = Metric::kL2, .dimension = dimension, .executor = executor.get()}));
    double recall = 0;
    for (size_t q = 0; q < 10; ++q) {
      const auto query = std::span(rows).subspan((row_count + q) * static_cast<size_t>(dimension),
                                                 static_cast<size_t>(dimension));
      const auto truth =
          TrueNeighbors(Metric::kL2, base, static_cast<size_t>(dimension), query, 10);
      recall += Recall(truth, Find(*index, {.query = query, .ef = 300})) / 10;
    }
    EXPECT_GE(recall, 0.95) << dimension;
  }
}

TEST(QgIndex, SmallTables) {
  const auto rows = GaussianRows(8, 40, kDimension);
  for (size_t count : {0ul, 1ul, 2ul, 3ul, 40ul}) {
    const auto base = std::span(rows).first(count * kDimension);
    auto index = Open(Build(base, {.metric = Metric::kL2}));
    EXPECT_EQ(index->row_count(), static_cast<int64_t>(count));
    EXPECT_TRUE(index->Verify(RequestContext{}).ok());
    for (size_t ef : {0ul, 1ul, 5ul}) {
      const auto found =
          Find(*index, {.query = std::span(rows).first(kDimension), .k = 100, .ef = ef});
      ASSERT_EQ(found.size(), count);
      if (count > 0) {
        EXPECT_EQ(found[0].row, 0u);
      }
    }
  }
}

TEST(QgIndex, EqualRowsZerosAndRowsOnALine) {
  std::vector<float> rows(10'000 * kDimension, 0.25f);
  const auto others = GaussianRows(9, 500, kDimension);
  rows.insert(rows.end(), others.begin(), others.end());
  for (int i = 0; i < 500; ++i) {
    for (size_t d = 0; d < kDimension; ++d) {
      rows.push_back(static_cast<float>(i) * (d % 2 == 0 ? 1.0f : -1.0f));
    }
  }
  rows.resize(rows.size() + 100 * kDimension, 0.0f);
  const size_t row_count = rows.size() / kDimension;
  auto executor = Executor::Threads(2);
  for (Metric metric : {Metric::kCosine, Metric::kL2, Metric::kInnerProduct}) {
    auto index = Open(Build(rows, {.metric = metric, .executor = executor.get()}));
    double recall = 0;
    const std::vector<size_t> asked = {0, 9'999, 10'007, 10'300, 10'600, 10'999, row_count - 1};
    for (size_t row : asked) {
      const auto query = std::span(rows).subspan(row * kDimension, kDimension);
      const auto truth = TrueNeighbors(metric, rows, kDimension, query, 10);
      for (size_t ef : {0ul, 3ul, 100ul}) {
        const auto found = Find(*index, {.query = query, .ef = ef});
        ASSERT_EQ(found.size(), 10u) << MetricName(metric) << " row " << row;
      }
      // By distance, because equal rows are equally right.
      const auto found = Find(*index, {.query = query, .ef = 200});
      for (const Neighbor& neighbor : found) {
        recall += neighbor.distance <= truth.back().distance + 1e-3f ? 0.1 : 0;
      }
      EXPECT_TRUE(std::is_sorted(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return a.distance < b.distance || (a.distance == b.distance && a.row < b.row);
      }));
    }
    EXPECT_GE(recall / static_cast<double>(asked.size()), 0.9) << MetricName(metric);
    EXPECT_GE(recall / static_cast<double>(asked.size()), 0.95) << MetricName(metric);
  }
}

// Their distances, .00016, are below what rounding to bf16 does to a product.
TEST(QgIndex, PointsOfACircleADegreeApartComeInOrder) {
  std::vector<float> rows;
  for (int i = 0; i < 300; ++i) {
    rows.push_back(std::cos(static_cast<float>(i)));
    rows.push_back(std::sin(static_cast<float>(i)));
  }
  auto index =
      Open(testing::FileOf(MakeQgBuilder({.metric = Metric::kCosine, .dimension = 2}), rows, 2));
  for (uint32_t i = 0; i < 300; ++i) {
    for (const size_t ef : {0ul, 100ul}) {
      const auto found =
          Find(*index, {.query = std::span(rows).subspan(i * 2, 2), .k = 1, .ef = ef});
      ASSERT_EQ(found.size(), 1u);
      EXPECT_EQ(found[0].row, i) << "ef " << ef;
    }
  }
}

TEST(QgIndex, ManyThreadsSearchAtOnce) {
  const auto rows = EmbeddingRows(10, 5000, kDimension);
  auto index = Open(Build(rows, {.metric = Metric::kCosine}));
  const auto query = std::span(rows).first(kDimension);
  const auto expected = Find(*index, {.query = query, .ef = 50});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i)
        wrong += Same(Find(*index, {.query = query, .ef = 50}), expected) ? 0 : 1;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(QgIndex, StopsWhenAskedTo) {
  const auto rows = EmbeddingRows(11, 5000, kDimension);
  auto index = Open(Build(rows, {.metric = Metric::kCosine}));
  RequestContext cancelled;
  cancelled.cancel.Cancel();
  std::vector<Neighbor> out(10);
  EXPECT_EQ(
      index->Search(cancelled, {.query = std::span(rows).first(kDimension)}, out).status().code(),
      StatusCode::kCancelled);
  auto builder = MakeQgBuilder({.metric = Metric::kL2, .dimension = kDimension}).value();
  ASSERT_TRUE(builder->Add(RequestContext{}, rows, 5000).ok());
  EXPECT_EQ(builder->FinishInMemory(cancelled).status().code(), StatusCode::kCancelled);
}

TEST(QgIndex, WrongInputIsNamed) {
  auto refused = [](IndexBuildOptions options, std::string_view message) {
    auto builder = MakeQgBuilder(options);
    EXPECT_EQ(builder.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(builder.status().message().find(message), std::string::npos)
        << builder.status().message();
  };
  refused({.dimension = 0}, "dimensions from 1 to 65536, not 0");
  refused({.element_type = ElementType::kI8, .dimension = 4}, "keeps f32 or bf16, not i8");
  refused({.metric = Metric::kL1, .dimension = 4}, "cosine, inner_product and l2, not l1");
  refused({.dimension = 4, .connectivity = 1}, "connectivity must be 2 to 256, not 1");
  refused({.dimension = 4, .expansion_add = -1}, "expansion_add must be 1 to");
  auto builder = MakeQgBuilder({.metric = Metric::kL2, .dimension = 2}).value();
  const float sound[] = {1, 2, 3, 4};
  ASSERT_TRUE(builder->Add(RequestContext{}, sound, 2).ok());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float faulty[] = {1, 2, 3, nan};
  EXPECT_EQ(builder->Add(RequestContext{}, faulty, 2).message(), "Row 3 holds NaN at position 1");
  EXPECT_EQ(builder->Add(RequestContext{}, sound, 1).code(), StatusCode::kInvalidArgument);
  auto index = Open(builder->FinishInMemory(RequestContext{}).value());
  EXPECT_EQ(index->row_count(), 2);
  EXPECT_FALSE(builder->FinishInMemory(RequestContext{}).ok());
  std::vector<Neighbor> out(10);
  auto search = [&](std::span<const float> query) {
    return index->Search(RequestContext{}, {.query = query}, out).status();
  };
  EXPECT_EQ(search(std::span(sound).first(1)).message(),
            "The query vector has dimension 1, the index 2");
  EXPECT_EQ(search(std::span(faulty).last(2)).message(),
            "The query vector holds NaN at position 1");
  EXPECT_FALSE(
      index->Search(RequestContext{}, {.query = std::span(sound).first(2)}, std::span(out).first(1))
          .ok());
}

TEST(QgIndex, ABudgetThatIsTooSmallIsSaid) {
  Budget budget("index", 100'000);
  const auto rows = GaussianRows(12, 1000, kDimension);
  auto builder =
      MakeQgBuilder({.metric = Metric::kL2, .dimension = kDimension, .budget = &budget}).value();
  EXPECT_EQ(builder->Add(RequestContext{}, rows, 1000).code(), StatusCode::kResourceExhausted);
  builder.reset();
  EXPECT_EQ(budget.used_bytes(), 0);
  IndexOpenOptions tight;
  Budget none("search", 10);
  tight.budget = &none;
  const std::string bytes = Build(rows, {.metric = Metric::kL2});
  EXPECT_EQ(QgIndex::OpenBytes(bytes, tight).status().code(), StatusCode::kResourceExhausted);
}

TEST(QgIndex, OpensAFileAndSaysWhatIsWrongWithIt) {
  const auto path =
      std::filesystem::temp_directory_path() / fmt::format("qg_index_test_{}.idx.qg", getpid());
  const auto rows = GaussianRows(13, 300, kDimension);
  const std::string bytes = Build(rows, {.metric = Metric::kL2});
  std::ofstream(path, std::ios::binary) << bytes;
  auto index = QgIndex::Open(path, {}).value();
  EXPECT_EQ(index->kind(), "qg");
  EXPECT_EQ(index->metric(), Metric::kL2);
  EXPECT_EQ(index->dimension(), static_cast<int32_t>(kDimension));
  EXPECT_EQ(index->mapped_bytes(), static_cast<int64_t>(bytes.size()));
  EXPECT_EQ(Find(*index, {.query = std::span(rows).first(kDimension), .k = 1})[0].row, 0u);
  IndexOpenOptions other;
  other.expect.metric = Metric::kCosine;
  auto refused = QgIndex::Open(path, other);
  EXPECT_EQ(refused.status().code(), StatusCode::kDataLoss);
  EXPECT_NE(refused.status().message().find("has metric l2, expected was cosine"),
            std::string::npos);
  std::filesystem::remove(path);
  EXPECT_EQ(QgIndex::Open(path, {}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace iolite::vector
