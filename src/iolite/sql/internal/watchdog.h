#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "iolite/base/context.h"

namespace iolite::sql {

/// Interrupts queries whose caller cancelled them or whose time is over, also while the caller's
/// own thread is deep inside one of DuckDB's tasks.
///
/// Threads: any number may watch.
/// Cost:    one thread, asleep while no query runs; two mutex acquisitions a call.
class Watchdog {
 public:
  struct Entry {
    RequestContext context;
    std::function<void()> interrupt;
  };

  /// Watches from construction to destruction.
  class Scope {
   public:
    Scope(Watchdog& watchdog, const RequestContext& context, std::function<void()> interrupt);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Watchdog& watchdog_;
    std::list<Entry>::iterator entry_;
  };

  Watchdog() = default;
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void Run();

  std::mutex mutex_;  // guards all below
  std::condition_variable wake_;
  std::list<Entry> entries_;
  bool polling_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace iolite::sql
