#include "iolite/vector/peers/commands.h"

#include <fmt/format.h>

#include <array>
#include <sstream>

#include "iolite/vector/index_factory.h"
#include "iolite/vector/peers/measure.h"

namespace iolite::vector::peers {
namespace {

/// Seconds since it was made.
class StopWatch {
 public:
  explicit StopWatch(bool processor_time = false) : processor_time_(processor_time) {}
  double seconds() const { return Seconds(processor_time_) - start_; }

 private:
  bool processor_time_;
  double start_ = Seconds(processor_time_);
};

bool WantsProcessorTime(const Command& command) { return command.Text("clock") == "processor"; }

}  // namespace

Result<Command> Command::Parse(const std::string& line) {
  std::istringstream words(line);
  Command command;
  if (!(words >> command.verb >> command.name)) {
    return InvalidArgument("'{}' is no command: VERB NAME key=value…", line);
  }
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos) return InvalidArgument("'{}' is not key=value", word);
    command.values[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return command;
}

std::string Command::Text(const std::string& key, const std::string& otherwise) const {
  const auto found = values.find(key);
  return found == values.end() ? otherwise : found->second;
}

double Command::Number(const std::string& key, double otherwise) const {
  const auto found = values.find(key);
  return found == values.end() ? otherwise : std::strtod(found->second.c_str(), nullptr);
}

Result<std::string> Session::Run(const Command& command) {
  using Handler = Result<std::string> (Session::*)(const Command&);
  struct Verb {
    std::string_view name;
    Handler handler;
  };
  static constexpr std::array kVerbs = {
      Verb{"kinds", &Session::ListKinds}, Verb{"data", &Session::ReadData},
      Verb{"build", &Session::Build},     Verb{"open", &Session::Open},
      Verb{"close", &Session::Close},     Verb{"filter", &Session::MakeFilter},
      Verb{"search", &Session::Search},
  };
  for (const Verb& verb : kVerbs) {
    if (verb.name == command.verb) return (this->*verb.handler)(command);
  }
  return InvalidArgument("'{}' is no command: kinds, data, build, open, close, filter, search",
                         command.verb);
}

Result<std::string> Session::ListKinds(const Command&) {
  std::string names;
  for (const IndexKind& kind : IndexKinds()) {
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", kind.name);
  }
  return fmt::format(R"({{"kinds": [{}]}})", names);
}

Result<std::string> Session::ReadData(const Command& command) {
  IOLITE_ASSIGN_OR_RETURN(const Metric metric, ParseMetric(command.Text("metric", "l2")));
  contenders_.clear();
  filters_.clear();
  IOLITE_ASSIGN_OR_RETURN(data_, DataSet::Read(command.name, metric));
  return fmt::format(R"({{"rows": {}, "dimension": {}, "queries": {}}})", data_.row_count(),
                     data_.dimension, data_.query_count());
}

Result<std::string> Session::Build(const Command& command) {
  IOLITE_ASSIGN_OR_RETURN(auto contender, MakeContender(command.Text("kind", command.name)));
  const BuildSettings settings{
      .connectivity = static_cast<size_t>(command.Number("m", 0)),
      .expansion_add = static_cast<size_t>(command.Number("efc", 0)),
      .element_type = command.Text("element"),
      .thread_count = static_cast<size_t>(command.Number("threads", 1)),
  };
  const StopWatch watch(WantsProcessorTime(command));
  IOLITE_RETURN_IF_ERROR(contender->Build(data_, settings));
  const double seconds = watch.seconds();
  if (const std::string file = command.Text("file"); !file.empty()) {
    IOLITE_RETURN_IF_ERROR(contender->Save(file));
  }
  auto& kept = contenders_[command.name] = std::move(contender);
  return fmt::format(R"({{"name": "{}", "build_s": {:.3f}, "rows_per_s": {:.1f}, "bytes": {}}})",
                     command.name, seconds, static_cast<double>(data_.row_count()) / seconds,
                     kept->bytes());
}

Result<std::string> Session::Open(const Command& command) {
  IOLITE_ASSIGN_OR_RETURN(auto contender, MakeContender(command.Text("kind", command.name)));
  const StopWatch watch;
  IOLITE_RETURN_IF_ERROR(contender->Open(data_, command.Text("file")));
  const double open_ms = watch.seconds() * 1e3;
  std::array<uint32_t, 10> rows{};
  contender->Search(data_.Query(0), rows.size(), 64, nullptr, rows);
  const double searched_ms = watch.seconds() * 1e3;
  auto& kept = contenders_[command.name] = std::move(contender);
  return fmt::format(
      R"({{"name": "{}", "open_ms": {:.3f}, "first_search_ms": {:.3f}, "bytes": {}}})",
      command.name, open_ms, searched_ms - open_ms, kept->bytes());
}

Result<std::string> Session::Close(const Command& command) {
  IOLITE_RETURN_IF_ERROR(Find(command.name).status());
  contenders_.erase(command.name);
  return fmt::format(R"({{"name": "{}"}})", command.name);
}

Result<std::string> Session::MakeFilter(const Command& command) {
  IOLITE_ASSIGN_OR_RETURN(const Correlation correlation,
                          ParseCorrelation(command.Text("correlation", "random")));
  auto& made = filters_[command.name] =
      MakeFilters(data_, correlation, command.Number("share", 0.01),
                  static_cast<size_t>(command.Number("k", 10)));
  return fmt::format(R"({{"name": "{}", "matches": {}}})", command.name, made.front().matches);
}

Result<std::string> Session::Search(const Command& command) {
  IOLITE_ASSIGN_OR_RETURN(const Contender* contender, Find(command.name));
  const SearchSettings settings{
      .k = static_cast<size_t>(command.Number("k", 10)),
      .ef = static_cast<size_t>(command.Number("ef", 0)),
      .thread_count = static_cast<size_t>(command.Number("threads", 1)),
      .seconds_min = command.Number("seconds", 0.2),
      .processor_time = WantsProcessorTime(command),
  };
  const auto filter = filters_.find(command.Text("filter"));
  const bool filtered = filter != filters_.end();
  std::string judged;
  if (command.Text("quality", "yes") == "yes") {
    const Quality quality = filtered ? MeasureQuality(*contender, data_, settings, filter->second)
                                     : MeasureQuality(*contender, data_, settings);
    judged = fmt::format(R"(, "recall": {:.5f}, "rows_missing": {})", quality.recall,
                         quality.rows_missing);
  }
  std::string timed;
  if (settings.seconds_min > 0) {
    const double speed = filtered ? QueriesPerSecond(*contender, data_, settings, filter->second)
                                  : QueriesPerSecond(*contender, data_, settings);
    timed = fmt::format(R"(, "qps": {:.1f})", speed);
  }
  return fmt::format(R"({{"name": "{}", "ef": {}{}{}}})", command.name, settings.ef, timed, judged);
}

Result<const Contender*> Session::Find(const std::string& name) const {
  const auto found = contenders_.find(name);
  if (found == contenders_.end()) {
    return NotFound("there is no '{}' here: build or open it first", name);
  }
  return found->second.get();
}

}  // namespace iolite::vector::peers
