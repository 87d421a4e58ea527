#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "iolite/base/status.h"
#include "iolite/segments/internal/guarded_index.h"
#include "iolite/segments/row_map.h"
#include "iolite/segments/segment.h"

/// The derived parts of a segment, as they can be had: from their own files, or from the rows.

namespace iolite::segments {

struct OpenedIndex {
  std::shared_ptr<const vector::VectorIndex> index;
  const GuardedIndex* guard = nullptr;  ///< `index` where it is the index file
  std::string problem;                  ///< why it is not

  /// Why search scans.
  std::string warning() const { return guard ? guard->warning() : problem; }
};

/// The index file, mapped; else, and from the first damage that a search meets, an exact index over
/// vectors decoded from the rows file, whose memory is drawn from the budget.
Result<OpenedIndex> OpenIndex(const SegmentOptions& options, std::string_view stem,
                              const SegmentManifest& manifest);

struct OpenedRowMap {
  std::unique_ptr<const RowMap> map;
  std::string warning;
};
/// The row map file, mapped; else one made of the rows file.
Result<OpenedRowMap> OpenRowMap(const SegmentOptions& options, std::string_view stem,
                                const SegmentManifest& manifest);

}  // namespace iolite::segments
