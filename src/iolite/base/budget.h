#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "iolite/base/status.h"

namespace iolite {

class Reservation;

/// A bound on memory that several pieces of work share. A child draws from its parent too.
///
/// Threads: any number. Lifetime: outlives its reservations and children.
class Budget {
 public:
  /// `limit_bytes` of 0 means without a bound of its own.
  Budget(std::string name, int64_t limit_bytes, Budget* parent = nullptr)
      : name_(std::move(name)), limit_bytes_(limit_bytes), parent_(parent) {}

  /// Takes `bytes` until the Reservation goes. kResourceExhausted, with the figures and the
  /// budget's name, when they do not fit.
  Result<Reservation> Reserve(int64_t bytes);

  const std::string& name() const { return name_; }
  int64_t limit_bytes() const { return limit_bytes_; }
  int64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  int64_t used_bytes_max() const { return used_bytes_max_.load(std::memory_order_relaxed); }

  /// Without any bound; lives as long as the process.
  static Budget& Unlimited();

 private:
  friend class Reservation;
  Status Take(int64_t bytes);
  void Give(int64_t bytes);

  const std::string name_;
  const int64_t limit_bytes_;
  Budget* const parent_;
  std::atomic<int64_t> used_bytes_ = 0;
  std::atomic<int64_t> used_bytes_max_ = 0;
};

/// Bytes drawn from a Budget; given back when this goes.
class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept { *this = std::move(other); }
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation() { Release(); }

  int64_t bytes() const { return bytes_; }
  void Release();

 private:
  friend class Budget;
  Reservation(Budget* budget, int64_t bytes) : budget_(budget), bytes_(bytes) {}

  Budget* budget_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace iolite
