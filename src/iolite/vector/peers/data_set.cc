#include "iolite/vector/peers/data_set.h"

#include <array>
#include <fstream>

namespace iolite::vector::peers {
namespace {

struct Matrix {
  uint32_t rows = 0, columns = 0;
  std::vector<float> values;
};

/// u32 rows, u32 columns, `arrays` arrays of 4-byte values; the last of them.
Result<Matrix> ReadMatrix(const std::string& path, size_t arrays) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return NotFound("{} cannot be read. ./dev bench vector makes it", path);
  std::array<uint32_t, 2> header{};
  file.read(reinterpret_cast<char*>(header.data()), sizeof(header));
  Matrix matrix{.rows = header[0], .columns = header[1], .values = {}};
  matrix.values.resize(static_cast<size_t>(matrix.rows) * matrix.columns);
  const auto bytes = static_cast<std::streamoff>(matrix.values.size() * sizeof(float));
  file.seekg(bytes * static_cast<std::streamoff>(arrays - 1), std::ios::cur);
  file.read(reinterpret_cast<char*>(matrix.values.data()), bytes);
  if (!file) return DataLoss("{} is shorter than its header says", path);
  return matrix;
}

}  // namespace

Result<DataSet> DataSet::Read(const std::string& folder, Metric metric) {
  IOLITE_ASSIGN_OR_RETURN(Matrix rows, ReadMatrix(folder + "/base.fbin", 1));
  IOLITE_ASSIGN_OR_RETURN(Matrix queries, ReadMatrix(folder + "/query.fbin", 1));
  IOLITE_ASSIGN_OR_RETURN(Matrix truth, ReadMatrix(folder + "/truth.ibin", 2));
  if (queries.columns != rows.columns || truth.rows != queries.rows) {
    return DataLoss("{}: base, queries and truth do not belong together", folder);
  }
  return DataSet{.metric = metric,
                 .dimension = rows.columns,
                 .rows = std::move(rows.values),
                 .queries = std::move(queries.values),
                 .truth_k = truth.columns,
                 .truth = std::move(truth.values)};
}

}  // namespace iolite::vector::peers
