#include "iolite/base/internal/setting_definition.h"

namespace iolite::internal {

std::span<const SettingDefinition> SettingDefinitions() {
  static const std::vector<SettingDefinition> kDefinitions = {
#include "iolite/base/settings_generated.inc"
  };
  return kDefinitions;
}

}  // namespace iolite::internal
