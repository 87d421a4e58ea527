#pragma once

#include "iolite/vector/kernels/kernels.h"

namespace iolite::vector::kernels {

/// The kernels of one instruction set. Each is defined in the file compiled for it; call only what
/// the processor runs.
const KernelSet& BaselineKernels();
const KernelSet& Avx2Kernels();
const KernelSet& Avx512Kernels();
const KernelSet& Avx512Bf16Kernels();

}  // namespace iolite::vector::kernels
