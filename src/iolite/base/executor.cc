#include "iolite/base/executor.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

namespace iolite {
namespace {

class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(size_t thread_count) {
    for (size_t i = 0; i < thread_count; ++i) threads_.emplace_back([this] { Work(); });
  }
  ~ThreadPool() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  void Submit(std::function<void()> task) override {
    {
      std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
  }
  size_t thread_count() const override { return threads_.size(); }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

class InlineExecutor final : public Executor {
 public:
  void Submit(std::function<void()> task) override { task(); }
  size_t thread_count() const override { return 1; }
};

// What the threads of one ParallelFor share. Kept alive by every task, because a task may start
// after the caller has already finished all the work and left.
struct Loop {
  std::atomic<size_t> next = 0;
  size_t count;
  std::atomic<size_t> running = 0;
  std::mutex mutex;
  std::condition_variable idle;
  size_t failed_index = SIZE_MAX;
  Status failure;
  std::atomic<bool> stop = false;
};

void Fail(Loop& loop, size_t index, Status status) {
  std::lock_guard lock(loop.mutex);
  loop.stop = true;
  if (index < loop.failed_index) {
    loop.failed_index = index;
    loop.failure = std::move(status);
  }
}

void RunShare(Loop& loop, const RequestContext& context,
              const std::function<Status(size_t)>& body) {
  while (!loop.stop) {
    size_t index = loop.next.fetch_add(1);
    if (index >= loop.count) return;
    Status status = context.Check();
    if (status.ok()) status = body(index);
    if (!status.ok()) Fail(loop, index, std::move(status));
  }
}

}  // namespace

Status Executor::ParallelFor(const RequestContext& context, size_t count,
                             const std::function<Status(size_t)>& body) {
  auto loop = std::make_shared<Loop>();
  loop->count = count;
  size_t helper_count = count > 1 ? std::min(count - 1, thread_count()) : 0;
  if (this == &Inline()) helper_count = 0;
  for (size_t i = 0; i < helper_count; ++i) {
    Submit([loop, &context, &body] {
      // A helper that comes late must not touch the caller's frame: it registers first, and the
      // caller leaves only when nobody is registered and no index is left.
      {
        std::lock_guard lock(loop->mutex);
        if (loop->stop || loop->next >= loop->count) return;
        ++loop->running;
      }
      RunShare(*loop, context, body);
      std::lock_guard lock(loop->mutex);
      --loop->running;
      loop->idle.notify_all();
    });
  }
  RunShare(*loop, context, body);
  std::unique_lock lock(loop->mutex);
  loop->stop = true;
  loop->idle.wait(lock, [&] { return loop->running == 0; });
  return loop->failure;
}

std::unique_ptr<Executor> Executor::Threads(size_t thread_count) {
  return std::make_unique<ThreadPool>(thread_count > 0 ? thread_count : AvailableProcessorCount());
}

Executor& Executor::Inline() {
  static InlineExecutor executor;
  return executor;
}

size_t AvailableProcessorCount() {
  cpu_set_t set;
  CPU_ZERO(&set);
  size_t count = std::thread::hardware_concurrency();
  if (sched_getaffinity(0, sizeof(set), &set) == 0) count = CPU_COUNT(&set);
  // cgroup v2 writes `max 100000` or `quota period`.
  std::ifstream quota_file("/sys/fs/cgroup/cpu.max");
  double quota = 0, period = 0;
  if (quota_file >> quota >> period && period > 0) {
    count = std::min(count, static_cast<size_t>(std::max(1.0, quota / period + 0.5)));
  }
  return std::max<size_t>(count, 1);
}

}  // namespace iolite
