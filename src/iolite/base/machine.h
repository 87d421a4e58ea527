#pragma once

#include <cstdint>
#include <string>

namespace iolite {

/// Bytes of memory this process may use: what the machine has, or less where a control group
/// (version 1 or 2) bounds it. `root` stands before /proc and /sys, for tests. 0 when nothing
/// tells.
int64_t MachineMemoryBytes(const std::string& root = "");

}  // namespace iolite
