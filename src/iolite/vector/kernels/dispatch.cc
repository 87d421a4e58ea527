#include <vector>

#include "iolite/vector/kernels/kernels.h"
#include "iolite/vector/kernels/sets.h"

namespace iolite::vector::kernels {
namespace {

// __builtin_cpu_supports also asks whether the operating system saves the wide registers.
bool RunsAvx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c") && __builtin_cpu_supports("popcnt");
}

bool RunsAvx512() {
  return RunsAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni");
}

bool RunsAvx512Bf16() {
  return RunsAvx512() && __builtin_cpu_supports("avx512bf16") &&
         __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vpopcntdq");
}

std::vector<const KernelSet*> FindUsable() {
  __builtin_cpu_init();
  std::vector<const KernelSet*> sets = {&BaselineKernels()};
  if (RunsAvx2()) sets.push_back(&Avx2Kernels());
  if (RunsAvx512()) sets.push_back(&Avx512Kernels());
  if (RunsAvx512Bf16()) sets.push_back(&Avx512Bf16Kernels());
  return sets;
}

}  // namespace

std::span<const KernelSet* const> UsableKernelSets() {
  static const std::vector<const KernelSet*> sets = FindUsable();
  return sets;
}

const KernelSet& Kernels() {
  static const KernelSet& best = *UsableKernelSets().back();
  return best;
}

}  // namespace iolite::vector::kernels
