#pragma once

#include <memory>

#include "iolite/base/status.h"
#include "iolite/program/program.h"

namespace ov {
class Core;
class Model;
}  // namespace ov

namespace iolite::program::internal {

/// Turns a program into OpenVINO's form. Weights become constants over the program's own bytes,
/// which they keep alive.
Result<std::shared_ptr<ov::Model>> ToOpenVino(ov::Core& core, const Program& program);

}  // namespace iolite::program::internal
