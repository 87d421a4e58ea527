#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "iolite/base/context.h"
#include "iolite/base/status.h"

namespace iolite::models {

/// Loaded models of every kind. Those who ask for one at once wait for one load; past `bytes_max`
/// the ones used longest ago go, but never one that somebody holds.
///
/// Threads: any number.
class ModelCache {
 public:
  explicit ModelCache(int64_t bytes_max) : bytes_max_(bytes_max) {}

  /// What `key` names, by `load` when it is not there; a key names models of one type only. A
  /// failed load is not remembered; who waited for one that was cancelled loads itself. kCancelled
  /// and kDeadlineExceeded as `context` asks.
  template <typename Model>
  Result<std::shared_ptr<const Model>> Get(
      const RequestContext& context, const std::string& key,
      const std::function<Result<std::shared_ptr<const Model>>()>& load) {
    const auto erased = [&]() -> Result<Loaded> {
      IOLITE_ASSIGN_OR_RETURN(std::shared_ptr<const Model> model, load());
      const auto& info = model->info();
      return Loaded{model, info.parameter_count * (info.precision == "bf16" ? 2 : 4)};
    };
    IOLITE_ASSIGN_OR_RETURN(std::shared_ptr<const void> found, GetErased(context, key, erased));
    return std::static_pointer_cast<const Model>(std::move(found));
  }

 private:
  struct Loaded {
    std::shared_ptr<const void> model;
    int64_t bytes = 0;
  };
  struct Entry {
    Loaded loaded;
    Status failure;
    bool loading = true;
    int64_t used = 0;  // of use_count_, when it was asked for last
  };
  using Load = std::function<Result<Loaded>()>;

  Result<std::shared_ptr<const void>> GetErased(const RequestContext& context,
                                                const std::string& key, const Load& load);
  Result<std::shared_ptr<const void>> LoadNew(std::unique_lock<std::mutex>& lock,
                                              const std::string& key, const Load& load);
  void Evict();

  const int64_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
  int64_t use_count_ = 0;
};

}  // namespace iolite::models
