#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <functional>
#include <optional>
#include <sstream>

#include "iolite/engine/local_engine.h"
#include "iolite/eval/entities.h"
#include "iolite/eval/labels.h"
#include "iolite/eval/run_record.h"

namespace iolite::engine {
namespace {

/// One side of a comparison: a table and what its columns are.
class Side {
 public:
  static Result<Side> Open(const RequestContext& context, sql::Database& database,
                           const std::string& table) {
    if (table.empty()) return InvalidArgument("Name two tables: the predictions, and the truth");
    Side side(context, table);
    IOLITE_ASSIGN_OR_RETURN(side.session_, database.Connect());
    IOLITE_ASSIGN_OR_RETURN(
        const auto nothing,
        side.session_->Query(context, fmt::format("SELECT * FROM {} LIMIT 0", side.relation_)));
    side.schema_ = nothing->schema();
    return side;
  }

  bool Has(const std::string& column) const { return schema_->GetFieldByName(column) != nullptr; }

  /// The column that is named, or the first of the usual ones that is there.
  Result<std::string> Column(const std::string& named, std::vector<std::string> usual,
                             std::string_view what) const {
    if (!named.empty()) usual = {named};
    for (const auto& column : usual) {
      if (Has(column)) return column;
    }
    std::string there;
    for (const auto& field : schema_->fields()) {
      there += (there.empty() ? "" : ", ") + field->name();
    }
    return InvalidArgument("{} has no column {:?} for the {}: there are {}", table_, usual.front(),
                           what, there);
  }

  /// Texts of some expressions, a row each; null stays null.
  using Cells = std::vector<std::optional<std::string>>;
  Status Read(const std::vector<std::string>& expressions,
              const std::function<Status(const Cells&)>& visit) {
    std::string list;
    for (const auto& expression : expressions) {
      list += fmt::format("{}CAST({} AS VARCHAR)", list.empty() ? "" : ", ", expression);
    }
    IOLITE_ASSIGN_OR_RETURN(
        auto rows, session_->Query(context_, fmt::format("SELECT {} FROM {}", list, relation_)));
    while (true) {
      IOLITE_ASSIGN_OR_RETURN(const auto batch, rows->Next());
      if (batch == nullptr) return Status::Ok();
      IOLITE_RETURN_IF_ERROR(Visit(*batch, visit));
    }
  }

  /// Tags as one text: lists are joined with blanks.
  std::string TagsExpression(const std::string& column) const {
    const auto quoted = sql::QuoteIdentifier(column);
    const auto id = schema_->GetFieldByName(column)->type()->id();
    const bool list = id == arrow::Type::LIST || id == arrow::Type::LARGE_LIST ||
                      id == arrow::Type::FIXED_SIZE_LIST;
    return list ? fmt::format("array_to_string({}, ' ')", quoted) : quoted;
  }

 private:
  Side(const RequestContext& context, const std::string& table)
      : context_(context), table_(table), relation_(sql::QuoteIdentifier(table)) {}

  static Status Visit(const arrow::RecordBatch& batch,
                      const std::function<Status(const Cells&)>& visit) {
    Cells cells(static_cast<size_t>(batch.num_columns()));
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      for (int i = 0; i < batch.num_columns(); ++i) {
        const auto& column = static_cast<const arrow::StringArray&>(*batch.column(i));
        auto& cell = cells[static_cast<size_t>(i)];
        cell.reset();
        if (column.IsValid(row)) cell = column.GetString(row);
      }
      IOLITE_RETURN_IF_ERROR(visit(cells));
    }
    return Status::Ok();
  }

  RequestContext context_;
  std::string table_;
  std::string relation_;
  std::unique_ptr<sql::Session> session_;
  std::shared_ptr<arrow::Schema> schema_;
};

const std::vector<std::string> kPredictedKeys = {"_row_id", "id"};
const std::vector<std::string> kTrueKeys = {"id", "_row_id"};

Status NoKey(std::string_view side) {
  return InvalidArgument("A row of the {} has no key: every row needs one", side);
}

struct LabelColumns {
  std::string key;
  std::string label;
  std::string confidence;  ///< empty for none
};

Result<std::vector<eval::LabelRow>> ReadLabels(Side& side, const LabelColumns& columns,
                                               std::string_view name) {
  std::vector<std::string> expressions = {sql::QuoteIdentifier(columns.key),
                                          sql::QuoteIdentifier(columns.label)};
  if (!columns.confidence.empty()) {
    expressions.push_back(
        fmt::format("CAST({} AS DOUBLE)", sql::QuoteIdentifier(columns.confidence)));
  }
  std::vector<eval::LabelRow> rows;
  IOLITE_RETURN_IF_ERROR(side.Read(expressions, [&](const Side::Cells& cells) {
    if (!cells[0]) return NoKey(name);
    eval::LabelRow row{*cells[0], cells[1]};
    if (cells.size() > 2 && cells[2]) row.confidence = std::stod(*cells[2]);
    rows.push_back(std::move(row));
    return Status::Ok();
  }));
  return rows;
}

Result<LabelColumns> PredictedColumns(const Side& side, const LabelEvalOptions& options) {
  LabelColumns columns;
  IOLITE_ASSIGN_OR_RETURN(columns.key, side.Column(options.key, kPredictedKeys, "key"));
  IOLITE_ASSIGN_OR_RETURN(columns.label, side.Column(options.label, {}, "label"));
  if (!options.confidence.empty() || side.Has("confidence")) {
    IOLITE_ASSIGN_OR_RETURN(columns.confidence,
                            side.Column(options.confidence, {"confidence"}, "confidence"));
  }
  return columns;
}

Result<std::vector<eval::TagRow>> ReadTags(Side& side, const std::string& key,
                                           const std::string& tags, std::string_view name) {
  std::vector<eval::TagRow> rows;
  IOLITE_RETURN_IF_ERROR(side.Read({sql::QuoteIdentifier(key), side.TagsExpression(tags)},
                                   [&](const Side::Cells& cells) {
                                     if (!cells[0]) return NoKey(name);
                                     std::istringstream words(cells[1].value_or(""));
                                     eval::TagRow row{*cells[0], {}};
                                     for (std::string tag; words >> tag;) row.tags.push_back(tag);
                                     rows.push_back(std::move(row));
                                     return Status::Ok();
                                   }));
  return rows;
}

Result<std::vector<eval::EntityRow>> ReadSpans(Side& side, const std::string& key,
                                               const EntityEvalOptions& options,
                                               std::string_view name) {
  std::vector<std::string> expressions = {sql::QuoteIdentifier(key)};
  for (const auto& [column, what] :
       {std::pair(options.label, "label"), std::pair(options.start, "start"),
        std::pair(options.end, "end")}) {
    IOLITE_ASSIGN_OR_RETURN(const auto found, side.Column(column, {}, what));
    const auto quoted = sql::QuoteIdentifier(found);
    expressions.push_back(expressions.size() == 1 ? quoted
                                                  : fmt::format("CAST({} AS BIGINT)", quoted));
  }
  std::vector<eval::EntityRow> rows;
  IOLITE_RETURN_IF_ERROR(side.Read(expressions, [&](const Side::Cells& cells) -> Status {
    if (!cells[0]) return NoKey(name);
    if (!cells[1] || !cells[2] || !cells[3]) {
      return InvalidArgument("An entity of row {:?} of the {} lacks a label, a start or an end",
                             *cells[0], name);
    }
    rows.push_back({*cells[0], {*cells[1], std::stoll(*cells[2]), std::stoll(*cells[3])}});
    return Status::Ok();
  }));
  return rows;
}

Result<EntityEvalResult> EvaluateSides(Side& predicted, Side& truth,
                                       const EntityEvalOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(const auto key, predicted.Column(options.key, kPredictedKeys, "key"));
  IOLITE_ASSIGN_OR_RETURN(const auto truth_key, truth.Column(options.truth_key, kTrueKeys, "key"));
  if (!options.tags.empty() || (predicted.Has("tags") && truth.Has("tags"))) {
    IOLITE_ASSIGN_OR_RETURN(const auto tags, predicted.Column(options.tags, {"tags"}, "tags"));
    IOLITE_RETURN_IF_ERROR(truth.Column(tags, {}, "tags").status());
    IOLITE_ASSIGN_OR_RETURN(const auto left, ReadTags(predicted, key, tags, "predictions"));
    IOLITE_ASSIGN_OR_RETURN(const auto right, ReadTags(truth, truth_key, tags, "truth"));
    return eval::EvaluateTags(left, right);
  }
  IOLITE_ASSIGN_OR_RETURN(const auto left, ReadSpans(predicted, key, options, "predictions"));
  IOLITE_ASSIGN_OR_RETURN(const auto right, ReadSpans(truth, truth_key, options, "truth"));
  return eval::EvaluateSpans(left, right);
}

void AddFigures(const ClassFigures& figures, eval::NamedFigures& named) {
  named.emplace_back(figures.name + "_precision", figures.precision);
  named.emplace_back(figures.name + "_recall", figures.recall);
  named.emplace_back(figures.name + "_f1", figures.f1);
}

catalog::EvalRunEntry Entry(std::string task, const std::string& predicted,
                            const std::string& truth, const eval::NamedFigures& figures) {
  return {.name = predicted,
          .task = std::move(task),
          .target = predicted,
          .options_json = "{}",
          .judgements = truth,
          .figures_json = eval::FiguresToJson(figures)};
}

/// A measurement that cannot be kept is a measurement all the same.
template <typename EvalResult>
void NoteKept(const Result<std::string>& id, EvalResult& result) {
  if (id.ok()) {
    result.run_id = *id;
  } else {
    result.warnings.push_back("The run was not kept: " + id.status().message());
  }
}

}  // namespace

Result<LabelEvalResult> LocalEngine::EvaluateLabels(const LabelEvalOptions& options,
                                                    const CallOptions& call) {
  const auto context = MakeContext(call);
  IOLITE_ASSIGN_OR_RETURN(auto predicted, Side::Open(context, *database_, options.predicted));
  IOLITE_ASSIGN_OR_RETURN(auto truth, Side::Open(context, *database_, options.truth));
  IOLITE_ASSIGN_OR_RETURN(const auto columns, PredictedColumns(predicted, options));
  LabelColumns truth_columns;
  IOLITE_ASSIGN_OR_RETURN(truth_columns.key, truth.Column(options.truth_key, kTrueKeys, "key"));
  IOLITE_ASSIGN_OR_RETURN(truth_columns.label, truth.Column(options.truth_label, {}, "label"));
  IOLITE_ASSIGN_OR_RETURN(const auto left, ReadLabels(predicted, columns, "predictions"));
  IOLITE_ASSIGN_OR_RETURN(const auto right, ReadLabels(truth, truth_columns, "truth"));
  IOLITE_ASSIGN_OR_RETURN(auto result, eval::EvaluateLabels(left, right, options.bin_count));
  if (!options.keep) return result;
  eval::NamedFigures figures = {{"accuracy", result.accuracy}};
  for (const auto* mean : {&result.macro, &result.micro, &result.weighted}) {
    AddFigures(*mean, figures);
  }
  if (result.calibrated) {
    figures.emplace_back("expected_calibration_error", result.calibration.expected_error);
    figures.emplace_back("brier", result.calibration.brier);
  }
  catalog::EvalRunEntry entry = Entry("classification", options.predicted, options.truth, figures);
  entry.query_count = result.row_count;
  NoteKept(KeepRun(std::move(entry), ""), result);
  return result;
}

Result<EntityEvalResult> LocalEngine::EvaluateEntities(const EntityEvalOptions& options,
                                                       const CallOptions& call) {
  const auto context = MakeContext(call);
  IOLITE_ASSIGN_OR_RETURN(auto predicted, Side::Open(context, *database_, options.predicted));
  IOLITE_ASSIGN_OR_RETURN(auto truth, Side::Open(context, *database_, options.truth));
  IOLITE_ASSIGN_OR_RETURN(auto result, EvaluateSides(predicted, truth, options));
  if (!options.keep) return result;
  eval::NamedFigures figures;
  for (const auto* mean : {&result.micro, &result.macro, &result.weighted}) {
    AddFigures(*mean, figures);
  }
  catalog::EvalRunEntry entry = Entry("entities", options.predicted, options.truth, figures);
  entry.query_count = result.row_count;
  NoteKept(KeepRun(std::move(entry), ""), result);
  return result;
}

}  // namespace iolite::engine
