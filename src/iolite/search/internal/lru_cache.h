#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace iolite::search::internal {

/// A bounded number of immutable values by text; the one that was asked for longest ago goes first.
///
/// Threads: any number.
template <typename Value>
class LruCache {
 public:
  explicit LruCache(int64_t entry_count_max) : entry_count_max_(entry_count_max) {}

  std::shared_ptr<const Value> Find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->second;
  }

  void Put(std::string key, std::shared_ptr<const Value> value) {
    const std::lock_guard lock(mutex_);
    if (entry_count_max_ <= 0) return;
    if (const auto found = entries_.find(key); found != entries_.end()) {
      found->second->second = std::move(value);
      return;
    }
    order_.emplace_front(std::move(key), std::move(value));
    entries_.emplace(order_.front().first, order_.begin());
    if (static_cast<int64_t>(entries_.size()) > entry_count_max_) {
      entries_.erase(order_.back().first);
      order_.pop_back();
    }
  }

 private:
  using Order = std::list<std::pair<std::string, std::shared_ptr<const Value>>>;

  const int64_t entry_count_max_;
  std::mutex mutex_;
  Order order_;
  std::unordered_map<std::string_view, typename Order::iterator> entries_;
};

}  // namespace iolite::search::internal
