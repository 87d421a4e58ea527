#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "iolite/vector/flat_builder.h"
#include "iolite/vector/flat_file_index.h"
#include "iolite/vector/index.h"
#include "iolite/vector/qg_builder.h"
#include "iolite/vector/qg_index.h"
#include "iolite/vector/usearch_builder.h"
#include "iolite/vector/usearch_index.h"

namespace iolite::vector {

/// A kind of index that lives in a file of its own. FlatIndex has none: it is made over rows.
struct IndexKind {
  std::string_view name;     ///< `qg`, as manifests and settings say it
  std::string_view suffix;   ///< `.idx.qg`, behind the segment's stem
  std::string_view version;  ///< of the format, for manifests
};

/// Every kind that this release reads and writes.
std::span<const IndexKind> IndexKinds();
/// kInvalidArgument names the kinds there are.
Result<IndexKind> FindIndexKind(std::string_view name);

/// Opens a file by kind: mapped, and checked as far as that costs milliseconds.
Result<std::unique_ptr<VectorIndex>> OpenIndex(std::string_view kind, const std::string& path,
                                               IndexOpenOptions options);
/// The same over bytes that `options.keep_alive` holds.
Result<std::unique_ptr<VectorIndex>> OpenIndexBytes(std::string_view kind, std::string_view bytes,
                                                    IndexOpenOptions options);
Result<std::unique_ptr<VectorIndexBuilder>> MakeIndexBuilder(std::string_view kind,
                                                             const IndexBuildOptions& options);

}  // namespace iolite::vector
