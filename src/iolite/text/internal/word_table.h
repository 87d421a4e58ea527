#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace iolite::text::internal {

/// Memory that is taken piece by piece and given back at once. Pieces of 8 bytes and more are not
/// aligned to more than 8.
class Arena {
 public:
  char* Take(size_t size) {
    size = (size + 7) & ~size_t{7};
    if (size > left_) Grow(size);
    char* piece = at_;
    at_ += size;
    left_ -= size;
    return piece;
  }
  std::string_view Keep(std::string_view bytes) {
    char* copy = Take(bytes.size());
    std::memcpy(copy, bytes.data(), bytes.size());
    return {copy, bytes.size()};
  }
  int64_t bytes() const { return bytes_; }

 private:
  void Grow(size_t size) {
    constexpr size_t kSmallest = size_t{64} << 10, kLargest = size_t{1} << 20;
    const size_t grown = bytes_ < static_cast<int64_t>(kLargest) ? kSmallest : kLargest;
    left_ = size > grown ? size : grown;
    pages_.emplace_back(new char[left_]);
    at_ = pages_.back().get();
    bytes_ += static_cast<int64_t>(left_);
  }

  std::vector<std::unique_ptr<char[]>> pages_;
  char* at_ = nullptr;
  size_t left_ = 0;
  int64_t bytes_ = 0;
};

/// A number for each of many words.
class WordTable {
 public:
  static constexpr uint32_t kNew = UINT32_MAX;

  WordTable() : slots_(1024) {}

  /// The word's number; kNew where it had none, to be set by the caller.
  uint32_t& At(std::string_view word, Arena& arena) {
    const uint32_t hash = Hash(word);
    size_t at = hash & (slots_.size() - 1);
    for (;; at = (at + 1) & (slots_.size() - 1)) {
      Slot& slot = slots_[at];
      if (slot.text == nullptr) break;
      if (slot.hash == hash && slot.size == word.size() &&
          std::memcmp(slot.text, word.data(), word.size()) == 0) {
        return slot.number;
      }
    }
    if (2 * ++count_ > slots_.size()) at = Grow(hash);
    slots_[at] = {arena.Keep(word).data(), hash, static_cast<uint32_t>(word.size()), kNew};
    return slots_[at].number;
  }
  int64_t bytes() const { return static_cast<int64_t>(slots_.size() * sizeof(Slot)); }

 private:
  struct Slot {
    const char* text = nullptr;
    uint32_t hash = 0, size = 0, number = 0;
  };

  static uint32_t Hash(std::string_view word) {
    constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;
    uint64_t sum = word.size() * kMultiplier;
    const char* at = word.data();
    size_t left = word.size();
    auto mix = [&](uint64_t value) {
      const auto product = static_cast<unsigned __int128>(sum ^ value) * kMultiplier;
      sum = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
    };
    for (; left >= 8; left -= 8, at += 8) {
      uint64_t value;
      std::memcpy(&value, at, 8);
      mix(value);
    }
    uint64_t value = 0;
    if (left >= 4) {
      uint32_t head, tail;
      std::memcpy(&head, at, 4);
      std::memcpy(&tail, at + left - 4, 4);
      value = uint64_t{head} << 32 | tail;
    } else if (left > 0) {
      value = static_cast<uint64_t>(static_cast<unsigned char>(at[0])) << 16 |
              static_cast<uint64_t>(static_cast<unsigned char>(at[left / 2])) << 8 |
              static_cast<unsigned char>(at[left - 1]);
    }
    mix(value);
    return static_cast<uint32_t>(sum ^ sum >> 32);
  }

  // Doubles, and returns the free slot of `hash`.
  size_t Grow(uint32_t hash) {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    auto free_slot = [this](uint32_t of) {
      size_t at = of & (slots_.size() - 1);
      while (slots_[at].text != nullptr) at = (at + 1) & (slots_.size() - 1);
      return at;
    };
    for (const Slot& slot : old) {
      if (slot.text != nullptr) slots_[free_slot(slot.hash)] = slot;
    }
    return free_slot(hash);
  }

  std::vector<Slot> slots_;
  size_t count_ = 0;
};

}  // namespace iolite::text::internal
