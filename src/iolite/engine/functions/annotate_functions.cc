#include "iolite/engine/functions/annotate_functions.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/bitmap_builders.h>

#include <utility>

#include "iolite/columnar/arrow_status.h"
#include "iolite/engine/functions/annotation_memo.h"

namespace iolite::engine {
namespace {

using models::ModelTask;
using pipelines::AnnotatorOptions;
using pipelines::Question;

/// Answers of a batch, a row each: null where there was nothing to answer or no usable answer.
struct Answers {
  std::vector<SharedAnnotation> owned;
  std::vector<const pipelines::Annotation*> rows;
  std::vector<std::string> problems;  ///< why there is none
  std::shared_ptr<AnnotationMemo> memo;
};

/// `queries` null where the task has none.
Result<Answers> Ask(const RequestContext& context, QueryAnnotations& annotations,
                    const AnnotatorOptions& options, const arrow::StringArray& texts,
                    const arrow::StringArray* queries) {
  Answers answers;
  IOLITE_ASSIGN_OR_RETURN(answers.memo, annotations.Of(context, options));
  const size_t row_count = static_cast<size_t>(texts.length());
  answers.rows.resize(row_count);
  answers.problems.assign(row_count, "the text is null");
  std::vector<Question> questions;
  std::vector<size_t> rows;
  for (size_t row = 0; row < row_count; ++row) {
    const auto at = static_cast<int64_t>(row);
    if (texts.IsNull(at) || (queries && queries->IsNull(at))) continue;
    questions.push_back({texts.GetView(at), queries ? queries->GetView(at) : std::string_view()});
    rows.push_back(row);
  }
  IOLITE_ASSIGN_OR_RETURN(answers.owned, answers.memo->Answer(context, questions));
  for (size_t i = 0; i < rows.size(); ++i) {
    answers.problems[rows[i]] = pipelines::ProblemOf(*answers.owned[i]);
    if (answers.problems[rows[i]].empty()) answers.rows[rows[i]] = answers.owned[i].get();
  }
  return answers;
}

Result<std::string> ConstantText(std::string_view function, std::string_view argument,
                                 const std::shared_ptr<arrow::Scalar>& constant) {
  if (constant && constant->is_valid) return constant->ToString();
  return InvalidArgument("{}: the {} must be a constant text{}", function, argument,
                         argument == "model" ? ", such as 'local:DIR'" : "");
}

std::shared_ptr<arrow::DataType> StructOf(ModelTask task) {
  return arrow::struct_(pipelines::AnnotationFields(task));
}

/// One value of a row: a lone column, or all of them as a struct that is null without an answer.
Result<std::shared_ptr<arrow::Array>> AsValue(ModelTask task, const Answers& answers,
                                              const arrow::ArrayVector& columns) {
  if (columns.size() == 1) return columns[0];
  std::vector<uint8_t> valid;
  int64_t null_count = 0;
  for (const auto* row : answers.rows) {
    valid.push_back(row != nullptr);
    null_count += row == nullptr;
  }
  IOLITE_ASSIGN_OR_RETURN_ARROW(auto bitmap, arrow::internal::BytesToBits(valid));
  return std::shared_ptr<arrow::Array>(std::make_shared<arrow::StructArray>(
      StructOf(task), static_cast<int64_t>(valid.size()), columns, std::move(bitmap), null_count));
}

const arrow::StringArray& Strings(const std::shared_ptr<arrow::Array>& array) {
  return static_cast<const arrow::StringArray&>(*array);
}

using Arrays = std::span<const std::shared_ptr<arrow::Array>>;

/// Where a function's arguments stand behind the model; -1 for those it does not have.
struct Places {
  int text = 1;
  int query = -1;
  int strategy = -1;
};

Result<std::shared_ptr<arrow::Array>> CallScalar(const RequestContext& context,
                                                 QueryAnnotations& annotations, ModelTask task,
                                                 Places places, Arrays arguments) {
  AnnotatorOptions options{.task = task, .model = Strings(arguments[0]).GetString(0)};
  if (places.strategy > 0) {
    IOLITE_ASSIGN_OR_RETURN(options.strategy, models::ParseWordStrategy(
                                                  Strings(arguments[places.strategy]).GetView(0)));
  }
  IOLITE_ASSIGN_OR_RETURN(auto answers,
                          Ask(context, annotations, options, Strings(arguments[places.text]),
                              places.query > 0 ? &Strings(arguments[places.query]) : nullptr));
  IOLITE_ASSIGN_OR_RETURN(
      auto columns, pipelines::AnnotationColumns(task, answers.memo->info().labels, answers.rows));
  return AsValue(task, answers, columns);
}

sql::ScalarFunction Scalar(models::ModelStore& models, std::string name, ModelTask task,
                           Places places) {
  sql::ScalarFunction function{.name = name};
  function.argument_types.assign(2 + (places.query > 0) + (places.strategy > 0), arrow::utf8());
  function.bind = [&models, name, task,
                   places](std::span<const std::shared_ptr<arrow::Scalar>> constants)
      -> Result<std::shared_ptr<arrow::DataType>> {
    IOLITE_ASSIGN_OR_RETURN(auto model, ConstantText(name, "model", constants[0]));
    IOLITE_RETURN_IF_ERROR(models.Resolve(model).status());
    if (places.strategy > 0) {
      IOLITE_ASSIGN_OR_RETURN(auto strategy,
                              ConstantText(name, "strategy", constants[places.strategy]));
      IOLITE_RETURN_IF_ERROR(models::ParseWordStrategy(strategy).status());
    }
    const auto fields = pipelines::AnnotationFields(task);
    return fields.size() == 1 ? fields[0]->type() : StructOf(task);
  };
  function.start = [&models, task, places]() -> sql::ScalarCall {
    auto annotations = std::make_shared<QueryAnnotations>(models);
    return [annotations, task, places](const RequestContext& context, Arrays arguments) {
      return CallScalar(context, *annotations, task, places, arguments);
    };
  };
  return function;
}

/// What annotate() was asked for.
struct AnnotateCall {
  AnnotatorOptions options;
  std::string query;
  int text_column = 0;
};

Result<int> TextColumn(const arrow::Schema& rows, const std::string& name) {
  const int column = name.empty() ? rows.num_fields() - 1 : rows.GetFieldIndex(name);
  if (column < 0) {
    std::string there;
    for (const auto& field : rows.fields()) there += (there.empty() ? "" : ", ") + field->name();
    return InvalidArgument("annotate: the subquery has no column '{}'. Columns: {}", name, there);
  }
  const auto& field = *rows.field(column);
  if (field.type()->id() == arrow::Type::STRING) return column;
  return InvalidArgument(
      "annotate: the column '{}' is {}, not a text. The last column is taken, or name another: "
      "text := 'COLUMN'",
      field.name(), field.type()->ToString());
}

Result<AnnotateCall> ReadCall(const sql::RowsFunction::Call& call) {
  AnnotateCall read;
  IOLITE_ASSIGN_OR_RETURN(read.options.model, ConstantText("annotate", "model", call.arguments[0]));
  IOLITE_ASSIGN_OR_RETURN(auto task, ConstantText("annotate", "task", call.arguments[1]));
  IOLITE_ASSIGN_OR_RETURN(read.options.task, models::ParseTask(task));
  IOLITE_RETURN_IF_ERROR(pipelines::CheckAnnotates(read.options.task));
  std::string text;
  bool query_given = false;
  for (const auto& [name, value] : call.named_arguments) {
    IOLITE_ASSIGN_OR_RETURN(auto given, ConstantText("annotate", name, value));
    if (name == "text") text = given;
    if (name == "query") read.query = given;
    query_given |= name == "query";
    if (name == "strategy") {
      IOLITE_ASSIGN_OR_RETURN(read.options.strategy, models::ParseWordStrategy(given));
    }
  }
  const bool rerank = read.options.task == ModelTask::kRerank;
  if (rerank && !query_given) {
    return InvalidArgument("annotate: the task rerank takes a query := 'text'");
  }
  if (query_given && !rerank) {
    return InvalidArgument("annotate: the task {} takes no query, only rerank does", task);
  }
  IOLITE_ASSIGN_OR_RETURN(read.text_column, TextColumn(*call.rows, text));
  return read;
}

std::shared_ptr<arrow::Schema> AnnotatedSchema(const arrow::Schema& rows, ModelTask task) {
  arrow::FieldVector fields = rows.fields();
  for (auto& field : pipelines::AnnotationFields(task)) fields.push_back(std::move(field));
  fields.push_back(arrow::field("_status", arrow::utf8()));
  fields.push_back(arrow::field("_error", arrow::utf8()));
  return arrow::schema(std::move(fields));
}

Status AppendStatus(const std::vector<std::string>& problems, arrow::ArrayVector& columns) {
  arrow::StringBuilder statuses, errors;
  for (const auto& problem : problems) {
    IOLITE_RETURN_IF_ARROW_ERROR(statuses.Append(problem.empty() ? "ok" : "failed"));
    IOLITE_RETURN_IF_ARROW_ERROR(problem.empty() ? errors.AppendNull() : errors.Append(problem));
  }
  for (auto* builder : {&statuses, &errors}) {
    IOLITE_ASSIGN_OR_RETURN_ARROW(auto array, builder->Finish());
    columns.push_back(std::move(array));
  }
  return Status::Ok();
}

Result<std::shared_ptr<arrow::RecordBatch>> Annotate(const RequestContext& context,
                                                     QueryAnnotations& annotations,
                                                     const AnnotateCall& call,
                                                     const std::shared_ptr<arrow::Schema>& schema,
                                                     const arrow::RecordBatch& rows) {
  const bool rerank = call.options.task == ModelTask::kRerank;
  std::shared_ptr<arrow::Array> queries;
  if (rerank) {
    IOLITE_ASSIGN_OR_RETURN_ARROW(
        queries, arrow::MakeArrayFromScalar(arrow::StringScalar(call.query), rows.num_rows()));
  }
  IOLITE_ASSIGN_OR_RETURN(
      auto answers, Ask(context, annotations, call.options, Strings(rows.column(call.text_column)),
                        rerank ? &Strings(queries) : nullptr));
  IOLITE_ASSIGN_OR_RETURN(
      auto found,
      pipelines::AnnotationColumns(call.options.task, answers.memo->info().labels, answers.rows));
  arrow::ArrayVector columns = rows.columns();
  for (auto& column : found) columns.push_back(std::move(column));
  IOLITE_RETURN_IF_ERROR(AppendStatus(answers.problems, columns));
  return arrow::RecordBatch::Make(schema, rows.num_rows(), std::move(columns));
}

}  // namespace

sql::ScalarFunction RerankFunction(models::ModelStore& models) {
  return Scalar(models, "rerank", ModelTask::kRerank, {.text = 2, .query = 1});
}

sql::ScalarFunction ClassifyFunction(models::ModelStore& models) {
  return Scalar(models, "classify", ModelTask::kClassification, {});
}

sql::ScalarFunction EntitiesFunction(models::ModelStore& models, bool with_strategy) {
  return Scalar(models, "entities", ModelTask::kTokenClassification,
                {.strategy = with_strategy ? 2 : -1});
}

sql::RowsFunction AnnotateFunction(models::ModelStore& models) {
  sql::RowsFunction function{
      .name = "annotate",
      .argument_types = {arrow::utf8(), arrow::utf8()},
      .named_arguments = {
          {"query", arrow::utf8()}, {"text", arrow::utf8()}, {"strategy", arrow::utf8()}}};
  function.bind =
      [&models](const sql::RowsFunction::Call& call) -> Result<sql::RowsFunction::Bound> {
    IOLITE_ASSIGN_OR_RETURN(auto read, ReadCall(call));
    IOLITE_RETURN_IF_ERROR(models.Resolve(read.options.model).status());
    sql::RowsFunction::Bound bound{.schema = AnnotatedSchema(*call.rows, read.options.task)};
    bound.transform = [annotations = std::make_shared<QueryAnnotations>(models),
                       schema = bound.schema,
                       read](const RequestContext& context, const arrow::RecordBatch& rows) {
      return Annotate(context, *annotations, read, schema, rows);
    };
    return bound;
  };
  return function;
}

}  // namespace iolite::engine
