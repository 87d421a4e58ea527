#pragma once

#include "iolite/vector/index_options.h"
#include "iolite/vector/qg/file.h"

namespace iolite::vector::qg {

/// The header of an index without rows, with the kind's own choices where the options leave it one,
/// and where things will lie. kInvalidArgument says what a qg index cannot have.
Result<Header> NewHeader(IndexBuildOptions options, Layout& layout);

}  // namespace iolite::vector::qg
