#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <string>

#include "iolite/base/settings.h"

namespace iolite {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array kByteUnits = {
    Unit{"", 1},           Unit{"b", 1},          Unit{"kb", 1e3},     Unit{"mb", 1e6},
    Unit{"gb", 1e9},       Unit{"tb", 1e12},      Unit{"kib", 1024.0}, Unit{"mib", 1048576.0},
    Unit{"gib", 0x1.0p30}, Unit{"tib", 0x1.0p40},
};
constexpr std::array kDurationUnits = {
    Unit{"", 1}, Unit{"ms", 1}, Unit{"s", 1e3}, Unit{"m", 6e4}, Unit{"h", 3.6e6},
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The leading digits, with at most one point between digits; empty when there is no such number.
std::string_view LeadingNumber(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && IsDigit(text[end])) ++end;
  if (end > 0 && end + 1 < text.size() && text[end] == '.' && IsDigit(text[end + 1])) {
    ++end;
    while (end < text.size() && IsDigit(text[end])) ++end;
  }
  return text.substr(0, end);
}

std::string LowerUnit(std::string_view text) {
  std::string unit;
  for (char c : text) {
    if (unit.empty() && c == ' ') continue;
    unit += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return unit;
}

// A count without a unit keeps every digit, which a double would not.
std::optional<int64_t> WholeNumber(std::string_view text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A number of no more than 18 digits with a unit that is not 1.
std::optional<int64_t> Scaled(std::string_view number, double factor) {
  if (number.size() > 18) return std::nullopt;
  const double value = std::stod(std::string(number)) * factor;
  if (value >= 0x1.0p63) return std::nullopt;
  return std::llround(value);
}

std::optional<int64_t> ParseWithUnit(std::string_view text, std::span<const Unit> units) {
  const std::string_view number = LeadingNumber(text);
  if (number.empty()) return std::nullopt;
  const std::string unit_name = LowerUnit(text.substr(number.size()));
  for (const Unit& unit : units) {
    if (unit.name != unit_name) continue;
    return unit.factor == 1 ? WholeNumber(number) : Scaled(number, unit.factor);
  }
  return std::nullopt;
}

}  // namespace

Result<int64_t> ParseBytes(std::string_view text) {
  const auto bytes = ParseWithUnit(text, kByteUnits);
  if (!bytes) {
    return InvalidArgument("'{}' is not a number of bytes: write 1073741824, 512MB or 2GiB", text);
  }
  return *bytes;
}

Result<int64_t> ParseDurationMs(std::string_view text) {
  const auto milliseconds = ParseWithUnit(text, kDurationUnits);
  if (!milliseconds) {
    return InvalidArgument("'{}' is not a duration: write 250ms, 2s, 5m or 1h", text);
  }
  return *milliseconds;
}

}  // namespace iolite
