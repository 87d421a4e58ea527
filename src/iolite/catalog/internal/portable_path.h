#pragma once

#include <string>
#include <string_view>

#include "iolite/catalog/catalog.h"

namespace iolite::catalog::internal {

/// How paths stand in the catalog's file, so that a database folder can be moved:
/// `./imports/a.parquet` for what lies inside the folder, all else as it is. A catalog that was
/// written before has whole paths for both, which are read as they are.
class PortablePaths {
 public:
  explicit PortablePaths(std::string_view catalog_path);

  std::string ToStored(std::string path) const;
  std::string FromStored(std::string path) const;

  SourceEntry ToStored(SourceEntry source) const;
  SourceEntry FromStored(SourceEntry source) const;
  ModelEntry ToStored(ModelEntry model) const;
  ModelEntry FromStored(ModelEntry model) const;

 private:
  std::string folder_;  ///< with its last slash
};

}  // namespace iolite::catalog::internal
