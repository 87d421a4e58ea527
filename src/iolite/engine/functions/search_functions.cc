#include "iolite/engine/functions/search_functions.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include "iolite/columnar/arrow_status.h"
#include "iolite/search/hits.h"

namespace iolite::engine {
namespace {

using Arguments = sql::TableFunction::Call;

Result<std::string> Text(const std::shared_ptr<arrow::Scalar>& value, std::string_view what) {
  if (value == nullptr || !value->is_valid) return InvalidArgument("{} is null", what);
  return value->ToString();
}

Result<int64_t> Number(const std::shared_ptr<arrow::Scalar>& value, std::string_view what) {
  if (value == nullptr || !value->is_valid) return InvalidArgument("{} is null", what);
  return static_cast<const arrow::Int64Scalar&>(*value).value;
}

Result<double> Real(const std::shared_ptr<arrow::Scalar>& value, std::string_view what) {
  if (value == nullptr || !value->is_valid) return InvalidArgument("{} is null", what);
  return static_cast<const arrow::DoubleScalar&>(*value).value;
}

Result<std::vector<float>> Vector(const std::shared_ptr<arrow::Scalar>& value) {
  if (value == nullptr || !value->is_valid) return InvalidArgument("nearest: the vector is null");
  const auto& list = static_cast<const arrow::BaseListScalar&>(*value);
  const auto& floats = static_cast<const arrow::FloatArray&>(*list.value);
  if (floats.null_count() > 0) return InvalidArgument("nearest: the vector holds a null");
  return std::vector<float>(floats.raw_values(), floats.raw_values() + floats.length());
}

Status ReadNamed(const Arguments& call, search::SearchRequest& request) {
  for (const auto& [name, value] : call.named_arguments) {
    if (name == "k") {
      IOLITE_ASSIGN_OR_RETURN(request.k, Number(value, "k"));
    } else if (name == "ef") {
      IOLITE_ASSIGN_OR_RETURN(request.ef, Number(value, "ef"));
    } else if (name == "target_recall") {
      IOLITE_ASSIGN_OR_RETURN(request.target_recall, Real(value, "target_recall"));
    } else if (name == "where") {
      IOLITE_ASSIGN_OR_RETURN(request.where, Text(value, "where"));
    } else if (name == "exact" && value->is_valid) {
      request.exact = static_cast<const arrow::BooleanScalar&>(*value).value;
    }
  }
  return Status::Ok();
}

// The columns are told without searching: no model runs while a query is bound.
Result<sql::TableFunction::Bound> Bind(search::Searcher& searcher, search::SearchRequest request) {
  IOLITE_ASSIGN_OR_RETURN(auto columns, searcher.RowSchema({}, request.source, request.select));
  sql::TableFunction::Bound bound{.schema = search::HitTableSchema(*columns),
                                  .row_count_estimate = request.k};
  bound.scan =
      [&searcher, columns, request = std::move(request)](
          const RequestContext& context) -> Result<std::shared_ptr<arrow::RecordBatchReader>> {
    IOLITE_ASSIGN_OR_RETURN(auto response, searcher.Search(context, request));
    IOLITE_ASSIGN_OR_RETURN(auto table, search::HitsToTable(response, columns));
    return std::make_shared<arrow::TableBatchReader>(std::move(table));
  };
  return bound;
}

std::vector<sql::NamedArgument> SharedArguments() {
  return {{"where", arrow::utf8()},
          {"exact", arrow::boolean()},
          {"ef", arrow::int64()},
          {"target_recall", arrow::float64()}};
}

}  // namespace

sql::TableFunction SearchFunction(search::Searcher& searcher) {
  sql::TableFunction function{.name = "search", .argument_types = {arrow::utf8(), arrow::utf8()}};
  function.named_arguments = SharedArguments();
  function.named_arguments.push_back({"k", arrow::int64()});
  function.bind = [&searcher](const Arguments& call) -> Result<sql::TableFunction::Bound> {
    search::SearchRequest request;
    IOLITE_ASSIGN_OR_RETURN(request.source, Text(call.arguments[0], "search: the source"));
    IOLITE_ASSIGN_OR_RETURN(request.query.text, Text(call.arguments[1], "search: the text"));
    IOLITE_RETURN_IF_ERROR(ReadNamed(call, request));
    return Bind(searcher, std::move(request));
  };
  return function;
}

sql::TableFunction NearestFunction(search::Searcher& searcher) {
  sql::TableFunction function{.name = "nearest"};
  function.argument_types = {arrow::utf8(), arrow::list(arrow::float32()), arrow::int64()};
  function.named_arguments = SharedArguments();
  function.bind = [&searcher](const Arguments& call) -> Result<sql::TableFunction::Bound> {
    search::SearchRequest request;
    IOLITE_ASSIGN_OR_RETURN(request.source, Text(call.arguments[0], "nearest: the source"));
    IOLITE_ASSIGN_OR_RETURN(request.query.vector, Vector(call.arguments[1]));
    IOLITE_ASSIGN_OR_RETURN(request.k, Number(call.arguments[2], "nearest: k"));
    IOLITE_RETURN_IF_ERROR(ReadNamed(call, request));
    return Bind(searcher, std::move(request));
  };
  return function;
}

}  // namespace iolite::engine
