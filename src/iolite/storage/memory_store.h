#pragma once

#include <memory>

#include "iolite/storage/object_store.h"

namespace iolite::storage {

/// An object store that lives as long as it is held: for volatile data and tests. LocalPath() is
/// empty.
std::unique_ptr<ObjectStore> MakeMemoryStore();

}  // namespace iolite::storage
