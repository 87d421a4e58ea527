#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/vector/qg/space.h"
#include "iolite/vector/qg/vertices.h"

namespace iolite::vector::qg {

/// Some vertices, spread over the data, among which a walk finds its start by codes.
///
/// Threads: any number may read.
class Entries {
 public:
  static constexpr uint32_t kCountMax = 256;

  Entries() = default;
  /// None yet.
  explicit Entries(uint32_t padded);
  /// `mean`: of the vectors, as they are kept.
  Entries(const Vertices& vertices, const Space& space, std::span<const float> mean,
          std::span<const uint32_t> slots);

  /// Puts another slot, whose vector is `values`, at a place: at most slots().size().
  void Set(size_t place, uint32_t slot, const Space& space, std::span<const float> mean,
           std::span<const float> values);
  /// The last one takes the place of the one removed.
  void Remove(size_t place);

  /// The codes as a header keeps them: room for kCountMax of them, BytesFor() bytes.
  static size_t BytesFor(uint32_t padded);
  std::string Encode() const;
  /// From those bytes, without looking at any vector.
  static Entries Decode(std::string_view bytes, uint32_t padded, std::span<const uint32_t> slots);

  const std::vector<uint32_t>& slots() const { return slots_; }
  /// The slot, among the first `count`, that looks nearest to the query; `count` is at least 1.
  uint32_t Nearest(const Query& query, size_t count = kCountMax) const;

 private:
  std::vector<uint32_t> slots_;
  uint32_t padded_ = 0;
  std::vector<uint8_t> codes_;
  std::vector<float> add_, rescale_;
};

}  // namespace iolite::vector::qg
