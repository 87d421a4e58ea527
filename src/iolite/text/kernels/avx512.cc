#include "iolite/text/kernels/body.h"
#include "iolite/text/kernels/sets.h"

namespace iolite::text::kernels {

const KernelSet& Avx512Kernels() {
  static constexpr KernelSet kSet = {.name = "avx512",
                                     .unpack = &Unpack,
                                     .unpack_rows = &UnpackRows,
                                     .score = &Score,
                                     .find_above = &FindAbove};
  return kSet;
}

}  // namespace iolite::text::kernels
