#include "iolite/sql/internal/watchdog.h"

#include <chrono>
#include <utility>

namespace iolite::sql {
namespace {

constexpr std::chrono::milliseconds kPollInterval{10};
// Polling goes on for a while after the last query, so that one query after the other pays for no
// wake-up.
constexpr int kIdlePollsMax = 10;

}  // namespace

Watchdog::Scope::Scope(Watchdog& watchdog, const RequestContext& context,
                       std::function<void()> interrupt)
    : watchdog_(watchdog) {
  std::lock_guard lock(watchdog_.mutex_);
  watchdog_.entries_.push_front({context, std::move(interrupt)});
  entry_ = watchdog_.entries_.begin();
  if (!watchdog_.thread_.joinable()) watchdog_.thread_ = std::thread(&Watchdog::Run, &watchdog_);
  if (!watchdog_.polling_) watchdog_.wake_.notify_one();
}

Watchdog::Scope::~Scope() {
  std::lock_guard lock(watchdog_.mutex_);
  watchdog_.entries_.erase(entry_);
}

Watchdog::~Watchdog() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Watchdog::Run() {
  std::unique_lock lock(mutex_);
  int idle_polls = 0;
  while (!stopping_) {
    idle_polls = entries_.empty() ? idle_polls + 1 : 0;
    polling_ = idle_polls <= kIdlePollsMax;
    if (!polling_) {
      wake_.wait(lock, [&] { return stopping_ || !entries_.empty(); });
      idle_polls = 0;
      polling_ = true;
    }
    for (Entry& entry : entries_) {
      if (!entry.context.Check().ok()) entry.interrupt();
    }
    wake_.wait_for(lock, kPollInterval, [&] { return stopping_; });
  }
}

}  // namespace iolite::sql
