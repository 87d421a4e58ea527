#include "iolite/search/internal/nearest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "iolite/base/random.h"
#include "iolite/search/testing/fake_result_store.h"

namespace iolite::search::internal {
namespace {

using search::testing::FakeRows;
using search::testing::FakeSegment;
using search::testing::MakeSnapshot;
using ::testing::ElementsAre;

std::vector<std::string> Ids(const results::Snapshot& snapshot, const NearestRequest& request,
                             Executor* executor = nullptr) {
  const auto found = FindNearest({}, snapshot, request, executor);
  EXPECT_TRUE(found.ok()) << found.status().ToString();
  std::vector<std::string> ids;
  if (found.ok()) {
    for (const FoundRow& row : *found) ids.push_back(row.id);
  }
  return ids;
}

const std::vector<float> kOrigin = {0, 0};

TEST(FindNearest, TiesBreakByIdAlsoAtTheBoundaryAndAcrossParts) {
  const auto snapshot = MakeSnapshot({{{"d", "c", "far"}, {{1, 0}, {0, 1}, {5, 5}}},
                                      {{"b", "a", "near"}, {{-1, 0}, {0, -1}, {0, 0}}}},
                                     vector::Metric::kL2, 2);
  EXPECT_THAT(Ids(*snapshot, {.query = kOrigin, .k = 3}), ElementsAre("near", "a", "b"));
  EXPECT_THAT(Ids(*snapshot, {.query = kOrigin, .k = 2}), ElementsAre("near", "a"));
  EXPECT_THAT(Ids(*snapshot, {.query = kOrigin, .k = 6}),
              ElementsAre("near", "a", "b", "c", "d", "far"));
}

TEST(FindNearest, ALongRowOfTiesAtTheBoundaryIsFoundWhole) {
  FakeRows rows;
  for (int i = 0; i < 3000; ++i) {
    rows.ids.push_back(fmt::format("{:04}", 2999 - i));
    rows.vectors.push_back({1, 0});
  }
  const auto snapshot = MakeSnapshot({rows}, vector::Metric::kCosine, 2);
  const std::vector<float> query = {1, 1};
  EXPECT_THAT(Ids(*snapshot, {.query = query, .k = 3}), ElementsAre("0000", "0001", "0002"));
}

TEST(FindNearest, HiddenRowsFiltersAndTheExampleTakeNoPlace) {
  const auto snapshot =
      MakeSnapshot({{{"a", "b", "c"}, {{0, 0}, {1, 0}, {2, 0}}}, {{"b", "d"}, {{3, 0}, {4, 0}}}},
                   vector::Metric::kL2, 2, {{1}});
  EXPECT_THAT(Ids(*snapshot, {.query = kOrigin, .k = 3}), ElementsAre("a", "c", "b"));
  EXPECT_THAT(Ids(*snapshot, {.query = kOrigin, .k = 3, .without = RowPlace{0, 0}}),
              ElementsAre("c", "b", "d"));
  FilterRowsBuilder filter(*snapshot);
  filter.Add(0, 2);
  filter.Add(1, 1);
  const FilterRows rows = filter.Finish();
  EXPECT_EQ(rows.match_count, 2);
  EXPECT_THAT(Ids(*snapshot, {.query = kOrigin, .k = 3, .filter = &rows}), ElementsAre("c", "d"));
  const FilterRows none = FilterRowsBuilder(*snapshot).Finish();
  EXPECT_TRUE(Ids(*snapshot, {.query = kOrigin, .k = 3, .filter = &none}).empty());
  const auto place = FindVisible(*snapshot, "b");
  ASSERT_TRUE(place.ok());
  EXPECT_EQ(*place, (RowPlace{1, 0}));
  EXPECT_EQ(*FindVisible(*snapshot, "gone"), std::nullopt);
}

TEST(FindNearest, WithoutTiesOneSearchAPartIsEnough) {
  FakeRows rows;
  for (int i = 0; i < 50; ++i) {
    rows.ids.push_back(fmt::format("{}", i));
    rows.vectors.push_back({static_cast<float>(i), 1});
  }
  const auto snapshot = MakeSnapshot({rows}, vector::Metric::kL2, 2);
  Ids(*snapshot, {.query = kOrigin, .k = 10});
  EXPECT_EQ(static_cast<const FakeSegment&>(*snapshot->parts[0].segment).search_count(), 1);
}

// Few distinct coordinates make ties everywhere; the answer must be the first k of all visible rows
// by distance and id.
TEST(FindNearest, AgreesWithSortingEverything) {
  const uint64_t seed = Random::System().NextBits();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  const auto random = Random::Seeded(seed);
  const auto executor = Executor::Threads(2);
  for (int round = 0; round < 60; ++round) {
    std::vector<FakeRows> parts(1 + random->NextBelow(3));
    std::vector<std::vector<uint32_t>> hidden(parts.size());
    std::vector<std::pair<float, std::string>> visible;
    const std::vector<float> query = {static_cast<float>(random->NextBelow(3)), 0};
    for (size_t p = 0; p < parts.size(); ++p) {
      const uint64_t count = random->NextBelow(40);
      for (uint32_t row = 0; row < count; ++row) {
        parts[p].ids.push_back(random->NextHex(6));
        parts[p].vectors.push_back(
            {static_cast<float>(random->NextBelow(4)), static_cast<float>(random->NextBelow(2))});
        if (random->NextBelow(5) == 0) {
          hidden[p].push_back(row);
          continue;
        }
        const float x = parts[p].vectors.back()[0] - query[0];
        const float y = parts[p].vectors.back()[1];
        visible.emplace_back(x * x + y * y, parts[p].ids.back());
      }
    }
    std::ranges::sort(visible);
    const size_t k = random->NextBelow(30);
    std::vector<std::string> expected;
    for (size_t i = 0; i < std::min(k, visible.size()); ++i) expected.push_back(visible[i].second);
    const auto snapshot = MakeSnapshot(parts, vector::Metric::kL2, 2, hidden);
    EXPECT_EQ(Ids(*snapshot, {.query = query, .k = k}, round % 2 ? executor.get() : nullptr),
              expected)
        << "round " << round << " k " << k;
    const auto batch =
        FindNearestBatch({}, *snapshot, {.k = k}, std::vector<QueryVector>(3, {query, {}}));
    ASSERT_TRUE(batch.ok()) << batch.status().ToString();
    for (const auto& found : *batch) {
      std::vector<std::string> ids;
      for (const FoundRow& row : found) ids.push_back(row.id);
      EXPECT_EQ(ids, expected) << "batch, round " << round << " k " << k;
    }
  }
}

TEST(FindNearest, StopsWhenCancelled) {
  const auto snapshot = MakeSnapshot({{{"a"}, {{0, 0}}}}, vector::Metric::kL2, 2);
  RequestContext context;
  context.cancel.Cancel();
  EXPECT_EQ(FindNearest(context, *snapshot, {.query = kOrigin, .k = 1}, nullptr).status().code(),
            StatusCode::kCancelled);
}

}  // namespace
}  // namespace iolite::search::internal
