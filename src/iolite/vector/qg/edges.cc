#include "iolite/vector/qg/edges.h"

#include <cstring>

namespace iolite::vector::qg {

void WriteCode(uint8_t* codes, uint32_t place, const uint32_t* words, uint32_t padded) {
  const uint32_t shift = place < 16 ? 0 : 4;
  const uint8_t keep = static_cast<uint8_t>(0xf0u >> shift);
  uint8_t* at = codes + size_t{place % 16} * 4;
  for (uint32_t d = 0; d < padded; d += 32) {
    uint32_t bits = words[d / 32];
    for (uint32_t half = 0; half < 2; ++half, at += 64) {
      for (uint32_t group = 0; group < 4; ++group, bits >>= 4) {
        at[group] = static_cast<uint8_t>((at[group] & keep) | (bits & 0x0f) << shift);
      }
    }
  }
}

void ReadCode(const uint8_t* codes, uint32_t place, uint32_t padded, uint32_t* words) {
  const uint32_t shift = place < 16 ? 0 : 4;
  const uint8_t* at = codes + size_t{place % 16} * 4;
  for (uint32_t d = 0; d < padded; d += 16, at += 64) {
    for (uint32_t group = 0; group < 4; ++group) {
      words[d / 32] |= (at[group] >> shift & 0x0fu) << (d % 32 + 4 * group);
    }
  }
}

// With r = target - owner, s its signs, <q - owner, r> is about <q - owner, s> * |r|^2 / <r, s>
// (Gao and Long, "RaBitQ", SIGMOD 2024). From the distance of query and owner:
//
//   L2:        |q - target|^2 = |q - owner|^2 + |r|^2 - 2 <q - owner, r>
//   products:  -<q, target>   = -<q, owner>   - <owner, r> - <q - owner, r>
//
// The query's part is rescale * <q, s>; all the rest is add.
CodeFactors CodeOf(const Space& space, const float* owner, const float* target, uint32_t* words) {
  const auto sums = kernels::Kernels().encode_edge(owner, target, space.padded(), words);
  const float factor = sums.absolute_sum > 0 ? sums.squared_length / sums.absolute_sum : 0;
  if (space.products()) return {factor * sums.owner_signs - sums.owner_product, -factor};
  return {sums.squared_length + 2 * factor * sums.owner_signs, -2 * factor};
}

void WriteSigns(const Layout& layout, const Space& space, const float* mean, const float* values,
                char* signs) {
  std::vector<uint32_t> words(layout.sign_bits() / 32, 0);
  const CodeFactors factors = CodeOf(space, mean, values, words.data());
  std::memcpy(signs, words.data(), layout.sign_bits() / 8);
  std::memcpy(signs + layout.sign_bits() / 8, &factors, sizeof(factors));
}

void EdgeMaker::WriteCodeOf(const RowEdit& row, uint32_t lane) {
  words_.resize(space_.padded() / 32);
  const CodeFactors factors = CodeOf(space_, owner_.data(), target_.data(), words_.data());
  WriteCode(row.codes(lane / kBlockLanes), lane % kBlockLanes, words_.data(), space_.padded());
  row.add(lane) = factors.add;
  row.rescale(lane) = factors.rescale;
}

}  // namespace iolite::vector::qg
