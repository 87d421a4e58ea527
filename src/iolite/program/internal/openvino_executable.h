#pragma once

#include <memory>

#include <openvino/runtime/compiled_model.hpp>

#include "iolite/base/status.h"
#include "iolite/program/program.h"
#include "iolite/program/runtime.h"

namespace iolite::program::internal {

/// Wraps a compiled model; `program` says which order inputs and outputs have.
Result<std::unique_ptr<Executable>> MakeOpenVinoExecutable(const Program& program,
                                                           ov::CompiledModel compiled,
                                                           int32_t stream_count);

}  // namespace iolite::program::internal
