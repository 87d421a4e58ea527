#include "iolite/engine.h"

#include "iolite/engine/local_engine.h"

namespace iolite {

Result<std::unique_ptr<Engine>> Engine::Open(const EngineOptions& options) {
  return engine::LocalEngine::Open(options);
}

}  // namespace iolite
