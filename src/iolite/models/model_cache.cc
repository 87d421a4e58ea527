#include "iolite/models/internal/model_cache.h"

#include <chrono>

namespace iolite::models {
namespace {

bool IsTheLoadersOwn(const Status& status) {
  return status.code() == StatusCode::kCancelled || status.code() == StatusCode::kDeadlineExceeded;
}

}  // namespace

Result<std::shared_ptr<const void>> ModelCache::GetErased(const RequestContext& context,
                                                          const std::string& key,
                                                          const Load& load) {
  std::unique_lock lock(mutex_);
  while (true) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    const auto found = entries_.find(key);
    if (found == entries_.end()) return LoadNew(lock, key, load);
    const std::shared_ptr<Entry> entry = found->second;
    while (entry->loading) {
      IOLITE_RETURN_IF_ERROR(context.Check());
      changed_.wait_for(lock, std::chrono::milliseconds(20));
    }
    if (entry->loaded.model) {
      entry->used = ++use_count_;
      return entry->loaded.model;
    }
    if (!IsTheLoadersOwn(entry->failure)) return entry->failure;
  }
}

Result<std::shared_ptr<const void>> ModelCache::LoadNew(std::unique_lock<std::mutex>& lock,
                                                        const std::string& key, const Load& load) {
  const auto entry = std::make_shared<Entry>();
  entries_[key] = entry;
  lock.unlock();
  Result<Loaded> loaded = load();
  lock.lock();
  entry->loading = false;
  changed_.notify_all();
  if (!loaded.ok()) {
    entry->failure = loaded.status();
    entries_.erase(key);
    return loaded.status();
  }
  entry->loaded = *loaded;
  entry->used = ++use_count_;
  Evict();
  return loaded->model;
}

void ModelCache::Evict() {
  int64_t bytes = 0;
  for (const auto& [key, entry] : entries_) bytes += entry->loaded.bytes;
  while (bytes > bytes_max_) {
    auto oldest = entries_.end();
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      // use_count 1: only this cache holds it, and nobody can get it without the mutex.
      const bool idle = !it->second->loading && it->second->loaded.model.use_count() == 1;
      if (idle && (oldest == entries_.end() || it->second->used < oldest->second->used))
        oldest = it;
    }
    if (oldest == entries_.end()) return;
    bytes -= oldest->second->loaded.bytes;
    entries_.erase(oldest);
  }
}

}  // namespace iolite::models
