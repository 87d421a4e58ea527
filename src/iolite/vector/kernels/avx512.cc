#include "iolite/vector/kernels/avx512_policies.h"
#include "iolite/vector/kernels/sets.h"

namespace iolite::vector::kernels {

const KernelSet& Avx512Kernels() {
  static const KernelSet set = MakeAvx512("avx512");
  return set;
}

}  // namespace iolite::vector::kernels
