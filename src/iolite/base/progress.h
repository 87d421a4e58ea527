#pragma once

#include <cstdint>
#include <functional>

namespace iolite {

/// How far long work has come.
struct Progress {
  int64_t rows_done = 0;
  int64_t rows_total = 0;  ///< 0 while unknown
};

/// Called from time to time, never from two threads at once.
using ProgressFunction = std::function<void(const Progress&)>;

}  // namespace iolite
