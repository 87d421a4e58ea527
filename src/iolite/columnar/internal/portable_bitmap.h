#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"

namespace iolite::columnar::internal {

/// One container of a portable roaring bitmap: the members among the 65,536 ordinals that share
/// their upper 16 bits. Borrows the bytes that were parsed.
struct PortableContainer {
  enum class Kind { kArray, kBitset, kRuns };

  uint32_t base = 0;  ///< the upper bits: the first ordinal that could be in here
  uint32_t cardinality = 0;
  Kind kind = Kind::kArray;
  std::string_view
      payload;  ///< u16 values; 1,024 words of 64 bits; or pairs of u16 start, length - 1
};

/// Takes a portable bitmap apart and checks all of it: sizes, order, cardinalities, and that
/// nothing follows. kDataLoss says what is wrong. The library's own reader checks sizes only, and
/// walks past its buffers on a bitset whose count lies.
Result<std::vector<PortableContainer>> ParsePortableBitmap(std::string_view bytes);

/// Sets the container's bits in `words`, one bit an ordinal, leaving out those past the end.
void FillWords(const PortableContainer& container, std::span<uint64_t> words);

/// The portable bitmap of the bits set in `words`.
std::string PortableFromWords(std::span<const uint64_t> words);

}  // namespace iolite::columnar::internal
