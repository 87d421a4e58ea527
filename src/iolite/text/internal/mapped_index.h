#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "iolite/text/internal/extents.h"
#include "iolite/text/internal/layout.h"
#include "iolite/text/internal/part_reader.h"

namespace iolite::text::internal {

/// An index file as bytes: its directory, and a reader of each part.
class MappedIndex {
 public:
  /// kDataLoss, or kUnimplemented when a newer release wrote it. `bytes` must live as long.
  static Result<std::unique_ptr<const MappedIndex>> Open(std::string_view bytes);

  const Directory& directory() const { return directory_; }
  const PartReader& part(size_t part) const { return parts_[part]; }
  Status Verify(const RequestContext& context) const { return extents_.Verify(context); }

 private:
  MappedIndex() = default;
  Directory directory_;
  Extents extents_;
  std::vector<PartReader> parts_;
};

}  // namespace iolite::text::internal
