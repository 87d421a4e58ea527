#include "iolite/text/kernels/body.h"
#include "iolite/text/kernels/sets.h"

namespace iolite::text::kernels {

const KernelSet& BaselineKernels() {
  static constexpr KernelSet kSet = {.name = "baseline",
                                     .unpack = &Unpack,
                                     .unpack_rows = &UnpackRows,
                                     .score = &Score,
                                     .find_above = &FindAbove};
  return kSet;
}

}  // namespace iolite::text::kernels
