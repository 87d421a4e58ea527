#pragma once

#include <arrow/type_fwd.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace iolite::columnar {

struct TextTableOptions {
  size_t width_max = 0;        ///< of a line; longer columns are cut to fit; 0 for no bound
  size_t cell_width_max = 60;  ///< of one cell; 0 for no bound
  int64_t row_count_max = 0;   ///< more are counted in a last line; 0 for no bound
};

/// Rows for a person: a header, a rule, columns padded and cut by display width, numbers to the
/// right, NULL for null, control characters as spaces.
std::string FormatTextTable(const arrow::Table& table, const TextTableOptions& options = {});

}  // namespace iolite::columnar
