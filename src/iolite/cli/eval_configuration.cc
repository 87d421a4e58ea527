#include "iolite/cli/eval_configuration.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "iolite/base/status.h"

namespace iolite::cli {
namespace {

constexpr std::string_view kRunPrefix = "run:";

/// Cuts off what stands before the next comma.
std::string_view TakePart(std::string_view& rest) {
  const size_t comma = rest.find(',');
  const std::string_view part = rest.substr(0, comma);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return part;
}

Status ReadPool(const std::string& value, SearchOptions& search) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), search.ef);
  if (error == std::errc() && end == value.data() + value.size() && search.ef > 0) {
    return Status::Ok();
  }
  return InvalidArgument("ef={} is no whole number above 0", value);
}

Status ReadRecall(const std::string& value, SearchOptions& search) {
  char* end = nullptr;
  search.target_recall = std::strtod(value.c_str(), &end);
  const bool number = end != value.c_str() && *end == '\0';
  if (number && search.target_recall > 0 && search.target_recall <= 1) return Status::Ok();
  return InvalidArgument("target-recall={} is no share above 0 and up to 1", value);
}

Status ReadOption(std::string_view name, const std::string& value,
                  EvalConfiguration& configuration) {
  SearchOptions& search = configuration.search;
  if (name == "name") {
    configuration.name = value;
    return Status::Ok();
  }
  if (!configuration.run.empty()) {
    return InvalidArgument(
        "{:?} does not suit a run: it is measured as it is, with a name=… at most", name);
  }
  if (name == "exact" && value.empty()) {
    search.exact = true;
    return Status::Ok();
  }
  if (name == "ef") return ReadPool(value, search);
  if (name == "target-recall") return ReadRecall(value, search);
  if (name == "where") {
    search.where = value;
    return Status::Ok();
  }
  return InvalidArgument(
      "There is no option {:?}: after the table may stand exact, ef=N, target-recall=SHARE, "
      "name=TEXT and, last, "
      "where=CONDITION",
      name);
}

}  // namespace

Result<EvalConfiguration> ParseEvalConfiguration(const std::string& text) {
  EvalConfiguration configuration;
  std::string_view rest = text;
  const std::string_view target = TakePart(rest);
  if (target.starts_with(kRunPrefix)) {
    configuration.run = target.substr(kRunPrefix.size());
  } else {
    configuration.search.source = target;
  }
  if (configuration.run.empty() && configuration.search.source.empty()) {
    return InvalidArgument("{:?} names nothing to measure: write TABLE or run:FILE, then options",
                           text);
  }
  while (!rest.empty()) {
    const bool last = rest.starts_with("where=");
    const std::string_view part = last ? rest : TakePart(rest);
    const size_t equals = part.find('=');
    const std::string value(equals == std::string_view::npos ? "" : part.substr(equals + 1));
    const Status read = ReadOption(part.substr(0, equals), value, configuration);
    if (!read.ok()) return read.WithContext(text);
    if (last) break;
  }
  // What a person wrote is what answers call it, so that two ways to search one table differ.
  if (configuration.name.empty()) {
    configuration.name = configuration.run.empty() ? text : configuration.run;
  }
  return configuration;
}

}  // namespace iolite::cli
