#include "iolite/base/internal/setting_definition.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>

namespace iolite::internal {
namespace {

// A number below a bound, or what to write instead.
Result<int64_t> ParseInteger(std::string_view text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    return InvalidArgument("'{}' is not a whole number", text);
  }
  return value;
}

Status AssignInteger(const SettingDefinition& definition, const RawSetting& raw, bool typed,
                     SettingValues& values) {
  int64_t value = 0;
  if (const auto* number = std::get_if<int64_t>(&raw)) {
    value = *number;
  } else if (const auto* text = std::get_if<std::string_view>(&raw)) {
    const bool plain = definition.type == SettingType::kInteger;
    if (plain && typed)
      return InvalidArgument("'{}' is text: write the number without quotes", *text);
    auto parsed = plain                                    ? ParseInteger(*text)
                  : definition.type == SettingType::kBytes ? ParseBytes(*text)
                                                           : ParseDurationMs(*text);
    IOLITE_ASSIGN_OR_RETURN(value, std::move(parsed));
  } else {
    return InvalidArgument("a truth value stands where a number belongs, such as {}",
                           definition.example);
  }
  if (value < definition.min || value > definition.max) {
    if (definition.max == std::numeric_limits<int64_t>::max()) {
      return InvalidArgument("{} is below {}", value, definition.min);
    }
    return InvalidArgument("{} is outside {} to {}", value, definition.min, definition.max);
  }
  definition.integer(values) = value;
  return Status::Ok();
}

Result<double> ParseNumber(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    return InvalidArgument("'{}' is not a number", text);
  }
  return value;
}

Status AssignNumber(const SettingDefinition& definition, const RawSetting& raw, bool typed,
                    SettingValues& values) {
  double value = 0;
  if (const auto* whole = std::get_if<int64_t>(&raw)) {
    value = static_cast<double>(*whole);
  } else if (const auto* number = std::get_if<double>(&raw)) {
    value = *number;
  } else if (const auto* text = std::get_if<std::string_view>(&raw)) {
    if (typed) return InvalidArgument("'{}' is text: write the number without quotes", *text);
    IOLITE_ASSIGN_OR_RETURN(value, ParseNumber(*text));
  } else {
    return InvalidArgument("a truth value stands where a number belongs, such as {}",
                           definition.example);
  }
  // Written so that NaN is outside.
  if (!(value >= static_cast<double>(definition.min) &&
        value <= static_cast<double>(definition.max))) {
    return InvalidArgument("{} is outside {} to {}", value, definition.min, definition.max);
  }
  definition.number(values) = value;
  return Status::Ok();
}

Status AssignBoolean(const SettingDefinition& definition, const RawSetting& raw, bool typed,
                     SettingValues& values) {
  if (const auto* truth = std::get_if<bool>(&raw)) {
    definition.boolean(values) = *truth;
    return Status::Ok();
  }
  const auto* text = std::get_if<std::string_view>(&raw);
  if (!typed && text != nullptr) {
    if (*text == "true" || *text == "1") {
      definition.boolean(values) = true;
      return Status::Ok();
    }
    if (*text == "false" || *text == "0") {
      definition.boolean(values) = false;
      return Status::Ok();
    }
    return InvalidArgument("'{}' is neither true nor false", *text);
  }
  return InvalidArgument("write true or false, without quotes");
}

std::string FullPath(std::string_view path, const PathBase& base) {
  if (path == "~" || path.starts_with("~/")) {
    if (!base.home.empty()) return base.home + std::string(path.substr(1));
  } else if (!path.empty() && !path.starts_with('/') && !base.folder.empty()) {
    return base.folder + "/" + std::string(path);
  }
  return std::string(path);
}

Status CheckUrl(std::string_view url) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (url.starts_with(scheme) && url.size() > scheme.size() && url[scheme.size()] != '/' &&
        url.find_first_of(" \t\r\n") == std::string_view::npos) {
      return Status::Ok();
    }
  }
  return InvalidArgument("'{}' is not an address that begins with http:// or https://", url);
}

Status CheckEnumeration(const SettingDefinition& definition, std::string_view text) {
  if (std::ranges::find(definition.values, text) != definition.values.end()) return Status::Ok();
  return InvalidArgument("'{}' is none of {}", text,
                         fmt::format("{}", fmt::join(definition.values, ", ")));
}

Status AssignText(const SettingDefinition& definition, const RawSetting& raw, const PathBase& base,
                  SettingValues& values) {
  const auto* text = std::get_if<std::string_view>(&raw);
  if (text == nullptr)
    return InvalidArgument("write it in quotes, such as \"{}\"", definition.example);
  if (text->find('\0') != std::string_view::npos) return InvalidArgument("it holds a zero byte");
  if (definition.type == SettingType::kEnumeration) {
    IOLITE_RETURN_IF_ERROR(CheckEnumeration(definition, *text));
  }
  if (definition.type == SettingType::kUrl) IOLITE_RETURN_IF_ERROR(CheckUrl(*text));
  definition.text(values) =
      definition.type == SettingType::kPath ? FullPath(*text, base) : std::string(*text);
  return Status::Ok();
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

Status AssignSetting(const SettingDefinition& definition, const RawSetting& raw, bool typed,
                     const PathBase& base, SettingValues& values) {
  if (definition.integer != nullptr && !std::holds_alternative<double>(raw)) {
    return AssignInteger(definition, raw, typed, values);
  }
  if (definition.number != nullptr) return AssignNumber(definition, raw, typed, values);
  if (std::holds_alternative<double>(raw)) {
    return InvalidArgument("write one value, such as {}", definition.example);
  }
  if (definition.boolean != nullptr) return AssignBoolean(definition, raw, typed, values);
  return AssignText(definition, raw, base, values);
}

std::string FormatSetting(const SettingDefinition& definition, const SettingValues& values) {
  // The accessors serve reading and writing; nothing is written here.
  auto& readable = const_cast<SettingValues&>(values);
  if (definition.integer != nullptr) return fmt::format("{}", definition.integer(readable));
  if (definition.number != nullptr) return fmt::format("{}", definition.number(readable));
  if (definition.boolean != nullptr) return definition.boolean(readable) ? "true" : "false";
  return definition.text(readable);
}

std::string_view NearestWord(std::string_view word, std::span<const std::string_view> known) {
  std::string_view nearest;
  size_t distance_min = word.size() / 2 + 1;
  for (std::string_view candidate : known) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < distance_min) {
      distance_min = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace iolite::internal
