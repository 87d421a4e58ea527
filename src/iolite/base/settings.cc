#include "iolite/base/settings.h"

#include <algorithm>
#include <filesystem>

// Errors as values, in this file as everywhere.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "iolite/base/internal/setting_definition.h"

extern char** environ;  // NOLINT: POSIX names it

namespace iolite {
namespace {

using internal::PathBase;
using internal::RawSetting;
using internal::SettingDefinition;
using internal::SettingDefinitions;

std::vector<std::string_view> Names(std::string_view SettingDefinition::*member) {
  std::vector<std::string_view> names;
  for (const auto& definition : SettingDefinitions()) names.push_back(definition.*member);
  return names;
}

Status UnknownSetting(std::string_view place, std::string_view word,
                      std::string_view SettingDefinition::*member) {
  const auto nearest = internal::NearestWord(word, Names(member));
  return InvalidArgument("{}there is no setting '{}'{}; `iolite settings list` names them all",
                         place, word,
                         nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest));
}

// The index of the definition whose `member` is `name`; kSettingCount when there is none.
size_t FindSetting(std::string_view name, std::string_view SettingDefinition::*member) {
  const auto definitions = SettingDefinitions();
  return std::ranges::find(definitions, name, member) - definitions.begin();
}

Status Assign(Settings& settings, size_t index, const RawSetting& raw, SettingOrigin origin,
              const PathBase& base) {
  IOLITE_RETURN_IF_ERROR(internal::AssignSetting(SettingDefinitions()[index], raw,
                                                 origin == SettingOrigin::kFile, base, settings));
  settings.origins[index] = origin;
  return Status::Ok();
}

// Walks a parsed file and puts what it says into place.
class TomlReader {
 public:
  TomlReader(std::string_view path, const PathBase& base, Settings& settings)
      : path_(path), base_(base), settings_(settings) {}

  Status ReadTable(const toml::table& table, const std::string& prefix) {
    for (const auto& [name, node] : table) {
      const std::string key = prefix + std::string(name.str());
      const auto line = name.source().begin.line;
      const bool is_section = prefix.empty() && node.is_table();
      IOLITE_RETURN_IF_ERROR(is_section ? ReadSection(*node.as_table(), key, line)
                                        : ReadValue(key, node, line));
    }
    return Status::Ok();
  }

 private:
  std::string Place(toml::source_index line) const { return fmt::format("{}:{}: ", path_, line); }

  // An empty section of a wrong name is a mistake as well.
  Status ReadSection(const toml::table& table, const std::string& section,
                     toml::source_index line) {
    const auto keys = Names(&SettingDefinition::key);
    const bool known = std::ranges::any_of(
        keys, [&](std::string_view key) { return key.starts_with(section + "."); });
    if (!known && table.empty()) {
      return UnknownSetting(Place(line), section, &SettingDefinition::key);
    }
    return ReadTable(table, section + ".");
  }

  Status ReadValue(const std::string& key, const toml::node& node, toml::source_index line) {
    const size_t index = FindSetting(key, &SettingDefinition::key);
    if (index == kSettingCount) return UnknownSetting(Place(line), key, &SettingDefinition::key);
    const std::string place = Place(line) + key;
    if (const auto* integer = node.as_integer()) {
      return Put(index, RawSetting(integer->get()), place);
    }
    if (const auto* number = node.as_floating_point()) {
      return Put(index, RawSetting(number->get()), place);
    }
    if (const auto* boolean = node.as_boolean()) {
      return Put(index, RawSetting(boolean->get()), place);
    }
    if (const auto* text = node.as_string()) {
      return Put(index, RawSetting(std::string_view(text->get())), place);
    }
    return InvalidArgument("{}: write one value, such as {}", place,
                           SettingDefinitions()[index].example);
  }

  Status Put(size_t index, const RawSetting& raw, std::string_view place) {
    return Assign(settings_, index, raw, SettingOrigin::kFile, base_).WithContext(place);
  }

  std::string_view path_;
  const PathBase& base_;
  Settings& settings_;
};

Status ReadToml(std::string_view text, std::string_view path, const std::string& home,
                Settings& settings) {
  const auto parsed = toml::parse(text, path);
  if (!parsed) {
    const auto& error = parsed.error();
    return InvalidArgument("{}:{}:{}: {}", path, error.source().begin.line,
                           error.source().begin.column, error.description());
  }
  const PathBase base{std::filesystem::path(path).parent_path().string(), home};
  return TomlReader(path, base, settings).ReadTable(parsed.table(), "");
}

Status ReadEnvironment(const Environment& environment, const std::string& home,
                       Settings& settings) {
  for (auto it = environment.lower_bound("IOLITE_");
       it != environment.end() && it->first.starts_with("IOLITE_"); ++it) {
    const auto& [name, value] = *it;
    // IOLITE_DB and its like are not settings; a section and a key make two underscores.
    if (name.find("__") == std::string::npos) continue;
    const size_t index = FindSetting(name, &SettingDefinition::environment);
    if (index == kSettingCount) return UnknownSetting("", name, &SettingDefinition::environment);
    IOLITE_RETURN_IF_ERROR(Assign(settings, index, RawSetting(std::string_view(value)),
                                  SettingOrigin::kEnvironment, PathBase{"", home})
                               .WithContext(name));
  }
  return Status::Ok();
}

}  // namespace

std::string_view SettingOriginName(SettingOrigin origin) {
  switch (origin) {
    case SettingOrigin::kDefault: return "default";
    case SettingOrigin::kFile: return "file";
    case SettingOrigin::kEnvironment: return "environment";
    case SettingOrigin::kCall: return "call";
  }
  return "default";
}

Environment ProcessEnvironment() {
  Environment variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

Result<Settings> LoadSettings(std::string_view toml_text, std::string_view toml_path,
                              const Environment& environment) {
  Settings settings;
  const auto home = environment.find("HOME");
  const std::string home_folder = home == environment.end() ? "" : home->second;
  IOLITE_RETURN_IF_ERROR(ReadToml(toml_text, toml_path, home_folder, settings));
  IOLITE_RETURN_IF_ERROR(ReadEnvironment(environment, home_folder, settings));
  return settings;
}

Status SetSetting(Settings& settings, std::string_view key, std::string_view value) {
  const size_t index = FindSetting(key, &SettingDefinition::key);
  if (index == kSettingCount) return UnknownSetting("", key, &SettingDefinition::key);
  return Assign(settings, index, RawSetting(value), SettingOrigin::kCall, {}).WithContext(key);
}

std::vector<SettingEntry> ListSettings(const Settings& settings) {
  std::vector<SettingEntry> entries;
  for (const auto& definition : SettingDefinitions()) {
    entries.push_back({.key = std::string(definition.key),
                       .value = internal::FormatSetting(definition, settings),
                       .origin = settings.origins[entries.size()],
                       .environment = std::string(definition.environment),
                       .description = std::string(definition.description),
                       .example = std::string(definition.example)});
  }
  return entries;
}

}  // namespace iolite
