#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "iolite/base/context.h"

namespace iolite {

/// Runs pieces of work, on threads or in place. One serves a whole database.
///
/// Threads: any number may submit.
class Executor {
 public:
  virtual ~Executor() = default;
  /// Runs `task` at some time; the destructor waits for all that were submitted.
  virtual void Submit(std::function<void()> task) = 0;
  virtual size_t thread_count() const = 0;

  /// Calls `body(i)` for 0 <= i < count, in any order, the caller's thread taking part, and returns
  /// the error of the lowest index that failed. Stops handing out work after an error or when
  /// `context` asks. May be nested: a waiting caller never blocks the work it waits for.
  Status ParallelFor(const RequestContext& context, size_t count,
                     const std::function<Status(size_t)>& body);

  /// `thread_count` of 0 means one for each processor this process may use.
  static std::unique_ptr<Executor> Threads(size_t thread_count = 0);
  /// Runs every task at once, in the caller's thread: for tests and tiny work.
  static Executor& Inline();
};

/// Processors this process may use (affinity and cgroup quota), at least 1.
size_t AvailableProcessorCount();

}  // namespace iolite
