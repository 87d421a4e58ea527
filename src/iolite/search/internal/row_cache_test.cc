#include "iolite/search/internal/row_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "iolite/search/internal/key_index.h"
#include "iolite/search/internal/lru_cache.h"

namespace iolite::search::internal {
namespace {

/// A cache of texts that counts its loads.
class Texts {
 public:
  explicit Texts(int64_t bytes_max, Budget* budget = &Budget::Unlimited())
      : cache(bytes_max, budget) {}
  std::string Get(RowCache::Key key, int64_t bytes) {
    const auto text = cache.Get<std::string>(key, [&]() -> Result<RowCache::Piece> {
      ++load_count;
      return RowCache::Piece{std::make_shared<std::string>(std::to_string(key.column)), bytes};
    });
    return text.ok() ? **text : text.status().ToString();
  }
  RowCache cache;
  std::atomic<int> load_count = 0;
};

TEST(RowCache, KeepsWhatFitsAndDropsTheOldest) {
  Texts texts(100);
  EXPECT_EQ(texts.Get({1, 0, 0, 1}, 40), "1");
  EXPECT_EQ(texts.Get({1, 0, 0, 2}, 40), "2");
  texts.Get({1, 0, 0, 1}, 40);
  EXPECT_EQ(texts.load_count, 2);
  texts.Get({1, 0, 0, 3}, 40);
  EXPECT_FALSE(texts.cache.Has({1, 0, 0, 2}));
  EXPECT_TRUE(texts.cache.Has({1, 0, 0, 1}));
  EXPECT_EQ(texts.cache.bytes(), 80);
}

TEST(RowCache, WhatDoesNotFitIsGivenAndNotKept) {
  Budget budget("rows", 50);
  Texts texts(100, &budget);
  EXPECT_EQ(texts.Get({1, 0, 0, 1}, 101), "1");
  EXPECT_EQ(texts.Get({1, 0, 0, 2}, 60), "2");
  EXPECT_EQ(texts.cache.bytes(), 0);
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(RowCache, ForgetsOneVersionOnly) {
  Texts texts(100);
  texts.Get({1, 0, 0, 1}, 10);
  texts.Get({2, -2, -2, -2}, 10);
  texts.Get({2, 0, 0, 1}, 10);
  texts.cache.Forget(2);
  EXPECT_TRUE(texts.cache.Has({1, 0, 0, 1}));
  EXPECT_EQ(texts.cache.bytes(), 10);
}

TEST(RowCache, AFailedLoadIsTriedAgain) {
  Texts texts(100);
  const auto failed = texts.cache.Get<std::string>(
      {1, 0, 0, 1}, []() -> Result<RowCache::Piece> { return Unavailable("disk"); });
  EXPECT_EQ(failed.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(texts.Get({1, 0, 0, 1}, 10), "1");
}

TEST(RowCache, ManyThreadsWaitForOneLoad) {
  Texts texts(1000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i)
        EXPECT_EQ(texts.Get({1, 0, 0, i % 10}, 10), std::to_string(i % 10));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(texts.load_count, 10);
}

// A failed load takes away only what it began: not what another caller has kept since.
TEST(RowCache, LoadsThatFailBesideOthersLeaveTheSumRight) {
  constexpr int64_t kBytes = 10;
  Budget budget("rows", 1000);
  RowCache cache(3 * kBytes, &budget);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const auto load = [&]() -> Result<RowCache::Piece> {
          std::this_thread::yield();
          if ((i + t) % 3 == 0) return Unavailable("disk");
          return RowCache::Piece{std::make_shared<int>(i), kBytes};
        };
        (void)cache.Get<int>({1, 0, 0, i % 2}, load);
        if (i % 16 == t) cache.Forget(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const int64_t kept =
      (cache.Has({1, 0, 0, 0}) ? kBytes : 0) + (cache.Has({1, 0, 0, 1}) ? kBytes : 0);
  EXPECT_EQ(cache.bytes(), kept);
  EXPECT_EQ(budget.used_bytes(), kept);
  cache.Forget(1);
  EXPECT_EQ(cache.bytes(), 0);
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(LruCache, DropsTheOldest) {
  LruCache<int> cache(2);
  cache.Put("a", std::make_shared<int>(1));
  cache.Put("b", std::make_shared<int>(2));
  EXPECT_EQ(*cache.Find("a"), 1);
  cache.Put("c", std::make_shared<int>(3));
  EXPECT_EQ(cache.Find("b"), nullptr);
  EXPECT_EQ(*cache.Find("a"), 1);
  cache.Put("a", std::make_shared<int>(4));
  EXPECT_EQ(*cache.Find("a"), 4);
  LruCache<int> none(0);
  none.Put("a", std::make_shared<int>(1));
  EXPECT_EQ(none.Find("a"), nullptr);
}

TEST(KeyIndex, FindsEveryKeyAndNothingElse) {
  KeyIndex::Builder builder(0);
  for (int i = 0; i < 5000; ++i) {
    builder.Add(i % 7 == 0 ? std::nullopt : std::optional<std::string_view>(std::to_string(i)));
  }
  builder.Add("1");  // again: the first row counts
  builder.Add("");
  const KeyIndex keys = builder.Finish();
  EXPECT_EQ(keys.row_count(), 5002);
  for (int i = 0; i < 5000; ++i) {
    EXPECT_EQ(keys.Find(std::to_string(i)), i % 7 == 0 ? std::nullopt : std::optional<int64_t>(i));
  }
  EXPECT_EQ(keys.Find(""), 5001);
  EXPECT_EQ(keys.Find("5001"), std::nullopt);
  EXPECT_EQ(KeyIndex::Builder(0).Finish().Find("a"), std::nullopt);
}

}  // namespace
}  // namespace iolite::search::internal
