#include "iolite/vector/usearch_index.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

#include "iolite/vector/testing/index_calls.h"
#include "iolite/vector/testing/random_vectors.h"
#include "iolite/vector/usearch_builder.h"

namespace iolite::vector {
namespace {

using testing::EmbeddingRows;
using testing::Find;
using testing::Recall;
using testing::Same;
using testing::TrueNeighbors;

constexpr size_t kDimension = 48;

std::string Build(std::span<const float> rows, IndexBuildOptions options) {
  if (options.dimension == 0) options.dimension = kDimension;
  return testing::FileOf(MakeUsearchBuilder(options), rows, options.dimension);
}

std::unique_ptr<UsearchIndex> OpenBytes(std::string bytes, IndexOpenOptions options = {}) {
  return testing::Opened(&UsearchIndex::OpenBytes, std::move(bytes), std::move(options));
}

TEST(UsearchIndex, FindsNearlyAllNeighboursForEveryMetricAndType) {
  const size_t row_count = 3000;
  const auto rows = EmbeddingRows(1, row_count + 30, kDimension);
  const auto base = std::vector<float>(rows.begin(), rows.begin() + row_count * kDimension);
  for (Metric metric : {Metric::kCosine, Metric::kInnerProduct, Metric::kL2}) {
    for (ElementType type :
         {ElementType::kF32, ElementType::kF16, ElementType::kBF16, ElementType::kI8}) {
      if (metric == Metric::kInnerProduct && type != ElementType::kF32) continue;
      auto executor = Executor::Threads(2);
      IndexBuildOptions build{
          .metric = metric, .element_type = type, .expansion_add = 64, .executor = executor.get()};
      const std::string bytes = Build(base, build);
      IndexOpenOptions options;
      options.rows = base.data();
      options.rows_stride = kDimension;
      options.expect = {metric, type, kDimension, row_count};
      auto index = OpenBytes(bytes, options);
      ASSERT_TRUE(index->Verify(RequestContext{}).ok());
      double recall = 0;
      for (size_t q = 0; q < 30; ++q) {
        const auto query = std::span(rows).subspan((row_count + q) * kDimension, kDimension);
        const auto truth = TrueNeighbors(metric, base, kDimension, query, 10);
        SearchStats stats;
        const auto found = Find(*index, {.query = query, .ef = 64, .stats = &stats});
        EXPECT_EQ(stats.plan, "graph");
        EXPECT_EQ(found.size(), 10u);
        recall += Recall(truth, found) / 30;
      }
      EXPECT_GE(recall, type == ElementType::kI8 ? 0.95 : 0.97)
          << MetricName(metric) << " " << ElementTypeName(type);
    }
  }
}

TEST(UsearchIndex, DistancesAreThoseOfTheRowsWhereTheyAreAtHand) {
  const auto rows = EmbeddingRows(2, 1500, kDimension);
  const auto query = std::span(rows).subspan(17 * kDimension, kDimension);
  for (ElementType type : {ElementType::kBF16, ElementType::kI8}) {
    const std::string bytes = Build(rows, {.metric = Metric::kCosine, .element_type = type});
    IndexOpenOptions with_reader;
    with_reader.read_row = [&](uint32_t row, std::span<float> vector) {
      std::copy_n(rows.begin() + row * kDimension, kDimension, vector.begin());
      return Status::Ok();
    };
    IndexOpenOptions with_rows;
    with_rows.rows = rows.data();
    with_rows.rows_stride = kDimension;
    const auto truth = TrueNeighbors(Metric::kCosine, rows, kDimension, query, 10);
    for (const auto& options : {with_reader, with_rows}) {
      auto index = OpenBytes(bytes, options);
      for (bool exact : {false, true}) {
        const auto found = Find(*index, {.query = query, .ef = 64, .exact = exact});
        ASSERT_EQ(found.size(), 10u);
        for (size_t i = 0; i < found.size(); ++i) {
          EXPECT_NEAR(found[i].distance, truth[i].distance, 2e-6) << ElementTypeName(type);
        }
      }
    }
    // Without the rows the elements answer.
    const auto approximate = Find(*OpenBytes(bytes), {.query = query});
    EXPECT_NEAR(approximate[0].distance, 0, 0.02);
  }
}

TEST(UsearchIndex, I8DistancesAreInTheRowsUnits) {
  const auto rows = EmbeddingRows(3, 800, kDimension);
  const auto query = std::span(rows).subspan(5 * kDimension, kDimension);
  for (Metric metric : {Metric::kInnerProduct, Metric::kL2}) {
    const auto index_bytes = Build(rows, {.metric = metric, .element_type = ElementType::kI8});
    const auto found = Find(*OpenBytes(index_bytes), {.query = query, .k = 1});
    EXPECT_NEAR(found[0].distance, metric == Metric::kL2 ? 0 : -1, 0.05);
  }
}

TEST(UsearchIndex, OpensAMappedFileThatMayBeRemoved) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("iolite-vector-" + std::to_string(getpid()) + ".idx.usearch");
  const auto rows = EmbeddingRows(4, 700, kDimension);
  const std::string bytes = Build(rows, {});
  std::ofstream(path, std::ios::binary) << bytes;
  auto index = UsearchIndex::Open(path.string(), {});
  ASSERT_TRUE(index.ok()) << index.status().ToString();
  std::filesystem::remove(path);
  EXPECT_EQ((*index)->mapped_bytes(), static_cast<int64_t>(bytes.size()));
  EXPECT_EQ((*index)->memory_bytes() / 4, 701);
  const auto found = Find(**index, {.query = std::span(rows).first(kDimension), .k = 1});
  EXPECT_EQ(found[0].row, 0u);
  auto missing = UsearchIndex::Open(path.string(), {});
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
}

TEST(UsearchIndex, RefusesWhatWasNotExpected) {
  const std::string bytes = Build(EmbeddingRows(5, 100, kDimension), {});
  auto code = [&](IndexExpectation expect) {
    IndexOpenOptions options;
    options.expect = expect;
    return UsearchIndex::OpenBytes(bytes, options).status().code();
  };
  EXPECT_EQ(code({.metric = Metric::kL2}), StatusCode::kDataLoss);
  EXPECT_EQ(code({.element_type = ElementType::kI8}), StatusCode::kDataLoss);
  EXPECT_EQ(code({.dimension = 47}), StatusCode::kDataLoss);
  EXPECT_EQ(code({.row_count = 101}), StatusCode::kDataLoss);
}

TEST(UsearchIndex, EmptyOneRowAndTenThousandTheSame) {
  std::vector<float> query(kDimension, 0.5f);
  EXPECT_TRUE(Find(*OpenBytes(Build({}, {})), {.query = query}).empty());

  const auto one = Find(*OpenBytes(Build(query, {})), {.query = query, .k = 1000});
  ASSERT_EQ(one.size(), 1u);
  EXPECT_NEAR(one[0].distance, 0, 1e-6);

  std::vector<float> same;
  for (int i = 0; i < 10'000; ++i) same.insert(same.end(), query.begin(), query.end());
  auto executor = Executor::Threads(2);
  auto index = OpenBytes(Build(same, {.expansion_add = 32, .executor = executor.get()}));
  const columnar::RowSet allowed = columnar::RowSet::Range(5000, 9000);
  for (const columnar::RowSet* filter : {(const columnar::RowSet*)nullptr, &allowed}) {
    const auto found = Find(*index, {.query = query, .k = 100, .allowed = filter});
    ASSERT_EQ(found.size(), 100u);
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i].distance, 0, 1e-6);
      if (i > 0) {
        EXPECT_LT(found[i - 1].row, found[i].row);
      }
    }
  }
}

TEST(UsearchIndex, KOfZeroAndHugeK) {
  const auto rows = EmbeddingRows(6, 1500, kDimension);
  auto index = OpenBytes(Build(rows, {}));
  const auto query = std::span(rows).first(kDimension);
  EXPECT_TRUE(Find(*index, {.query = query, .k = 0}).empty());
  const auto all = Find(*index, {.query = query, .k = 1'000'000'000});
  ASSERT_EQ(all.size(), 1500u);
  for (size_t i = 1; i < all.size(); ++i) EXPECT_LE(all[i - 1].distance, all[i].distance);
}

TEST(UsearchIndex, RefusesBadQueriesAndRows) {
  const auto rows = EmbeddingRows(7, 200, kDimension);
  auto index = OpenBytes(Build(rows, {}));
  std::vector<Neighbor> out(10);
  auto code = [&](std::vector<float> query, size_t room = 10) {
    return index->Search(RequestContext{}, {.query = query}, std::span(out).first(room))
        .status()
        .code();
  };
  std::vector<float> query(kDimension, 1.0f);
  EXPECT_EQ(code(query), StatusCode::kOk);
  EXPECT_EQ(code(query, 9), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(std::vector<float>(kDimension - 1)), StatusCode::kInvalidArgument);
  query[3] = NAN;
  EXPECT_EQ(code(query), StatusCode::kInvalidArgument);
  query[3] = -INFINITY;
  EXPECT_EQ(code(query), StatusCode::kInvalidArgument);

  auto builder = MakeUsearchBuilder({.dimension = 2}).value();
  const float bad[] = {1, 0, 1, NAN};
  Status status = builder->Add(RequestContext{}, bad, 2);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "Row 1 holds NaN at position 1");
  EXPECT_EQ(builder->Add(RequestContext{}, bad, 3).code(), StatusCode::kInvalidArgument);
  // Nothing of a refused call is kept.
  EXPECT_TRUE(builder->Add(RequestContext{}, std::span(bad).first(2), 1).ok());
  EXPECT_EQ(OpenBytes(builder->FinishInMemory(RequestContext{}).value())->row_count(), 1);
  EXPECT_EQ(builder->FinishInMemory(RequestContext{}).status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(MakeUsearchBuilder({.dimension = 0}).status().code(), StatusCode::kInvalidArgument);
  auto i8 =
      MakeUsearchBuilder({.metric = Metric::kL2, .element_type = ElementType::kI8, .dimension = 2})
          .value();
  const float long_row[] = {3, 4};
  EXPECT_EQ(i8->Add(RequestContext{}, long_row, 1).code(), StatusCode::kInvalidArgument);
}

TEST(UsearchIndex, StopsWhenAsked) {
  const auto rows = EmbeddingRows(8, 2000, kDimension);
  auto index = OpenBytes(Build(rows, {}));
  std::vector<Neighbor> out(10);
  RequestContext cancelled;
  cancelled.cancel.Cancel();
  VectorSearch request{.query = std::span(rows).first(kDimension)};
  EXPECT_EQ(index->Search(cancelled, request, out).status().code(), StatusCode::kCancelled);
  RequestContext late;
  late.deadline_ns = late.clock->monotonic_ns() - 1;
  EXPECT_EQ(index->Search(late, request, out).status().code(), StatusCode::kDeadlineExceeded);

  RequestContext stopping;
  IndexBuildOptions options{.dimension = kDimension};
  options.progress = [&](const Progress& progress) {
    EXPECT_EQ(progress.rows_total, 2000);
    if (progress.rows_done >= 1000) stopping.cancel.Cancel();
  };
  auto builder = MakeUsearchBuilder(options).value();
  ASSERT_TRUE(builder->Add(RequestContext{}, rows, 2000).ok());
  EXPECT_EQ(builder->FinishInMemory(stopping).status().code(), StatusCode::kCancelled);
}

TEST(UsearchIndex, BuildingStaysWithinItsBudget) {
  const auto rows = EmbeddingRows(9, 2000, kDimension);
  Budget small("index build", 100'000);
  auto builder = MakeUsearchBuilder({.dimension = kDimension, .budget = &small}).value();
  EXPECT_EQ(builder->Add(RequestContext{}, rows, 2000).code(), StatusCode::kResourceExhausted);
  Budget enough("index build", 4'000'000);
  Build(rows, {.dimension = kDimension, .row_count_expected = 2000, .budget = &enough});
  EXPECT_EQ(enough.used_bytes(), 0);
  EXPECT_GE(enough.used_bytes_max(), static_cast<int64_t>(rows.size() * 4));
}

// What one thread finds is what each of eight must find, also while codes are being made: links
// depend on the build, answers do not. Long rows, so that few of them are too many to compare
// exactly.
TEST(UsearchIndex, ManyThreadsSearchAtOnce) {
  constexpr uint32_t kWide = 2048, kRows = 2700, kThreads = 8, kEach = 30;
  const auto rows = EmbeddingRows(10, kRows, kWide);
  auto executor = Executor::Threads(2);
  const std::string bytes = Build(
      rows,
      {.metric = Metric::kL2, .dimension = kWide, .expansion_add = 32, .executor = executor.get()});
  IndexOpenOptions options;
  options.executor = executor.get();
  const auto quiet = OpenBytes(bytes, options), shared = OpenBytes(bytes, options);
  std::vector<uint32_t> third;
  for (uint32_t row = 0; row < kRows; row += 3) third.push_back(row);
  const auto allowed = columnar::RowSet::Of(third);
  const auto find = [&](const VectorIndex& index, uint32_t i) {
    const auto query = std::span(rows).subspan(i * 3 * kWide, kWide);
    return Find(index,
                {.query = query, .k = 5, .ef = 64, .allowed = i % 2 == 0 ? &allowed : nullptr});
  };
  std::vector<std::vector<Neighbor>> alone;
  for (uint32_t i = 0; i < kThreads * kEach; ++i) alone.push_back(find(*quiet, i));
  const int64_t before = shared->memory_bytes();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (uint32_t i = t * kEach; i < (t + 1) * kEach; ++i) {
        const auto found = find(*shared, i);
        if (found.size() != 5 || !Same(found, alone[i])) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(shared->memory_bytes(), before);
}

TEST(UsearchIndex, ABatchAnswersLikeSingleSearches) {
  const auto rows = EmbeddingRows(11, 1500, kDimension);
  auto executor = Executor::Threads(2);
  auto index = OpenBytes(Build(rows, {}));
  std::vector<Neighbor> out(50 * 7);
  std::vector<size_t> counts(50);
  ASSERT_TRUE(index
                  ->SearchBatch(RequestContext{}, *executor, std::span(rows).first(50 * kDimension),
                                {.k = 7, .ef = 64}, out, counts)
                  .ok());
  for (size_t q = 0; q < 50; ++q) {
    const auto one = Find(
        *index, {.query = std::span(rows).subspan(q * kDimension, kDimension), .k = 7, .ef = 64});
    ASSERT_EQ(counts[q], one.size());
    for (size_t i = 0; i < one.size(); ++i) EXPECT_EQ(out[q * 7 + i].row, one[i].row);
  }
}

TEST(UsearchIndex, AnExactBatchAnswersLikeSingleExactSearches) {
  const size_t row_count = 1500, query_count = 70;
  const auto rows = EmbeddingRows(12, row_count + query_count, kDimension);
  const auto base = std::vector<float>(rows.begin(), rows.begin() + row_count * kDimension);
  const auto queries = std::span(rows).subspan(row_count * kDimension);
  columnar::RowSet odd;
  for (uint32_t row = 1; row < row_count; row += 2) odd.Add(row);
  const auto hidden = columnar::RowSet::Range(0, 5);
  auto executor = Executor::Threads(2);
  for (ElementType type : {ElementType::kF32, ElementType::kBF16}) {
    IndexOpenOptions options;
    if (type != ElementType::kF32) options.rows = base.data();
    options.rows_stride = kDimension;
    auto index = OpenBytes(Build(base, {.element_type = type}), options);
    for (const columnar::RowSet* allowed :
         {(const columnar::RowSet*)nullptr, &std::as_const(odd)}) {
      VectorSearch request{.k = 7, .allowed = allowed, .hidden = &hidden, .exact = true};
      std::vector<Neighbor> out(query_count * 7);
      std::vector<size_t> counts(query_count);
      ASSERT_TRUE(
          index->SearchBatch(RequestContext{}, *executor, queries, request, out, counts).ok());
      for (size_t q = 0; q < query_count; ++q) {
        request.query = queries.subspan(q * kDimension, kDimension);
        const auto one = Find(*index, request);
        ASSERT_EQ(counts[q], one.size());
        for (size_t i = 0; i < one.size(); ++i) {
          ASSERT_EQ(out[q * 7 + i].row, one[i].row);
          ASSERT_EQ(out[q * 7 + i].distance, one[i].distance);
        }
      }
    }
  }
}

}  // namespace
}  // namespace iolite::vector
