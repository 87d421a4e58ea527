#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "iolite/base/settings.h"

namespace iolite::internal {

enum class SettingType {
  kInteger,
  kBytes,
  kDurationMs,
  kNumber,
  kBoolean,
  kString,
  kPath,
  kUrl,
  kEnumeration
};

/// One entry of spec/settings.json, and the way to its place in the struct.
struct SettingDefinition {
  std::string_view key;
  std::string_view environment;
  SettingType type;
  int64_t min;
  int64_t max;
  std::vector<std::string_view> values;
  std::string_view description;
  std::string_view example;
  // The one that fits the type is set.
  int64_t& (*integer)(SettingValues&) = nullptr;
  double& (*number)(SettingValues&) = nullptr;
  bool& (*boolean)(SettingValues&) = nullptr;
  std::string& (*text)(SettingValues&) = nullptr;
};

/// All of them, in the order of the specification.
std::span<const SettingDefinition> SettingDefinitions();

/// A value as TOML has it. The environment knows only text.
using RawSetting = std::variant<int64_t, double, bool, std::string_view>;

/// Where paths start.
struct PathBase {
  std::string folder;  ///< relative paths start here; empty leaves them
  std::string home;    ///< what `~/` stands for
};

/// Puts `raw` into its place. `typed` says that it came with a type of its own, so that text stands
/// for a number only where a unit may follow it. kInvalidArgument says what would fit.
Status AssignSetting(const SettingDefinition& definition, const RawSetting& raw, bool typed,
                     const PathBase& base, SettingValues& values);

/// The value as it would be written in TOML without quotes.
std::string FormatSetting(const SettingDefinition& definition, const SettingValues& values);

/// Among `known`, what `word` was probably meant to be; empty when nothing is near.
std::string_view NearestWord(std::string_view word, std::span<const std::string_view> known);

}  // namespace iolite::internal
