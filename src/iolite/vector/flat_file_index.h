#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "iolite/vector/index_options.h"

namespace iolite::vector {

/// Opens a flat index file (`.idx.flat`, see flat/layout.h): mapped, and scanned where it lies.
///
/// Codes of one bit a dimension propose rows, those of 4 or 8 bits (where the file has them) choose
/// among these, exact distances decide. Where all or many rows may appear, codes are looked up 32
/// rows at a time; few are gathered. When answers still turn up late among the proposals, more are
/// asked for, and at last all rows compared: min(k, matches) rows come back always. Metrics without
/// codes compare all elements. A file without vectors takes exact distances from the options' rows;
/// without those, distances are those of its fine codes.
///
/// kNotFound when there is no such file; kDataLoss when its header is damaged or not what was
/// expected; kUnimplemented when a newer release wrote it. Checksums cover all else, 2 MiB
/// at a time, and are looked at when a search first needs the bytes: kDataLoss, too.
///
/// Threads: any number may search, without locks.
/// Cost:    opening reads one page. A search of D = 768 takes 2 to 3 ns a row while codes stay in
///          the cache, and what memory delivers (104 bytes a row) beyond.
Result<std::unique_ptr<VectorIndex>> OpenFlatIndex(const std::string& path,
                                                   IndexOpenOptions options);
/// The same over bytes in memory, at an address that 8 divides, which `options.keep_alive` holds.
Result<std::unique_ptr<VectorIndex>> OpenFlatIndexBytes(std::string_view bytes,
                                                        IndexOpenOptions options);

}  // namespace iolite::vector
