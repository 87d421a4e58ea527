#include "iolite/eval/run_record.h"

#include <nlohmann/json.hpp>

namespace iolite::eval {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string Dump(const OrderedJson& object) {
  return object.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

bool IsDocument(const nlohmann::json& pair) {
  return pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_number();
}

Status ParseLine(std::string_view line, Run& run) {
  const nlohmann::json object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("query") || !object["query"].is_string() ||
      !object.contains("documents") || !object["documents"].is_array()) {
    return DataLoss("not the answer to a query");
  }
  std::vector<ScoredDocument>& documents = run[object["query"].get<std::string>()];
  for (const nlohmann::json& pair : object["documents"]) {
    if (!IsDocument(pair)) return DataLoss("not a document and its score");
    documents.push_back({pair[0].get<std::string>(), pair[1].get<double>()});
  }
  return Status::Ok();
}

}  // namespace

std::string FiguresToJson(const NamedFigures& figures) {
  OrderedJson object = OrderedJson::object();
  for (const auto& [name, value] : figures) object[name] = value;
  return Dump(object);
}

Result<NamedFigures> ParseFigures(std::string_view json) {
  const OrderedJson object = OrderedJson::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return DataLoss("The figures of a run are no JSON object.");
  NamedFigures figures;
  for (const auto& [name, value] : object.items()) {
    if (!value.is_number()) return DataLoss("The figure \"{}\" of a run is no number.", name);
    figures.emplace_back(name, value.get<double>());
  }
  return figures;
}

std::string ConfigurationToJson(const EvalConfiguration& configuration,
                                const std::vector<int64_t>& cutoffs) {
  OrderedJson object;
  object["source"] = configuration.search.source;
  object["run"] = configuration.run;
  object["where"] = configuration.search.where;
  object["exact"] = configuration.search.exact;
  object["ef"] = configuration.search.ef;
  object["target_recall"] = configuration.search.target_recall;
  object["cutoffs"] = cutoffs;
  return Dump(object);
}

std::string AnswersToJsonLines(const std::vector<EvalQueryResult>& answers) {
  std::string lines;
  for (const EvalQueryResult& answer : answers) {
    OrderedJson object;
    object["query"] = answer.query_id;
    OrderedJson& documents = object["documents"] = OrderedJson::array();
    for (const EvalDocument& document : answer.documents) {
      documents.push_back(OrderedJson::array({document.id, document.score}));
    }
    lines += Dump(object);
    lines += '\n';
  }
  return lines;
}

Result<Run> ParseAnswers(std::string_view lines) {
  Run run;
  for (int64_t number = 1; !lines.empty(); ++number) {
    const size_t end = lines.find('\n');
    const Status parsed = ParseLine(lines.substr(0, end), run);
    if (!parsed.ok()) return parsed.WithContext(fmt::format("line {}", number));
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return run;
}

}  // namespace iolite::eval
