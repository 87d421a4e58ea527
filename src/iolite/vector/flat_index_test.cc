#include "iolite/vector/flat_index.h"

#include <gtest/gtest.h>

#include <cmath>

#include "iolite/vector/testing/index_calls.h"
#include "iolite/vector/testing/random_vectors.h"

namespace iolite::vector {
namespace {

using testing::Find;
using testing::GaussianRows;
using testing::TrueNeighbors;

constexpr size_t kDimension = 33;

TEST(FlatIndex, FindsTheTrueNeighboursUnderEveryFilter) {
  const auto rows = GaussianRows(1, 5000, kDimension);
  const auto query = GaussianRows(2, 1, kDimension);
  std::vector<uint32_t> some, few = {4999, 3, 77};
  for (uint32_t row = 1; row < 6000; row += 3) some.push_back(row);
  const auto a = columnar::RowSet::Of(some), b = columnar::RowSet::Of(few);
  const auto hidden = columnar::RowSet::Range(0, 2000), nothing = columnar::RowSet();
  for (Metric metric : {Metric::kCosine, Metric::kInnerProduct, Metric::kL2}) {
    auto index = FlatIndex::Own(metric, kDimension, rows).value();
    for (const columnar::RowSet* allowed : {(const columnar::RowSet*)nullptr, &a, &b, &nothing}) {
      for (const columnar::RowSet* gone : {(const columnar::RowSet*)nullptr, &hidden, &nothing}) {
        const auto found =
            Find(*index, {.query = query, .k = 25, .allowed = allowed, .hidden = gone});
        const auto truth = TrueNeighbors(metric, rows, kDimension, query, 25, allowed, gone);
        ASSERT_EQ(found.size(), truth.size());
        for (size_t i = 0; i < found.size(); ++i) {
          EXPECT_EQ(found[i].row, truth[i].row);
          EXPECT_NEAR(found[i].distance, truth[i].distance, 1e-4);
        }
      }
    }
  }
}

TEST(FlatIndex, EqualDistancesComeInTheOrderOfRows) {
  std::vector<float> rows;
  for (int i = 0; i < 10'000; ++i) rows.insert(rows.end(), {1.0f, 2.0f});
  auto index = FlatIndex::Own(Metric::kL2, 2, rows).value();
  const std::vector<float> query = {0, 0};
  const auto found = Find(*index, {.query = query, .k = 50});
  ASSERT_EQ(found.size(), 50u);
  for (uint32_t i = 0; i < 50; ++i) EXPECT_EQ(found[i].row, i);
}

TEST(FlatIndex, StaysWithinTheLargestDistance) {
  const std::vector<float> rows = {0, 1, 2, 3, 4};
  auto index = FlatIndex::Own(Metric::kL2, 1, rows).value();
  const std::vector<float> query = {0};
  const auto found = Find(*index, {.query = query, .distance_max = 4.0f});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[2].row, 2u);
}

TEST(FlatIndex, BorrowsRowsWithAStride) {
  auto memory = std::make_shared<std::vector<float>>(GaussianRows(3, 100, 40));
  auto index =
      FlatIndex::Borrow(Metric::kCosine, kDimension, memory->data(), 40, 100, memory).value();
  const std::vector<float> query(memory->begin() + 50 * 40, memory->begin() + 50 * 40 + kDimension);
  memory.reset();
  EXPECT_EQ(Find(*index, {.query = query, .k = 1})[0].row, 50u);
  EXPECT_EQ(index->memory_bytes(), 0);
}

TEST(FlatIndex, ABatchGivesTheSameBitsForAnyNumberOfThreads) {
  const size_t row_count = 1500, query_count = 101;
  const auto rows = GaussianRows(4, row_count, kDimension);
  const auto queries = GaussianRows(5, query_count, kDimension);
  auto executor = Executor::Threads(3);
  const auto some = columnar::RowSet::Range(100, 1400);
  for (Metric metric : {Metric::kCosine, Metric::kInnerProduct, Metric::kL2}) {
    auto index = FlatIndex::Own(metric, kDimension, rows).value();
    for (const columnar::RowSet* allowed : {(const columnar::RowSet*)nullptr, &some}) {
      for (Executor* runner : {&Executor::Inline(), executor.get()}) {
        std::vector<Neighbor> out(query_count * 12);
        std::vector<size_t> counts(query_count);
        ASSERT_TRUE(index
                        ->SearchBatch(RequestContext{}, *runner, queries,
                                      {.k = 12, .allowed = allowed}, out, counts)
                        .ok());
        for (size_t q = 0; q < query_count; ++q) {
          const auto one =
              Find(*index, {.query = std::span(queries).subspan(q * kDimension, kDimension),
                            .k = 12,
                            .allowed = allowed});
          ASSERT_EQ(counts[q], 12u);
          for (size_t i = 0; i < 12; ++i) {
            ASSERT_EQ(out[q * 12 + i].row, one[i].row);
            ASSERT_EQ(out[q * 12 + i].distance, one[i].distance);
          }
        }
      }
    }
  }
}

TEST(FlatIndex, RefusesWhatCannotBe) {
  const std::vector<float> query = {1, 2};
  EXPECT_EQ(FlatIndex::Own(Metric::kL2, 2, {1, 2, 3}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(FlatIndex::Own(Metric::kL2, 0, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(FlatIndex::Borrow(Metric::kL2, 2, nullptr, 2, 1, nullptr).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(FlatIndex::Borrow(Metric::kL2, 2, query.data(), 1, 1, nullptr).status().code(),
            StatusCode::kInvalidArgument);
  auto index = FlatIndex::Own(Metric::kL2, 2, {1, 2, 3, 4}).value();
  std::vector<Neighbor> out(2);
  auto code = [&](std::vector<float> bad, size_t room) {
    return index->Search(RequestContext{}, {.query = bad}, std::span(out).first(room))
        .status()
        .code();
  };
  EXPECT_EQ(code({1, 2}, 2), StatusCode::kOk);
  EXPECT_EQ(code({1, 2}, 1), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({1}, 2), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({1, NAN}, 2), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({1, INFINITY}, 2), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({1, 3e38f}, 2), StatusCode::kInvalidArgument);
  std::vector<size_t> counts(2);
  EXPECT_EQ(index->SearchBatch(RequestContext{}, Executor::Inline(), query, {}, out, counts).code(),
            StatusCode::kInvalidArgument);
}

TEST(FlatIndex, EmptyAndZeroK) {
  const std::vector<float> query = {1, 2};
  auto empty = FlatIndex::Own(Metric::kCosine, 2, {}).value();
  EXPECT_TRUE(Find(*empty, {.query = query}).empty());
  auto one = FlatIndex::Own(Metric::kCosine, 2, {0, 0}).value();
  EXPECT_TRUE(Find(*one, {.query = query, .k = 0}).empty());
  EXPECT_EQ(Find(*one, {.query = query, .k = 99})[0].distance, 1);
}

TEST(FlatIndex, DamagedRowsComeLast) {
  auto index = FlatIndex::Own(Metric::kInnerProduct, 1, {NAN, 2, 1}).value();
  const std::vector<float> query = {1};
  const auto found = Find(*index, {.query = query, .k = 3});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].row, 1u);
  EXPECT_EQ(found[2].row, 0u);
}

TEST(FlatIndex, StopsWhenAsked) {
  auto index = FlatIndex::Own(Metric::kL2, 1, std::vector<float>(100'000)).value();
  const std::vector<float> query = {1};
  std::vector<Neighbor> out(10);
  RequestContext context;
  context.cancel.Cancel();
  EXPECT_EQ(index->Search(context, {.query = query}, out).status().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace iolite::vector
