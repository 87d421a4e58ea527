#include "iolite/vector/flat_file_index.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "iolite/vector/flat_builder.h"
#include "iolite/vector/flat_index.h"
#include "iolite/vector/testing/index_calls.h"
#include "iolite/vector/testing/random_vectors.h"

namespace iolite::vector {
namespace {

using testing::CommonRows;
using testing::EmbeddingRows;
using testing::Find;
using testing::Recall;
using testing::Same;
using testing::TrueNeighbors;

constexpr size_t kDimension = 48;
constexpr Metric kCoded[] = {Metric::kCosine, Metric::kInnerProduct, Metric::kL2};

std::string Build(const std::vector<float>& rows, IndexBuildOptions options) {
  if (options.dimension == 0) options.dimension = kDimension;
  return testing::FileOf(MakeFlatBuilder(options), rows, options.dimension);
}

std::unique_ptr<VectorIndex> OpenBytes(std::string bytes, IndexOpenOptions options = {}) {
  return testing::Opened(&OpenFlatIndexBytes, std::move(bytes), std::move(options));
}

std::span<const float> RowOf(const std::vector<float>& rows, size_t row) {
  return std::span(rows).subspan(row * kDimension, kDimension);
}

TEST(FlatFile, FindsNearlyAllNeighboursForEveryMetricAndType) {
  const size_t row_count = 3000, query_count = 20;
  const auto rows = EmbeddingRows(1, row_count + query_count, kDimension);
  const auto whole = testing::WholeRows(1, row_count + query_count, kDimension, 255);
  for (Metric metric : {Metric::kCosine, Metric::kInnerProduct, Metric::kL2, Metric::kL1}) {
    for (ElementType type : {ElementType::kF32, ElementType::kF16, ElementType::kBF16,
                             ElementType::kI8, ElementType::kU8}) {
      for (uint32_t code_bits : {1u, 4u, 8u}) {
        SCOPED_TRACE(::testing::Message()
                     << MetricName(metric) << " " << ElementTypeName(type) << " " << code_bits);
        const auto& all = type == ElementType::kU8 ? whole : rows;
        const std::vector<float> base(all.begin(), all.begin() + row_count * kDimension);
        auto index = OpenBytes(
            Build(base, {.metric = metric, .element_type = type, .code_bits = code_bits}));
        EXPECT_TRUE(index->Verify(RequestContext{}).ok());
        double recall = 0;
        for (size_t q = 0; q < query_count; ++q) {
          const auto query = RowOf(all, row_count + q);
          const auto truth = TrueNeighbors(metric, base, kDimension, query, 10);
          const auto found = Find(*index, {.query = query});
          ASSERT_EQ(found.size(), 10u);
          // By row: distances of small elements are their own.
          recall += static_cast<double>(CommonRows(truth, found)) / 10 / query_count;
          const float tolerance = type == ElementType::kI8 || type == ElementType::kBF16 ? 0.06f
                                  : type == ElementType::kF16                            ? 2e-3f
                                                                                         : 1e-4f;
          EXPECT_NEAR(found[0].distance, truth[0].distance,
                      tolerance * (1 + std::abs(truth[0].distance)));
        }
        EXPECT_GE(recall, type == ElementType::kI8 ? 0.8 : 0.95);
      }
    }
  }
}

TEST(FlatFile, BitsAreComparedExactly) {
  for (size_t dimension : {1ul, 63ul, 64ul, 200ul}) {
    const auto rows = testing::WholeRows(2, 500, dimension, 1);
    for (Metric metric : {Metric::kHamming, Metric::kJaccard}) {
      auto index = OpenBytes(Build(rows, {.metric = metric,
                                          .element_type = ElementType::kBits,
                                          .dimension = static_cast<int32_t>(dimension)}));
      for (size_t q = 0; q < 10; ++q) {
        const auto query = std::span(rows).subspan(q * dimension, dimension);
        const auto truth = TrueNeighbors(metric, rows, dimension, query, 10);
        SearchStats stats;
        const auto found = Find(*index, {.query = query, .stats = &stats});
        EXPECT_TRUE(Same(found, truth)) << MetricName(metric) << " " << dimension;
        EXPECT_EQ(stats.plan, "exact");
      }
    }
  }
}

// An exact search, and one that rescores every row, give the bits of a flat index over the rows.
TEST(FlatFile, ExactAnswersAreThoseOfTheRowsToTheBit) {
  const auto rows = EmbeddingRows(3, 2000, kDimension, false);
  const auto hidden = columnar::RowSet::Range(0, 9);
  columnar::RowSet even;
  for (uint32_t row = 0; row < 2000; row += 2) even.Add(row);
  auto executor = Executor::Threads(2);
  for (Metric metric : {Metric::kCosine, Metric::kInnerProduct, Metric::kL2, Metric::kL1}) {
    const auto truth = FlatIndex::Own(metric, kDimension, rows).value();
    auto read_row = [&](uint32_t row, std::span<float> vector) {
      std::copy_n(rows.begin() + row * kDimension, kDimension, vector.begin());
      return Status::Ok();
    };
    std::vector<std::unique_ptr<VectorIndex>> indexes;
    indexes.push_back(OpenBytes(Build(rows, {.metric = metric})));
    indexes.push_back(OpenBytes(Build(rows, {.metric = metric, .code_bits = 8})));
    for (ElementType type : {ElementType::kF32, ElementType::kBF16}) {
      if (metric == Metric::kL1) break;
      const std::string compact = Build(
          rows, {.metric = metric, .element_type = type, .code_bits = 8, .keep_vectors = false});
      indexes.push_back(OpenBytes(compact, {.rows = rows.data(), .rows_stride = kDimension}));
      indexes.push_back(OpenBytes(compact, {.read_row = read_row}));
    }
    for (const auto& index : indexes) {
      for (const columnar::RowSet* allowed :
           {(const columnar::RowSet*)nullptr, &std::as_const(even)}) {
        for (size_t q = 0; q < 5; ++q) {
          VectorSearch request{
              .query = RowOf(rows, q * 100), .k = 25, .allowed = allowed, .hidden = &hidden};
          request.exact = true;
          const auto expected = Find(*truth, request);
          EXPECT_TRUE(Same(Find(*index, request), expected)) << MetricName(metric);
          request.exact = false;
          // More proposals than rows may be: all are compared.
          request.ef = 2000;
          EXPECT_TRUE(Same(Find(*index, request), expected)) << MetricName(metric);
        }
      }
      std::vector<Neighbor> out(70 * 5);
      std::vector<size_t> counts(70);
      const auto queries = std::span(rows).first(70 * kDimension);
      ASSERT_TRUE(index
                      ->SearchBatch(RequestContext{}, *executor, queries, {.k = 5, .exact = true},
                                    out, counts)
                      .ok());
      for (size_t q = 0; q < 70; q += 23) {
        const auto one = Find(*truth, {.query = RowOf(rows, q), .k = 5});
        EXPECT_TRUE(Same({out.begin() + q * 5, out.begin() + q * 5 + 5}, one));
      }
    }
  }
}

TEST(FlatFile, CodesAloneFindNearlyAll) {
  const size_t row_count = 4000;
  for (Metric metric : kCoded) {
    const auto all = EmbeddingRows(4, row_count + 20, kDimension, metric != Metric::kL2);
    const std::vector<float> base(all.begin(), all.begin() + row_count * kDimension);
    for (uint32_t code_bits : {4u, 8u}) {
      auto index =
          OpenBytes(Build(base, {.metric = metric, .code_bits = code_bits, .keep_vectors = false}));
      const auto some = columnar::RowSet::Range(0, 300);
      double recall = 0, filtered = 0;
      for (size_t q = 0; q < 20; ++q) {
        const auto query = RowOf(all, row_count + q);
        SearchStats stats;
        const auto found = Find(*index, {.query = query, .stats = &stats});
        const auto truth = TrueNeighbors(metric, base, kDimension, query, 10);
        recall += static_cast<double>(CommonRows(truth, found)) / 200;
        EXPECT_NEAR(found[0].distance, truth[0].distance,
                    (code_bits == 8 ? 0.02 : 0.2) * (1 + std::abs(truth[0].distance)));
        const auto few = Find(*index, {.query = query, .allowed = &some, .stats = &stats});
        EXPECT_EQ(stats.plan, "codes over the filter");
        const auto few_truth = TrueNeighbors(metric, base, kDimension, query, 10, &some);
        filtered += static_cast<double>(CommonRows(few_truth, few)) / 200;
      }
      EXPECT_GE(recall, code_bits == 8 ? 0.95 : 0.75) << MetricName(metric);
      EXPECT_GE(filtered, code_bits == 8 ? 0.95 : 0.75) << MetricName(metric);
    }
  }
}

TEST(FlatFile, SizesStayWithinWhatIsPromised) {
  const auto rows = EmbeddingRows(5, 2000, 768);
  const IndexBuildOptions compact{.dimension = 768, .code_bits = 8, .keep_vectors = false};
  EXPECT_LT(Build(rows, compact).size(), 2000u * 1000 + 8 * 4096);
  EXPECT_LT(Build(rows, {.dimension = 768}).size(), 2000u * 3300 + 8 * 4096);
  EXPECT_LT(Build(rows, {.element_type = ElementType::kBF16, .dimension = 768}).size(),
            2000u * 1760 + 8 * 4096);
  EXPECT_LT(Build({}, {.dimension = 768}).size(), 4u * 4096);
}

TEST(FlatFile, TheSameBytesForAnyNumberOfThreads) {
  const auto rows = EmbeddingRows(6, 3000, kDimension);
  auto executor = Executor::Threads(3);
  int64_t done = 0;
  IndexBuildOptions options{.code_bits = 4, .executor = executor.get()};
  options.progress = [&](const Progress& progress) { done = progress.rows_done; };
  EXPECT_EQ(Build(rows, options), Build(rows, {.code_bits = 4}));
  EXPECT_EQ(done, 3000);
}

TEST(FlatFile, OpensAMappedFileThatMayBeRemoved) {
  const auto folder = std::filesystem::temp_directory_path() /
                      ("iolite-flat-" + std::to_string(static_cast<int>(getpid())));
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "t.idx.flat").string();
  const auto rows = EmbeddingRows(7, 500, kDimension);
  const std::string bytes = Build(rows, {});
  std::ofstream(path, std::ios::binary) << bytes;
  auto index = OpenFlatIndex(path, {.expect = {.row_count = 500}}).value();
  std::filesystem::remove_all(folder);
  EXPECT_EQ(index->kind(), "flat");
  EXPECT_EQ(index->mapped_bytes(), static_cast<int64_t>(bytes.size()));
  EXPECT_LT(index->memory_bytes(), 10'000);
  EXPECT_EQ(Find(*index, {.query = RowOf(rows, 3), .k = 1})[0].row, 3u);
  EXPECT_EQ(OpenFlatIndex(path, {}).status().code(), StatusCode::kNotFound);
}

TEST(FlatFile, RefusesWhatWasNotExpected) {
  const std::string bytes = Build(EmbeddingRows(8, 50, kDimension), {});
  auto code = [&](IndexExpectation expect) {
    return OpenFlatIndexBytes(bytes, {.expect = expect}).status().code();
  };
  EXPECT_EQ(code({.metric = Metric::kL2}), StatusCode::kDataLoss);
  EXPECT_EQ(code({.element_type = ElementType::kI8}), StatusCode::kDataLoss);
  EXPECT_EQ(code({.dimension = 49}), StatusCode::kDataLoss);
  EXPECT_EQ(code({.row_count = 51}), StatusCode::kDataLoss);
  EXPECT_EQ(code({.metric = Metric::kCosine, .dimension = 48, .row_count = 50}), StatusCode::kOk);
  const float row[kDimension] = {};
  EXPECT_EQ(OpenFlatIndexBytes(bytes, {.rows = row, .rows_stride = 3}).status().code(),
            StatusCode::kInvalidArgument);
  Budget tiny("search", 100);
  EXPECT_EQ(OpenFlatIndexBytes(bytes, {.budget = &tiny}).status().code(),
            StatusCode::kResourceExhausted);
}

TEST(FlatFile, EmptyOneRowAndTenThousandTheSame) {
  for (Metric metric : kCoded) {
    auto empty = OpenBytes(Build({}, {.metric = metric}));
    const std::vector<float> query(kDimension, 0.5f);
    EXPECT_TRUE(Find(*empty, {.query = query}).empty());
    EXPECT_TRUE(empty->Verify(RequestContext{}).ok());
    auto one = OpenBytes(Build(query, {.metric = metric}));
    EXPECT_EQ(Find(*one, {.query = query}).size(), 1u);
    std::vector<float> same;
    for (int i = 0; i < 10'000; ++i) same.insert(same.end(), query.begin(), query.end());
    auto index = OpenBytes(Build(same, {.metric = metric, .code_bits = 8}));
    const auto last = columnar::RowSet::Range(9000, 10'000);
    for (const auto& direction : {query, std::vector<float>(kDimension)}) {
      const auto found = Find(*index, {.query = direction, .k = 20});
      ASSERT_EQ(found.size(), 20u);
      for (uint32_t i = 0; i < 20; ++i) EXPECT_EQ(found[i].row, i) << MetricName(metric);
      const auto filtered = Find(*index, {.query = direction, .k = 20, .allowed = &last});
      for (uint32_t i = 0; i < 20; ++i) EXPECT_EQ(filtered[i].row, 9000 + i);
    }
  }
}

// On a line, of zeros, and far from the origin: codes can tell little, answers stay right.
TEST(FlatFile, RowsThatCodesCannotTellApart) {
  std::vector<float> rows;
  for (int row = 0; row < 3000; ++row) {
    for (size_t d = 0; d < kDimension; ++d) {
      rows.push_back(row % 3 == 0 ? 0 : 1000 + static_cast<float>(row) * 1e-2f);
    }
  }
  for (Metric metric : kCoded) {
    auto index = OpenBytes(Build(rows, {.metric = metric}));
    for (size_t row : {0ul, 1ul, 1500ul, 2999ul}) {
      const auto truth = TrueNeighbors(metric, rows, kDimension, RowOf(rows, row), 10);
      const auto found = Find(*index, {.query = RowOf(rows, row)});
      EXPECT_EQ(Recall(truth, found), 1) << MetricName(metric) << " " << row;
    }
  }
}

TEST(FlatFile, KOfZeroHugeKAndDistanceMax) {
  const auto rows = EmbeddingRows(9, 3000, kDimension);
  auto index = OpenBytes(Build(rows, {.metric = Metric::kL2}));
  EXPECT_TRUE(Find(*index, {.query = RowOf(rows, 0), .k = 0}).empty());
  const auto all = Find(*index, {.query = RowOf(rows, 0), .k = 1'000'000});
  EXPECT_EQ(all.size(), 3000u);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.row < b.row);
  }));
  const auto truth = TrueNeighbors(Metric::kL2, rows, kDimension, RowOf(rows, 0), 10);
  const float middle = (truth[4].distance + truth[5].distance) / 2;
  const auto near = Find(*index, {.query = RowOf(rows, 0), .distance_max = middle});
  ASSERT_EQ(near.size(), 5u);
  for (const Neighbor& neighbor : near) EXPECT_LE(neighbor.distance, middle);
}

TEST(FlatFile, RefusesBadQueriesRowsAndOptions) {
  auto index = OpenBytes(Build(EmbeddingRows(10, 200, kDimension), {}));
  std::vector<Neighbor> out(10);
  std::vector<float> query(kDimension, 1.0f);
  query[3] = NAN;
  EXPECT_EQ(index->Search(RequestContext{}, {.query = query}, out).status().message(),
            "The query vector holds NaN at position 3");
  auto refused = [](IndexBuildOptions options, std::vector<float> row) {
    options.dimension = 2;
    return MakeFlatBuilder(options).value()->Add(RequestContext{}, row, 1).message();
  };
  EXPECT_EQ(refused({}, {1, INFINITY}), "Row 0 holds infinity at position 1");
  const IndexBuildOptions u8{.metric = Metric::kL2, .element_type = ElementType::kU8};
  EXPECT_EQ(refused(u8, {1, 2.5f}),
            "Row 0 holds 2.5 at position 1: u8 takes whole numbers from 0 to 255");
  EXPECT_EQ(refused(u8, {-1, 2}),
            "Row 0 holds -1 at position 0: u8 takes whole numbers from 0 to 255");
  EXPECT_EQ(refused(u8, {0, 256}),
            "Row 0 holds 256 at position 1: u8 takes whole numbers from 0 to 255");
  const IndexBuildOptions bits{.metric = Metric::kHamming, .element_type = ElementType::kBits};
  EXPECT_EQ(refused(bits, {1, 2}), "Row 0 holds 2 at position 1: bits takes 0 and 1");
  EXPECT_NE(refused({.metric = Metric::kL1, .element_type = ElementType::kI8}, {3, 4}), "");
  auto of_bits = OpenBytes(
      Build({0, 1, 1, 1},
            {.metric = Metric::kHamming, .element_type = ElementType::kBits, .dimension = 2}));
  const float half[] = {0, 0.5f};
  EXPECT_EQ(of_bits->Search(RequestContext{}, {.query = half}, out).status().message(),
            "The query vector holds 0.5 at position 1: bits takes 0 and 1");

  auto code = [](IndexBuildOptions options) { return MakeFlatBuilder(options).status().code(); };
  EXPECT_EQ(code({.dimension = 0}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.dimension = 65'537}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.dimension = 2, .code_bits = 3}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.dimension = 2, .keep_vectors = false}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.metric = Metric::kHamming, .dimension = 2}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.element_type = ElementType::kBits, .dimension = 2}),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.dimension = 2, .row_count_expected = -1}), StatusCode::kInvalidArgument);
  Budget tiny("index build", 1000);
  EXPECT_EQ(code({.dimension = 768, .row_count_expected = 100, .budget = &tiny}),
            StatusCode::kResourceExhausted);
}

TEST(FlatFile, StopsWhenAsked) {
  const auto rows = EmbeddingRows(11, 3000, kDimension);
  auto index = OpenBytes(Build(rows, {}));
  std::vector<Neighbor> out(10);
  RequestContext cancelled;
  cancelled.cancel.Cancel();
  const VectorSearch request{.query = RowOf(rows, 0)};
  EXPECT_EQ(index->Search(cancelled, request, out).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(index->Verify(cancelled).code(), StatusCode::kCancelled);
  RequestContext late;
  late.deadline_ns = late.clock->monotonic_ns() - 1;
  EXPECT_EQ(index->Search(late, request, out).status().code(), StatusCode::kDeadlineExceeded);
  RequestContext stopping;
  IndexBuildOptions options{.dimension = kDimension};
  options.progress = [&](const Progress& progress) {
    if (progress.rows_done >= 1000) stopping.cancel.Cancel();
  };
  auto builder = MakeFlatBuilder(options).value();
  ASSERT_TRUE(builder->Add(RequestContext{}, rows, 3000).ok());
  EXPECT_EQ(builder->FinishInMemory(stopping).status().code(), StatusCode::kCancelled);
}

TEST(FlatFile, AFailingRowReaderIsReported) {
  const auto rows = EmbeddingRows(12, 3000, kDimension);
  IndexOpenOptions options;
  options.read_row = [](uint32_t, std::span<float>) { return DataLoss("the rows are gone"); };
  auto index = OpenBytes(Build(rows, {.code_bits = 8, .keep_vectors = false}), options);
  std::vector<Neighbor> out(10);
  EXPECT_EQ(index->Search(RequestContext{}, {.query = RowOf(rows, 0)}, out).status().code(),
            StatusCode::kDataLoss);
}

TEST(FlatFile, BuildingStaysWithinItsBudget) {
  const auto rows = EmbeddingRows(13, 2000, kDimension);
  Budget small("index build", 100'000);
  auto builder = MakeFlatBuilder({.dimension = kDimension, .budget = &small}).value();
  EXPECT_EQ(builder->Add(RequestContext{}, rows, 2000).code(), StatusCode::kResourceExhausted);
  Budget enough("index build", 2'000'000);
  Build(rows, {.row_count_expected = 2000, .code_bits = 8, .budget = &enough});
  EXPECT_EQ(enough.used_bytes(), 0);
  EXPECT_GE(enough.used_bytes_max(), static_cast<int64_t>(rows.size() * 4));
}

TEST(FlatFile, ManyThreadsSearchAtOnce) {
  constexpr uint32_t kThreads = 6, kEach = 20;
  const auto rows = EmbeddingRows(14, 6000, kDimension);
  auto index = OpenBytes(Build(rows, {.code_bits = 4}));
  std::vector<std::vector<Neighbor>> alone;
  for (uint32_t i = 0; i < kThreads * kEach; ++i) {
    alone.push_back(Find(*index, {.query = RowOf(rows, i)}));
  }
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (uint32_t i = t * kEach; i < (t + 1) * kEach; ++i) {
        if (!Same(Find(*index, {.query = RowOf(rows, i)}), alone[i])) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(FlatFile, ABatchAnswersLikeSingleSearches) {
  auto rows = EmbeddingRows(16, 4000, kDimension);
  std::fill_n(rows.begin() + 5 * kDimension, kDimension, 0.0f);  // a query of zeros, too
  auto executor = Executor::Threads(2);
  columnar::RowSet most, few;
  for (uint32_t row = 0; row < 4000; ++row) {
    if (row % 10 != 3) most.Add(row);
    if (row % 4 == 1) few.Add(row);
  }
  for (uint32_t code_bits : {1u, 8u}) {
    auto index = OpenBytes(Build(rows, {.code_bits = code_bits}));
    for (const columnar::RowSet* allowed :
         {(const columnar::RowSet*)nullptr, &std::as_const(most), &std::as_const(few)}) {
      for (size_t k : {0ul, 7ul, 5000ul}) {
        const size_t kept = std::min<size_t>(k, 4000);
        std::vector<Neighbor> out(45 * kept);
        std::vector<size_t> counts(45);
        const auto queries = std::span(rows).first(45 * kDimension);
        ASSERT_TRUE(index
                        ->SearchBatch(RequestContext{}, *executor, queries,
                                      {.k = k, .allowed = allowed}, out, counts)
                        .ok());
        for (size_t q = 0; q < 45; ++q) {
          const auto one = Find(*index, {.query = RowOf(rows, q), .k = k, .allowed = allowed});
          ASSERT_EQ(counts[q], one.size());
          const auto first = out.begin() + static_cast<ptrdiff_t>(q * kept);
          EXPECT_TRUE(Same({first, first + static_cast<ptrdiff_t>(counts[q])}, one));
        }
      }
    }
    std::vector<Neighbor> out(10);
    std::vector<size_t> counts(1);
    std::vector<float> bad(kDimension, NAN);
    EXPECT_EQ(index->SearchBatch(RequestContext{}, *executor, bad, {}, out, counts).code(),
              StatusCode::kInvalidArgument);
    EXPECT_EQ(
        index->SearchBatch(RequestContext{}, *executor, std::span(bad).first(3), {}, out, counts)
            .code(),
        StatusCode::kInvalidArgument);
  }
}

TEST(FlatFile, EveryDimensionUpToTheLargest) {
  for (size_t dimension : {1ul, 2ul, 31ul, 33ul, 100ul, 1025ul, 65'536ul}) {
    const size_t row_count = dimension > 10'000 ? 40 : 1500;
    const auto rows = testing::GaussianRows(15, row_count, dimension);
    for (Metric metric : kCoded) {
      if (metric == Metric::kCosine && dimension == 1) continue;
      auto index = OpenBytes(Build(
          rows, {.metric = metric, .dimension = static_cast<int32_t>(dimension), .code_bits = 4}));
      const auto query = std::span(rows).subspan(7 * dimension, dimension);
      // Few proposals, so that codes are asked in small tables, too.
      const auto found = Find(*index, {.query = query, .k = 3, .ef = 10});
      const auto truth = TrueNeighbors(metric, rows, dimension, query, 3);
      EXPECT_GE(Recall(truth, found), 0.66) << MetricName(metric) << " " << dimension;
    }
  }
}

}  // namespace
}  // namespace iolite::vector
