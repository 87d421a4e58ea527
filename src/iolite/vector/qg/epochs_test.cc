#include "iolite/vector/qg/epochs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace iolite::vector::qg {
namespace {

TEST(Epochs, WhatIsRetiredComesBackWhenThoseWhoSawItHaveLeft) {
  Epochs epochs;
  bool back = false;
  std::optional<Epochs::Guard> before(epochs.Enter());
  epochs.Retire([&] { back = true; });
  for (int i = 0; i < 10; ++i) epochs.Collect();
  EXPECT_FALSE(back);
  // Those who come later cannot see it, and do not hold it.
  const Epochs::Guard after = epochs.Enter();
  before.reset();
  for (int i = 0; i < 10; ++i) epochs.Collect();
  EXPECT_TRUE(back);
}

TEST(Epochs, WithoutReadersAFewCollectsGiveAllBackInOrder) {
  Epochs epochs;
  std::vector<int> back;
  for (int i = 0; i < 5; ++i) epochs.Retire([&, i] { back.push_back(i); });
  for (int i = 0; i < 3; ++i) epochs.Collect();
  EXPECT_EQ(back, (std::vector<int>{0, 1, 2, 3, 4}));
}

// What is given back is overwritten at once: a reader who sees that saw what was gone.
TEST(Epochs, ReadersNeverSeeWhatWasGivenBack) {
  constexpr int kGone = -1;
  Epochs epochs;
  std::vector<std::unique_ptr<std::atomic<int>>> places;
  for (int i = 0; i < 64; ++i) places.push_back(std::make_unique<std::atomic<int>>(0));
  std::vector<std::atomic<int>*> free;
  for (auto& place : places) free.push_back(place.get());
  std::atomic<std::atomic<int>*> shown = free.back();
  free.pop_back();
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      while (!done.load()) {
        const Epochs::Guard guard = epochs.Enter();
        const std::atomic<int>* seen = shown.load(std::memory_order_acquire);
        for (int i = 0; i < 20; ++i) wrong += seen->load(std::memory_order_relaxed) == kGone;
      }
    });
  }
  for (int change = 0; change < 20'000; ++change) {
    epochs.Collect();
    if (free.empty()) continue;
    std::atomic<int>* next = free.back();
    free.pop_back();
    next->store(change, std::memory_order_relaxed);
    std::atomic<int>* before = shown.exchange(next, std::memory_order_acq_rel);
    epochs.Retire([&, before] {
      before->store(kGone, std::memory_order_relaxed);
      free.push_back(before);
    });
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  epochs.CollectAll();
  EXPECT_EQ(free.size(), places.size() - 1);
}

}  // namespace
}  // namespace iolite::vector::qg
