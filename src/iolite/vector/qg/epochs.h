#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

namespace iolite::vector::qg {

/// Lets readers use what a writer takes away, until they have left (epoch-based reclamation:
/// Fraser, "Practical lock-freedom", 2004).
///
/// A reader enters and leaves without waiting for anybody. A writer retires things; each is given
/// back two epochs later, when nobody can still see it. An epoch ends when nobody who entered in
/// the one before is still there.
///
/// Threads: any number may Enter; Retire and Collect are one writer's at a time.
class Epochs {
 public:
  Epochs() = default;
  Epochs(const Epochs&) = delete;
  Epochs& operator=(const Epochs&) = delete;

  class Guard {
   public:
    Guard(Guard&& other) noexcept : count_(other.count_) { other.count_ = nullptr; }
    Guard& operator=(Guard&&) = delete;
    ~Guard() {
      if (count_ != nullptr) count_->fetch_sub(1, std::memory_order_release);
    }

   private:
    friend class Epochs;
    explicit Guard(std::atomic<uint32_t>* count) : count_(count) {}
    std::atomic<uint32_t>* count_;
  };

  Guard Enter();
  /// `give_back` runs when no reader can see any more what was visible before this call.
  void Retire(std::function<void()> give_back);
  /// Gives back what can be, without waiting.
  void Collect();
  /// Gives back all: there must be no readers. To be called while what was retired still has a
  /// place to go back to.
  void CollectAll();

 private:
  static constexpr size_t kShards = 16;
  struct alignas(64) Shard {
    std::atomic<uint32_t> readers = 0;
  };
  struct Retired {
    uint64_t epoch;
    std::function<void()> give_back;
  };
  bool IsLeft(uint64_t epoch) const;

  std::atomic<uint64_t> epoch_ = 2;
  std::array<std::array<Shard, kShards>, 3> counts_;
  std::deque<Retired> retired_;
};

}  // namespace iolite::vector::qg
