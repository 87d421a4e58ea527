#include "iolite/models/architectures.h"

#include <fmt/format.h>

#include <vector>

#include "iolite/models/encoders/plans.h"

namespace iolite::models {
namespace {

constexpr Architecture kArchitectures[] = {
#include "iolite/models/architectures_generated.inc"
};

}  // namespace

std::span<const Architecture> Architectures() { return kArchitectures; }

std::string ArchitectureNames() {
  std::vector<std::string_view> names;
  for (const Architecture& architecture : kArchitectures) names.push_back(architecture.model_type);
  return fmt::format("{}", fmt::join(names, ", "));
}

Result<const Architecture*> FindArchitecture(const ModelConfig& config) {
  IOLITE_ASSIGN_OR_RETURN(const std::string model_type, config.Text("model_type", ""));
  for (const Architecture& architecture : kArchitectures) {
    if (architecture.model_type == model_type) return &architecture;
  }
  const std::string found =
      model_type.empty()
          ? "names no architecture (`model_type`)"
          : fmt::format("is of architecture `{}`, which is not supported", model_type);
  return Unimplemented(
      "{} {}. Checkpoints may be of: {}, model2vec; any other encoder runs from a model.onnx in "
      "its folder",
      config.path(), found, ArchitectureNames());
}

}  // namespace iolite::models
