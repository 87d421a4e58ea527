#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "iolite/vector/index_options.h"

namespace iolite::vector {

/// A graph index in a file that the `usearch` library also reads (`.idx.usearch`). The file is
/// mapped and searched where it lies; beside it stand 4 bytes a row, and after some filtered
/// searches one bit a dimension (internal/sign_codes.h).
///
/// A search plans by how many rows survive the filter, see kWalkShareMin and its neighbours in
/// usearch_index.cc: few are compared exactly, many leave the graph walk as it is, those between
/// are chosen by their codes and then compared exactly. min(k, matches) rows come back in every
/// case.
///
/// Threads:  any number may search, without locks.
/// Cost:     opening reads 2 bytes a row (0.2 ms for 100,000 rows).
class UsearchIndex : public VectorIndex {
 public:
  /// kNotFound when there is no such file; kDataLoss when it is damaged or not what was expected;
  /// kUnimplemented when it was written by another major version.
  static Result<std::unique_ptr<UsearchIndex>> Open(const std::string& path,
                                                    IndexOpenOptions options);
  /// The same over bytes in memory, which `options.keep_alive` holds.
  static Result<std::unique_ptr<UsearchIndex>> OpenBytes(std::string_view bytes,
                                                         IndexOpenOptions options);

  /// The vector of a row where it lies in the file, as element_type(); null past the end.
  virtual const void* StoredVector(uint32_t row) const = 0;
};

}  // namespace iolite::vector
