#include "iolite/search/explanation.h"

#include <fmt/format.h>

#include <algorithm>

namespace iolite::search {

std::string FormatExplanation(std::span<const Trace::Step> steps) {
  size_t name_width = 8;
  for (const Trace::Step& step : steps) name_width = std::max(name_width, step.name.size());
  std::string lines;
  for (const Trace::Step& step : steps) {
    lines += fmt::format("{:<{}} {:>9.2f} ms  {}\n", step.name, name_width,
                         static_cast<double>(step.duration_ns) / 1e6, step.detail);
  }
  return lines;
}

std::string FormatExplanation(const Trace& trace) { return FormatExplanation(trace.steps()); }

std::string WithThousands(int64_t number) {
  const std::string digits = fmt::format("{}", number);
  const size_t first = digits.starts_with('-') ? 1 : 0;
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > first && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

}  // namespace iolite::search
