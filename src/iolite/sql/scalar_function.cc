#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <memory>
#include <utility>
#include <vector>

#include <duckdb/execution/expression_executor.hpp>
#include <duckdb/parser/parsed_data/create_scalar_function_info.hpp>
#include <duckdb/planner/expression/bound_function_expression.hpp>

#include "iolite/sql/internal/arrow_bridge.h"
#include "iolite/sql/internal/functions.h"
#include "iolite/sql/internal/request_state.h"

namespace iolite::sql {
namespace {

struct ScalarInfo final : duckdb::ScalarFunctionInfo {
  ScalarFunction function;
  Types argument_types;  ///< ANY where the declared type is null
};

// One call of a function in one query.
struct ScalarBinding final : duckdb::FunctionData {
  duckdb::shared_ptr<ScalarInfo> info;
  Types argument_types;
  std::shared_ptr<arrow::Schema> argument_schema;
  std::shared_ptr<arrow::Schema> result_schema;  ///< one column
  std::shared_ptr<const ArrowColumns> result_columns;

  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
    return duckdb::make_uniq<ScalarBinding>(*this);
  }
  bool Equals(const duckdb::FunctionData& other_data) const override {
    const auto& other = other_data.Cast<ScalarBinding>();
    return info.get() == other.info.get() && result_schema->Equals(*other.result_schema);
  }
};

// Lists are taken as they come and cast in bind: DuckDB would not cast DOUBLE[] to FLOAT[] by
// itself.
bool CastInBind(const duckdb::LogicalType& type) {
  return type.id() == duckdb::LogicalTypeId::LIST || type.id() == duckdb::LogicalTypeId::ARRAY;
}

std::shared_ptr<arrow::Scalar> ConstantOf(duckdb::ClientContext& context,
                                          const duckdb::Expression& argument,
                                          const duckdb::LogicalType& type) {
  if (argument.HasParameter()) throw duckdb::ParameterNotResolvedException();
  if (!argument.IsFoldable()) return nullptr;
  const duckdb::Value value = duckdb::ExpressionExecutor::EvaluateScalar(context, argument);
  return ToScalar(context, value.CastAs(context, type));
}

duckdb::unique_ptr<duckdb::FunctionData> BindScalar(
    duckdb::ClientContext& context, duckdb::ScalarFunction& bound,
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  auto binding = duckdb::make_uniq<ScalarBinding>();
  binding->info =
      duckdb::shared_ptr_cast<duckdb::ScalarFunctionInfo, ScalarInfo>(bound.function_info);
  const ScalarInfo& info = *binding->info;
  std::vector<std::shared_ptr<arrow::Scalar>> constants;
  Names names;
  for (duckdb::idx_t i = 0; i < arguments.size(); ++i) {
    const duckdb::LogicalType& declared = info.argument_types[i];
    const bool any = declared.id() == duckdb::LogicalTypeId::ANY;
    const duckdb::LogicalType type = any ? arguments[i]->return_type : declared;
    constants.push_back(ConstantOf(context, *arguments[i], type));
    bound.arguments[i] = type;
    binding->argument_types.push_back(type);
    names.push_back("argument" + std::to_string(i));
  }
  auto result_type = info.function.bind(constants);
  if (!result_type.ok()) RequestState::Of(context).Raise(result_type.status());
  binding->argument_schema = ToArrowSchema(context, binding->argument_types, names);
  binding->result_schema = arrow::schema({arrow::field("result", *result_type)});
  binding->result_columns = std::make_shared<ArrowColumns>(context, *binding->result_schema);
  bound.SetReturnType(binding->result_columns->types()[0]);
  return binding;
}

std::shared_ptr<arrow::Array> Call(duckdb::ClientContext& context, const ScalarBinding& binding,
                                   duckdb::DataChunk& arguments, duckdb::idx_t row_count) {
  BatchBuilder builder(context, binding.argument_types, binding.argument_schema);
  builder.Append(arguments, 0, row_count);
  const std::vector<std::shared_ptr<arrow::Array>> arrays = builder.Finish()->columns();
  RequestState& state = RequestState::Of(context);
  const ScalarFunction& function = binding.info->function;
  auto result = Guard([&] { return (*state.CallOf(function))(state.context(), arrays); });
  if (!result.ok()) state.Raise(result.status());
  const auto& array = *result;
  if (static_cast<duckdb::idx_t>(array->length()) != row_count ||
      !array->type()->Equals(binding.result_schema->field(0)->type())) {
    state.Raise(Internal("Function {} answered {} values of type {} where {} of type {} were due",
                         function.name, array->length(), array->type()->ToString(), row_count,
                         binding.result_schema->field(0)->type()->ToString()));
  }
  return array;
}

void ExecuteScalar(duckdb::DataChunk& arguments, duckdb::ExpressionState& state,
                   duckdb::Vector& result) {
  const auto& expression = state.expr.Cast<duckdb::BoundFunctionExpression>();
  const auto& binding = expression.bind_info->Cast<ScalarBinding>();
  duckdb::ClientContext& context = state.GetContext();
  const bool constant = arguments.AllConstant();
  const duckdb::idx_t row_count = constant ? 1 : arguments.size();
  if (arguments.size() == 0) return;
  auto array = Call(context, binding, arguments, row_count);
  duckdb::DataChunk values;
  values.InitializeEmpty(binding.result_columns->types());
  values.data[0].Initialize();
  ChunkReader reader(context, *binding.result_columns, {});
  reader.SetBatch(*arrow::RecordBatch::Make(binding.result_schema, array->length(), {array}));
  reader.Read(values);
  if (constant) {
    duckdb::ConstantVector::Reference(result, values.data[0], 0, arguments.size());
  } else {
    result.Reference(values.data[0]);
  }
}

}  // namespace

duckdb::unique_ptr<duckdb::CreateFunctionInfo> MakeScalarFunction(duckdb::ClientContext& context,
                                                                  ScalarFunction function) {
  auto info = duckdb::make_shared_ptr<ScalarInfo>();
  Types signature;
  for (const auto& type : function.argument_types) {
    info->argument_types.push_back(type ? ToLogicalType(context, *type) : duckdb::LogicalType::ANY);
    const auto& logical = info->argument_types.back();
    signature.push_back(CastInBind(logical) ? duckdb::LogicalType::ANY : logical);
  }
  duckdb::ScalarFunction made(function.name, signature, duckdb::LogicalType::ANY, ExecuteScalar,
                              BindScalar);
  // Nulls reach the function, which knows what they mean. Consistent and without an error mode:
  // equal calls merge, and a dictionary's values are evaluated once each.
  made.SetNullHandling(duckdb::FunctionNullHandling::SPECIAL_HANDLING);
  info->function = std::move(function);
  made.SetExtraFunctionInfo(std::move(info));
  return duckdb::make_uniq<duckdb::CreateScalarFunctionInfo>(std::move(made));
}

}  // namespace iolite::sql
