#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/vector/index.h"

namespace iolite::vector::peers {

/// Rows, queries and each query's true neighbours, from the files that benchmarks/support/
/// vector_data.py writes: base.fbin, query.fbin, truth.ibin.
struct DataSet {
  Metric metric = Metric::kL2;  ///< of kCosine, rows have length 1
  size_t dimension = 0;
  std::vector<float> rows, queries;
  size_t truth_k = 0;
  std::vector<float> truth;  ///< distances of the truth_k nearest rows, ascending, for each query

  size_t row_count() const { return rows.size() / dimension; }
  size_t query_count() const { return queries.size() / dimension; }
  std::span<const float> Row(size_t row) const {
    return std::span(rows).subspan(row * dimension, dimension);
  }
  std::span<const float> Query(size_t query) const {
    return std::span(queries).subspan(query * dimension, dimension);
  }

  /// kNotFound or kDataLoss name the file.
  static Result<DataSet> Read(const std::string& folder, Metric metric);
};

}  // namespace iolite::vector::peers
