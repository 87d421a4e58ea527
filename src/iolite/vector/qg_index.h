#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "iolite/vector/index_options.h"

namespace iolite::vector {

/// A quantized graph in a file (`.idx.qg`): every row keeps its neighbours' sign codes beside their
/// names, so that one table look-up scores 32 of them, and a walk compares exactly only where it
/// goes. See README.md for the row, qg/layout.h for the bytes.
///
/// A search plans by what each way costs (qg/plan.h): a walk, sign codes of all rows that may
/// appear and exact distances of those that look nearest, or exact distances of all. min(k,
/// matches) rows come back in every case, with distances that are exact for the stored vectors.
///
/// The file is mapped. Each part of it (about 512 KiB) is checked against its checksum when a
/// search first meets it; damage gives kDataLoss and never a wild read.
///
/// Threads: any number may search, without locks.
/// Cost:    opening reads one page and the mean of the vectors, whatever the size.
class QgIndex : public VectorIndex {
 public:
  /// kNotFound when there is no such file; kDataLoss when it is damaged or not what was expected;
  /// kUnimplemented when it was written in a newer format.
  static Result<std::unique_ptr<QgIndex>> Open(const std::string& path, IndexOpenOptions options);
  /// The same over bytes in memory, which `options.keep_alive` holds.
  static Result<std::unique_ptr<QgIndex>> OpenBytes(std::string_view bytes,
                                                    IndexOpenOptions options);

  /// The pool a search uses for `k` neighbours when nobody says otherwise, or for a recall.
  virtual size_t PoolFor(size_t k, float target_recall) const = 0;
};

}  // namespace iolite::vector
