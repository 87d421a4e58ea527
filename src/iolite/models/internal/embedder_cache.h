#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "iolite/base/context.h"
#include "iolite/models/embedder.h"

namespace iolite::models {

/// Loaded models. Those who ask for one at once wait for one load; past `bytes_max` the ones used
/// longest ago go, but never one that somebody holds.
///
/// Threads: any number.
class EmbedderCache {
 public:
  using Embedding = std::shared_ptr<const Embedder>;

  explicit EmbedderCache(int64_t bytes_max) : bytes_max_(bytes_max) {}

  /// What `key` names, by `load` when it is not there. A failed load is not remembered; who waited
  /// for one that was cancelled loads itself. kCancelled and kDeadlineExceeded as `context` asks.
  Result<Embedding> Get(const RequestContext& context, const std::string& key,
                        const std::function<Result<Embedding>()>& load);

 private:
  struct Entry {
    Embedding embedder;
    Status failure;
    bool loading = true;
    int64_t bytes = 0;
    int64_t used = 0;  // of use_count_, when it was asked for last
  };

  Result<Embedding> Load(std::unique_lock<std::mutex>& lock, const std::string& key,
                         const std::function<Result<Embedding>()>& load);
  void Evict();

  const int64_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
  int64_t use_count_ = 0;
};

}  // namespace iolite::models
