#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace iolite::vector::qg {

/// Who links to a slot: so that a deleted row can be taken out of every row that names it, and rows
/// that few lead to are not lost.
///
/// Threads: one. Memory: about 130 bytes a slot of 32 edges.
class Links {
 public:
  /// Whether all links have been entered.
  bool made() const { return made_; }
  void SetMade() { made_ = true; }

  void Resize(uint32_t slot_count) { to_.resize(slot_count); }
  void Add(uint32_t source, uint32_t target) { to_[target].push_back(source); }
  void Remove(uint32_t source, uint32_t target) {
    auto& sources = to_[target];
    auto found = std::find(sources.begin(), sources.end(), source);
    if (found == sources.end()) return;
    *found = sources.back();
    sources.pop_back();
  }
  const std::vector<uint32_t>& To(uint32_t slot) const { return to_[slot]; }
  uint32_t Indegree(uint32_t slot) const { return static_cast<uint32_t>(to_[slot].size()); }

 private:
  bool made_ = false;
  std::vector<std::vector<uint32_t>> to_;
};

}  // namespace iolite::vector::qg
