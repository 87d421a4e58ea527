#pragma once

#include "iolite/vector/peers/filters.h"

namespace iolite::vector::peers {

/// Seconds since some start: passed, or used by this process's processors. The second is kinder
/// where other work shares the machine, and says the same of one thread on a quiet one.
double Seconds(bool processor_time);

struct SearchSettings {
  size_t k = 10;
  size_t ef = 0;
  size_t thread_count = 1;
  double seconds_min = 0.2;     ///< every query is asked at least once
  bool processor_time = false;  ///< count that instead of time passed
};

/// How good the answers are: rows as near as the k-th true one count, whichever they are.
struct Quality {
  double recall = 0;
  size_t rows_missing = 0;  ///< to min(k, rows that pass)
};

/// Queries a second. A few queries warm up first.
double QueriesPerSecond(const Contender& contender, const DataSet& data,
                        const SearchSettings& settings);
Quality MeasureQuality(const Contender& contender, const DataSet& data,
                       const SearchSettings& settings);

/// The same under filters, each with its own queries.
double QueriesPerSecond(const Contender& contender, const DataSet& data,
                        const SearchSettings& settings,
                        const std::vector<FilteredQueries>& filters);
Quality MeasureQuality(const Contender& contender, const DataSet& data,
                       const SearchSettings& settings, const std::vector<FilteredQueries>& filters);

}  // namespace iolite::vector::peers
