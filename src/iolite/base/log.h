#pragma once

#include <fmt/core.h>

#include <string_view>

#include "iolite/base/status.h"

namespace iolite {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

/// Reads `debug`, `info`, `warning`, `error` or `off`, as the setting log.level has it.
Result<LogLevel> ParseLogLevel(std::string_view name);

/// Sets what is written to stderr; the level at start is kWarning, because the engine lives in
/// other people's processes.
void SetLogLevel(LogLevel level);

/// Writes one line to stderr when `level` is loud enough. Threads: any number.
void LogMessage(LogLevel level, std::string_view message);

template <typename... Args>
void LogInfo(fmt::format_string<Args...> format, Args&&... args) {
  LogMessage(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void LogWarning(fmt::format_string<Args...> format, Args&&... args) {
  LogMessage(LogLevel::kWarning, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void LogError(fmt::format_string<Args...> format, Args&&... args) {
  LogMessage(LogLevel::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace iolite
