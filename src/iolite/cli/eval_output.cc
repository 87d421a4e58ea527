#include "iolite/cli/eval_output.h"

#include <cstdio>

#include "iolite/base/status.h"
#include "iolite/cli/listing.h"
#include "iolite/cli/progress_bar.h"

namespace iolite::cli {
namespace {

Json Figures(const EvalResult& result, const std::vector<double>& values) {
  Json figures = Json::object();
  for (size_t i = 0; i < values.size(); ++i) figures[result.metrics[i]] = values[i];
  return figures;
}

Json ToJson(const EvalStrangers& strangers) {
  return {{"count", strangers.count}, {"examples", strangers.examples}};
}

Json NullIfEmpty(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json RunToJson(const EvalResult& result, const EvalRun& run) {
  Json json{{"name", run.name}, {"run", NullIfEmpty(run.id)}, {"target", run.target}};
  json["queries"] = result.query_count;
  json.update(Figures(result, run.values));
  json["queries_unjudged"] = result.unjudged_queries.count;
  json["queries_unknown"] = ToJson(result.unknown_queries);
  json["queries_without_relevant"] = result.irrelevant_count;
  json["queries_unanswered"] = run.unanswered_count;
  json["documents_unknown"] = ToJson(run.unknown_documents);
  Json& cohorts = json["cohorts"] = Json::array();
  for (const auto& cohort : run.cohorts) {
    Json& one = cohorts.emplace_back(Json{{"cohort", NullIfEmpty(cohort.name)}});
    one["queries"] = cohort.query_count;
    one.update(Figures(result, cohort.values));
  }
  json["seconds"] = run.seconds;
  return json;
}

Json DifferenceToJson(const EvalDifference& difference) {
  return {{"metric", difference.metric},   {"first", difference.first},
          {"second", difference.second},   {"difference", difference.difference},
          {"low", difference.low},         {"high", difference.high},
          {"p_value", difference.p_value}, {"p_holm", difference.p_holm},
          {"won", difference.won},         {"lost", difference.lost}};
}

Json ComparisonToJson(const EvalOptions& options, const EvalResult& result) {
  Json json{{"queries", result.query_count}, {"configurations", Json::array()}};
  for (const auto& run : result.runs) json["configurations"].push_back(RunToJson(result, run));
  json["confidence"] = options.confidence;
  json["samples"] = options.resample_count;
  json["seed"] = options.seed;
  json["comparisons"] = Json::array();
  for (const auto& difference : result.differences) {
    json["comparisons"].push_back(DifferenceToJson(difference));
  }
  json["seconds"] = result.seconds;
  return json;
}

std::string Four(double value) { return fmt::format("{:.4f}", value); }
std::string Signed(double value) { return fmt::format("{:+.4f}", value); }

/// A row for each metric, a column for each run.
void PrintFigures(const Console& console, const EvalResult& result) {
  std::vector<std::string> headings = {"metric"};
  for (const auto& run : result.runs) headings.push_back(run.name);
  Listing listing(headings);
  for (size_t i = 0; i < result.metrics.size(); ++i) {
    std::vector<std::string> cells = {result.metrics[i]};
    for (const auto& run : result.runs) cells.push_back(Four(run.values[i]));
    listing.Add({}, cells);
  }
  listing.Print(console, "");
}

/// A row for each cohort of each run, a column for each metric.
void PrintCohorts(const Console& console, const EvalResult& result) {
  if (result.runs.front().cohorts.empty()) return;
  std::vector<std::string> headings = {"cohort", "queries"};
  if (result.runs.size() > 1) headings.insert(headings.begin(), "name");
  headings.insert(headings.end(), result.metrics.begin(), result.metrics.end());
  Listing listing(headings);
  for (const auto& run : result.runs) {
    for (const auto& cohort : run.cohorts) {
      std::vector<std::string> cells = {cohort.name.empty() ? "-" : cohort.name,
                                        GroupDigits(cohort.query_count)};
      if (result.runs.size() > 1) cells.insert(cells.begin(), run.name);
      for (const double value : cohort.values) cells.push_back(Four(value));
      listing.Add({}, cells);
    }
  }
  console.Print("");
  listing.Print(console, "");
}

void PrintDifferences(const Console& console, const EvalOptions& options,
                      const EvalResult& result) {
  if (result.differences.empty()) return;
  Listing listing({"metric", "first", "second", "difference",
                   fmt::format("{:g} % interval", options.confidence * 100), "p", "p (Holm)",
                   "won/lost"});
  for (const auto& one : result.differences) {
    listing.Add({}, {one.metric, one.first, one.second, Signed(one.difference),
                     fmt::format("{} to {}", Signed(one.low), Signed(one.high)), Four(one.p_value),
                     Four(one.p_holm), fmt::format("{}/{}", one.won, one.lost)});
  }
  console.Print("");
  listing.Print(console, "");
}

/// `3 ids are unknown: "a", "b", "c"`.
std::string Describe(const EvalStrangers& strangers, std::string_view one, std::string_view many) {
  std::string names;
  for (const auto& name : strangers.examples) {
    names += fmt::format("{}{:?}", names.empty() ? "" : ", ", name);
  }
  if (strangers.count > static_cast<int64_t>(strangers.examples.size())) names += ", …";
  return fmt::format("{} {}: {}", GroupDigits(strangers.count), strangers.count == 1 ? one : many,
                     names);
}

void Warn(const Console& console, const EvalStrangers& strangers, std::string_view one,
          std::string_view many) {
  if (strangers.count > 0) console.Warn(Describe(strangers, one, many));
}

Json ClassToJson(const ClassFigures& figures) {
  return {{"name", figures.name},
          {"support", figures.support},
          {"predicted", figures.predicted},
          {"correct", figures.correct},
          {"precision", figures.precision},
          {"recall", figures.recall},
          {"f1", figures.f1}};
}

Json ClassesToJson(const std::vector<ClassFigures>& classes) {
  Json json = Json::array();
  for (const auto& figures : classes) json.push_back(ClassToJson(figures));
  return json;
}

void AddClass(Listing& listing, const ClassFigures& figures) {
  listing.Add({}, {figures.name, GroupDigits(figures.support), GroupDigits(figures.predicted),
                   Four(figures.precision), Four(figures.recall), Four(figures.f1)});
}

void PrintClasses(const Console& console, std::string_view what,
                  const std::vector<ClassFigures>& classes,
                  const std::vector<const ClassFigures*>& means) {
  Listing listing({std::string(what), "true", "predicted", "precision", "recall", "f1"});
  for (const auto& figures : classes) AddClass(listing, figures);
  for (const auto* figures : means) AddClass(listing, *figures);
  listing.Print(console, "");
}

Json ToJson(const Calibration& calibration) {
  Json json{{"expected_error", calibration.expected_error},
            {"greatest_error", calibration.greatest_error},
            {"brier", calibration.brier},
            {"bins", Json::array()}};
  for (const auto& bin : calibration.bins) {
    json["bins"].push_back({{"low", bin.low},
                            {"high", bin.high},
                            {"count", bin.count},
                            {"confidence", bin.confidence},
                            {"accuracy", bin.accuracy}});
  }
  return json;
}

Json LabelsToJson(const LabelEvalResult& result) {
  Json json{{"run", NullIfEmpty(result.run_id)}, {"rows", result.row_count}};
  json["accuracy"] = result.accuracy;
  json["macro"] = ClassToJson(result.macro);
  json["micro"] = ClassToJson(result.micro);
  json["weighted"] = ClassToJson(result.weighted);
  json["classes"] = ClassesToJson(result.classes);
  json["confusion"] = result.confusion;
  json["calibration"] = result.calibrated ? ToJson(result.calibration) : Json(nullptr);
  json["rows_failed"] = result.failed_count;
  json["rows_unpredicted"] = ToJson(result.unpredicted);
  json["rows_unknown"] = ToJson(result.unknown);
  return json;
}

/// A row for each true class, a column for each predicted one.
void PrintConfusion(const Console& console, const LabelEvalResult& result) {
  std::vector<std::string> headings = {"true \\ predicted"};
  for (const auto& one : result.classes) headings.push_back(one.name);
  Listing listing(headings);
  for (size_t row = 0; row < result.confusion.size(); ++row) {
    std::vector<std::string> cells = {result.classes[row].name};
    for (const int64_t count : result.confusion[row]) cells.push_back(GroupDigits(count));
    listing.Add({}, cells);
  }
  console.Print("");
  listing.Print(console, "");
}

}  // namespace

void PrintEvaluation(const Console& console, const EvalOptions& options, const EvalResult& result) {
  if (console.json()) {
    return console.Print(ToLine(result.runs.size() == 1 ? RunToJson(result, result.runs.front())
                                                        : ComparisonToJson(options, result)));
  }
  console.Print(fmt::format("{} queries in {}", GroupDigits(result.query_count),
                            FormatDuration(result.seconds)));
  PrintFigures(console, result);
  PrintCohorts(console, result);
  PrintDifferences(console, options, result);
  for (const auto& run : result.runs) {
    if (!run.id.empty()) console.Note(fmt::format("{} is kept as {}", run.name, run.id));
  }
}

void WarnOfStrangers(const Console& console, const EvalResult& result) {
  // A file of queries often serves several sets of judgements: worth a note, not a warning.
  if (result.unjudged_queries.count > 0) {
    console.Note(Describe(result.unjudged_queries, "query has no judgement and was not asked",
                          "queries have no judgement and were not asked"));
  }
  Warn(console, result.unknown_queries, "judged query is not in the file of queries",
       "judged queries are not in the file of queries");
  if (result.irrelevant_count > 0) {
    console.Warn(fmt::format("{} of the queries have no relevant document and count as 0",
                             GroupDigits(result.irrelevant_count)));
  }
  std::string last_target;
  for (const auto& run : result.runs) {
    if (run.target != last_target) {
      Warn(console, run.unknown_documents,
           fmt::format("judged document is not in {} and counts as not found", run.target),
           fmt::format("judged documents are not in {} and count as not found", run.target));
    }
    last_target = run.target;
    Warn(console, run.unknown_queries, fmt::format("query of {} is not asked", run.name),
         fmt::format("queries of {} are not asked", run.name));
    if (run.unanswered_count > 0) {
      console.Warn(fmt::format("{}: {} queries got no answer and count as 0", run.name,
                               GroupDigits(run.unanswered_count)));
    }
    for (const auto& warning : run.warnings) {
      console.Warn(result.runs.size() == 1 ? warning : fmt::format("{}: {}", run.name, warning));
    }
  }
}

void PrintLabels(const Console& console, const LabelEvalResult& result) {
  for (const auto& warning : result.warnings) console.Warn(warning);
  Warn(console, result.unpredicted, "row of the truth has no prediction and counts as wrong",
       "rows of the truth have no prediction and count as wrong");
  Warn(console, result.unknown, "prediction is of a row that the truth lacks, and does not count",
       "predictions are of rows that the truth lacks, and do not count");
  if (result.failed_count > 0) {
    console.Warn(
        fmt::format("{} predictions failed and count as wrong", GroupDigits(result.failed_count)));
  }
  if (console.json()) return console.Print(ToLine(LabelsToJson(result)));
  console.Print(
      fmt::format("accuracy  {} of {} rows", Four(result.accuracy), GroupDigits(result.row_count)));
  PrintClasses(console, "class", result.classes, {&result.macro, &result.micro, &result.weighted});
  PrintConfusion(console, result);
  if (!result.calibrated) return;
  console.Print("");
  console.Print(
      fmt::format("expected calibration error  {}", Four(result.calibration.expected_error)));
  console.Print(fmt::format("Brier score                 {}", Four(result.calibration.brier)));
}

void PrintEntities(const Console& console, const EntityEvalResult& result) {
  for (const auto& warning : result.warnings) console.Warn(warning);
  const bool spans = result.layout == "spans";
  Warn(console, result.unpredicted, "text of the truth has no prediction",
       "texts of the truth have no prediction");
  Warn(console, result.unknown,
       spans ? "text has entities predicted and none true: they count as wrong"
             : "prediction is of a text that the truth lacks, and does not count",
       spans ? "texts have entities predicted and none true: they count as wrong"
             : "predictions are of texts that the truth lacks, and do not count");
  if (console.json()) {
    Json json{{"run", NullIfEmpty(result.run_id)}, {"layout", result.layout}};
    json["texts"] = result.row_count;
    json["micro"] = ClassToJson(result.micro);
    json["macro"] = ClassToJson(result.macro);
    json["weighted"] = ClassToJson(result.weighted);
    json["types"] = ClassesToJson(result.types);
    json["texts_unpredicted"] = ToJson(result.unpredicted);
    json["texts_unknown"] = ToJson(result.unknown);
    return console.Print(ToLine(json));
  }
  console.Print(
      fmt::format("{} texts, compared by {}", GroupDigits(result.row_count), result.layout));
  PrintClasses(console, "type", result.types, {&result.micro, &result.macro, &result.weighted});
}

Status WriteTextFile(const std::string& path, const std::string& content) {
  FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return ErrnoStatus(errno, "Cannot write " + path);
  std::fwrite(content.data(), 1, content.size(), file);
  const bool failed = std::ferror(file) != 0;
  if (std::fclose(file) != 0 || failed) return ErrnoStatus(errno, "Cannot write " + path);
  return Status::Ok();
}

Status WritePerQuery(const std::string& path, const EvalResult& result) {
  std::string lines;
  for (const auto& run : result.runs) {
    for (const auto& query : run.per_query) {
      Json json{{"query", query.query_id}};
      if (result.runs.size() > 1) json["name"] = run.name;
      if (!run.cohorts.empty()) json["cohort"] = NullIfEmpty(query.cohort);
      json.update(Figures(result, query.values));
      Json& ranking = json["ranking"] = Json::array();
      for (const auto& document : query.documents) ranking.push_back(document.id);
      lines += ToLine(json) + "\n";
    }
  }
  return WriteTextFile(path, lines);
}

}  // namespace iolite::cli
