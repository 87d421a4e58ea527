#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace iolite {

/// The only door to randomness. Tests pass a seeded one, and print the seed.
///
/// Threads: one at a time, except System().
class Random {
 public:
  virtual ~Random() = default;
  /// 64 uniform bits.
  virtual uint64_t NextBits() = 0;

  /// A number below `bound`, which must not be 0.
  uint64_t NextBelow(uint64_t bound);
  /// A number in [0, 1).
  double NextUnit();
  /// `digits` lower-case hexadecimal digits, for names.
  std::string NextHex(size_t digits);

  /// The operating system's source; any number of threads.
  static Random& System();
  /// A reproducible one (SplitMix64).
  static std::unique_ptr<Random> Seeded(uint64_t seed);
};

}  // namespace iolite
