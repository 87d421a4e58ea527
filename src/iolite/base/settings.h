#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/settings_generated.h"
#include "iolite/base/status.h"

/// The settings of a database. spec/settings.json says each once; `settings_generated.h` is the
/// struct that follows from it, and docs/reference/settings.md the page.

namespace iolite {

/// Where a value came from; a later one wins.
enum class SettingOrigin { kDefault, kFile, kEnvironment, kCall };
std::string_view SettingOriginName(
    SettingOrigin origin);  ///< `default`, `file`, `environment`, `call`

/// What is in force: `settings.memory.budget_bytes`, and where each value came from.
struct Settings : SettingValues {
  /// In the order of spec/settings.json, as ListSettings() has it.
  std::array<SettingOrigin, kSettingCount> origins{};
};

/// Names and values of environment variables.
using Environment = std::map<std::string, std::string, std::less<>>;
Environment ProcessEnvironment();

/// Reads settings: defaults, then `toml_text`, then variables of the form IOLITE_SECTION__KEY.
/// `toml_path` stands in messages, and relative paths in the file start at its folder.
///
/// kInvalidArgument names the file and line, or the variable, of a key that does not exist (with
/// the nearest that does) or of a value that does not fit (with what would).
Result<Settings> LoadSettings(std::string_view toml_text, std::string_view toml_path,
                              const Environment& environment);

/// Changes one setting from text, as the environment would. kInvalidArgument as LoadSettings.
Status SetSetting(Settings& settings, std::string_view key, std::string_view value);

/// One line of `iolite settings list`.
struct SettingEntry {
  std::string key;
  std::string value;
  SettingOrigin origin = SettingOrigin::kDefault;
  std::string environment;  ///< the variable that sets it
  std::string description;
  std::string example;
};
std::vector<SettingEntry> ListSettings(const Settings& settings);

/// Reads `1048576`, `512MB` (by 1000), `2GiB` (by 1024), `1.5GiB`; any case, with or without a
/// space.
Result<int64_t> ParseBytes(std::string_view text);
/// Reads `250`, `250ms`, `2s`, `5m`, `1h` as milliseconds.
Result<int64_t> ParseDurationMs(std::string_view text);

}  // namespace iolite
