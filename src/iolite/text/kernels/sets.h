#pragma once

#include "iolite/text/kernels/kernels.h"

namespace iolite::text::kernels {

/// The kernels of one instruction set. Each is defined in the file compiled for it; call only what
/// the processor runs.
const KernelSet& BaselineKernels();
const KernelSet& Avx2Kernels();
const KernelSet& Avx512Kernels();

}  // namespace iolite::text::kernels
