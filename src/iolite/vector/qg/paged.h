#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace iolite::vector::qg {

/// A sparse array of atomic numbers that never moves, so that readers need no lock while it grows.
///
/// Threads: any number may Load; one may Store at a time.
template <class T, T kMissing>
class PagedArray {
 public:
  PagedArray() : top_(std::make_unique<Top>()) {}
  ~PagedArray() {
    for (auto& middle : *top_) {
      Middle* pages = middle.load(std::memory_order_relaxed);
      if (pages == nullptr) continue;
      for (auto& page : *pages) delete page.load(std::memory_order_relaxed);
      delete pages;
    }
  }
  PagedArray(const PagedArray&) = delete;
  PagedArray& operator=(const PagedArray&) = delete;

  T Load(uint32_t index) const {
    const Middle* middle = (*top_)[index >> 21].load(std::memory_order_acquire);
    if (middle == nullptr) return kMissing;
    const Page* page = (*middle)[index >> 10 & 2047].load(std::memory_order_acquire);
    return page == nullptr ? kMissing : (*page)[index & 1023].load(std::memory_order_acquire);
  }

  void Store(uint32_t index, T value) {
    auto& middle = (*top_)[index >> 21];
    if (middle.load(std::memory_order_relaxed) == nullptr) {
      middle.store(new Middle{}, std::memory_order_release);
    }
    auto& page = (*middle.load(std::memory_order_relaxed))[index >> 10 & 2047];
    if (page.load(std::memory_order_relaxed) == nullptr) {
      auto fresh = std::make_unique<Page>();
      for (auto& entry : *fresh) entry.store(kMissing, std::memory_order_relaxed);
      page.store(fresh.release(), std::memory_order_release);
    }
    (*page.load(std::memory_order_relaxed))[index & 1023].store(value, std::memory_order_release);
  }

 private:
  using Page = std::array<std::atomic<T>, 1024>;
  using Middle = std::array<std::atomic<Page*>, 2048>;
  using Top = std::array<std::atomic<Middle*>, 2048>;
  std::unique_ptr<Top> top_;
};

}  // namespace iolite::vector::qg
