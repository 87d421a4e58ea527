#include "iolite/vector/qg/epochs.h"

#include <utility>

namespace iolite::vector::qg {
namespace {

// Threads that meet in one counter only slow each other down.
size_t ShardOfThread(size_t shards) {
  static std::atomic<size_t> next = 0;
  thread_local const size_t own = next.fetch_add(1, std::memory_order_relaxed);
  return own % shards;
}

}  // namespace

void Epochs::CollectAll() {
  for (Retired& retired : retired_) retired.give_back();
  retired_.clear();
}

// The epoch may end between reading it and counting in it: then the reader is not counted where the
// writer looks, leaves again and tries the next.
Epochs::Guard Epochs::Enter() {
  const size_t shard = ShardOfThread(kShards);
  for (;;) {
    const uint64_t epoch = epoch_.load(std::memory_order_seq_cst);
    std::atomic<uint32_t>& readers = counts_[epoch % 3][shard].readers;
    readers.fetch_add(1, std::memory_order_seq_cst);
    if (epoch_.load(std::memory_order_seq_cst) == epoch) return Guard(&readers);
    readers.fetch_sub(1, std::memory_order_release);
  }
}

void Epochs::Retire(std::function<void()> give_back) {
  retired_.push_back({epoch_.load(std::memory_order_relaxed), std::move(give_back)});
}

bool Epochs::IsLeft(uint64_t epoch) const {
  for (const Shard& shard : counts_[epoch % 3]) {
    if (shard.readers.load(std::memory_order_seq_cst) != 0) return false;
  }
  return true;
}

// Readers of this epoch may still see what was retired in it; those of the next one cannot, but
// those of this one may still be there while the next begins.
void Epochs::Collect() {
  if (retired_.empty()) return;
  uint64_t epoch = epoch_.load(std::memory_order_relaxed);
  if (IsLeft(epoch - 1)) epoch_.store(++epoch, std::memory_order_seq_cst);
  while (!retired_.empty() && retired_.front().epoch + 2 <= epoch) {
    retired_.front().give_back();
    retired_.pop_front();
  }
}

}  // namespace iolite::vector::qg
