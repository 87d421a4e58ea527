#include "iolite/base/random.h"

#include <sys/random.h>

#include "iolite/base/check.h"

namespace iolite {
namespace {

class SystemRandom final : public Random {
 public:
  uint64_t NextBits() override {
    uint64_t bits = 0;
    IOLITE_CHECK(getrandom(&bits, sizeof(bits), 0) == sizeof(bits), "the kernel gives random bits");
    return bits;
  }
};

// SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
class SplitMix64 final : public Random {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}
  uint64_t NextBits() override {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

}  // namespace

uint64_t Random::NextBelow(uint64_t bound) {
  // Lemire's multiply-shift; the bias is below 2^-64 * bound.
  return static_cast<uint64_t>((static_cast<unsigned __int128>(NextBits()) * bound) >> 64);
}

double Random::NextUnit() { return static_cast<double>(NextBits() >> 11) * 0x1.0p-53; }

std::string Random::NextHex(size_t digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (size_t i = 0; i < digits; ++i) hex += kDigits[NextBits() >> 60];
  return hex;
}

Random& Random::System() {
  static SystemRandom random;
  return random;
}

std::unique_ptr<Random> Random::Seeded(uint64_t seed) { return std::make_unique<SplitMix64>(seed); }

}  // namespace iolite
