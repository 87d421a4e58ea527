#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/clock.h"

namespace iolite {

/// What one request did, step by step, for `--explain` and EXPLAIN ANALYZE.
///
/// Threads: any number.
class Trace {
 public:
  struct Step {
    std::string name;  ///< `filter`, `index`, `fetch`
    int64_t duration_ns = 0;
    std::string detail;  ///< `usearch ef=64, visited 1,204 of 117,659 rows`
  };

  void Add(std::string_view name, int64_t duration_ns, std::string detail);
  std::vector<Step> steps() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Step> steps_;
};

/// Times a scope and adds it to a trace, if there is one. Without a trace it costs nothing.
class TraceScope {
 public:
  TraceScope(Trace* trace, std::string_view name, Clock& clock = Clock::System())
      : trace_(trace), name_(name), clock_(clock), start_ns_(trace ? clock.monotonic_ns() : 0) {}
  ~TraceScope() {
    if (trace_) trace_->Add(name_, clock_.monotonic_ns() - start_ns_, std::move(detail_));
  }
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

  bool enabled() const { return trace_ != nullptr; }
  void set_detail(std::string detail) { detail_ = std::move(detail); }

 private:
  Trace* trace_;
  std::string_view name_;
  Clock& clock_;
  int64_t start_ns_;
  std::string detail_;
};

}  // namespace iolite
