#include "iolite/vector/kernels/avx512_policies.h"
#include "iolite/vector/kernels/sets.h"

// The same source as avx512.cc, compiled with -mavx512bf16, -mavx512vbmi and -mavx512vpopcntdq:
// Sapphire Rapids, Zen 4 and later.

namespace iolite::vector::kernels {

const KernelSet& Avx512Bf16Kernels() {
  static const KernelSet set = MakeAvx512("avx512-bf16");
  return set;
}

}  // namespace iolite::vector::kernels
