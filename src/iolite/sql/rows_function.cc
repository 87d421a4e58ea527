#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <utility>

#include <duckdb/parser/parsed_data/create_table_function_info.hpp>

#include "iolite/sql/internal/arrow_bridge.h"
#include "iolite/sql/internal/functions.h"
#include "iolite/sql/internal/request_state.h"
#include "iolite/sql/internal/table_arguments.h"

namespace iolite::sql {
namespace {

struct RowsInfo final : duckdb::TableFunctionInfo {
  RowsFunction function;
  Types argument_types;  ///< of those before the subquery; ANY where the declared type is null
  NamedTypes named_types;
};

// One use of a function in one query.
struct RowsBinding final : duckdb::TableFunctionData {
  std::string name;
  std::string arguments_shown;
  Types row_types;
  std::shared_ptr<arrow::Schema> row_schema;
  RowsFunction::Bound bound;
  std::shared_ptr<const ArrowColumns> columns;
};

// The answer to the rows that one thread was given last.
struct RowsAnswer final : duckdb::LocalTableFunctionState {
  std::optional<ChunkReader> chunks;
  bool open = false;
};

duckdb::unique_ptr<duckdb::FunctionData> BindRows(duckdb::ClientContext& context,
                                                  duckdb::TableFunctionBindInput& input,
                                                  Types& return_types, Names& names) {
  const auto& info = input.info->Cast<RowsInfo>();
  const std::string& name = info.function.name;
  auto binding = duckdb::make_uniq<RowsBinding>();
  RowsFunction::Call call;
  for (duckdb::idx_t i = 0; i < info.argument_types.size(); ++i) {
    call.arguments.push_back(
        ArgumentOf(context, name, std::to_string(i + 1), input.inputs[i], info.argument_types[i]));
    binding->arguments_shown += (i == 0 ? "" : ", ") + Shown(input.inputs[i]);
  }
  call.named_arguments = NamedArgumentsOf(context, name, input.named_parameters, info.named_types,
                                          binding->arguments_shown);
  binding->name = name;
  binding->row_types = input.input_table_types;
  binding->row_schema = ToArrowSchema(context, binding->row_types, input.input_table_names);
  call.rows = binding->row_schema;
  auto bound = Guard([&] { return info.function.bind(call); });
  if (!bound.ok()) RequestState::Of(context).Raise(bound.status());
  binding->bound = std::move(bound).value();
  binding->columns = std::make_shared<ArrowColumns>(context, *binding->bound.schema);
  return_types = binding->columns->types();
  names = binding->columns->names();
  return binding;
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> StartThread(
    duckdb::ExecutionContext& execution, duckdb::TableFunctionInitInput& input,
    duckdb::GlobalTableFunctionState*) {
  auto answer = duckdb::make_uniq<RowsAnswer>();
  const auto& binding = input.bind_data->Cast<RowsBinding>();
  answer->chunks.emplace(execution.client, *binding.columns, duckdb::vector<duckdb::column_t>());
  return answer;
}

void AnswerRows(duckdb::ClientContext& context, const RowsBinding& binding, duckdb::DataChunk& rows,
                RowsAnswer& answer) {
  BatchBuilder builder(context, binding.row_types, binding.row_schema);
  builder.Append(rows, 0, rows.size());
  const auto batch = builder.Finish();
  RequestState& state = RequestState::Of(context);
  auto result = Guard([&] { return binding.bound.transform(state.context(), *batch); });
  if (!result.ok()) state.Raise(result.status());
  if (!(*result)->schema()->Equals(*binding.bound.schema, /*check_metadata=*/false)) {
    state.Raise(Internal("Function {} answered columns {} where {} were due", binding.name,
                         (*result)->schema()->ToString(), binding.bound.schema->ToString()));
  }
  answer.chunks->SetBatch(**result);
  answer.open = true;
}

duckdb::OperatorResultType TransformRows(duckdb::ExecutionContext& execution,
                                         duckdb::TableFunctionInput& input, duckdb::DataChunk& rows,
                                         duckdb::DataChunk& output) {
  const auto& binding = input.bind_data->Cast<RowsBinding>();
  auto& answer = input.local_state->Cast<RowsAnswer>();
  if (!answer.open && rows.size() > 0) AnswerRows(execution.client, binding, rows, answer);
  if (answer.open && answer.chunks->Read(output) > 0) {
    return duckdb::OperatorResultType::HAVE_MORE_OUTPUT;
  }
  answer.open = false;
  output.SetCardinality(0);
  return duckdb::OperatorResultType::NEED_MORE_INPUT;
}

duckdb::InsertionOrderPreservingMap<duckdb::string> DescribeRows(
    duckdb::TableFunctionToStringInput& input) {
  duckdb::InsertionOrderPreservingMap<duckdb::string> lines;
  lines["Arguments"] = input.bind_data->Cast<RowsBinding>().arguments_shown;
  return lines;
}

}  // namespace

duckdb::unique_ptr<duckdb::CreateFunctionInfo> MakeRowsFunction(duckdb::ClientContext& context,
                                                                RowsFunction function) {
  auto info = duckdb::make_shared_ptr<RowsInfo>();
  Types signature;
  for (const auto& type : function.argument_types) {
    info->argument_types.push_back(type ? ToLogicalType(context, *type) : duckdb::LogicalType::ANY);
    signature.push_back(SignatureOf(info->argument_types.back()));
  }
  signature.push_back(duckdb::LogicalType::TABLE);
  duckdb::TableFunction made(function.name, signature, nullptr, BindRows, nullptr, StartThread);
  made.in_out_function = TransformRows;
  made.to_string = DescribeRows;
  info->named_types = DeclareNamed(context, function.named_arguments, made);
  info->function = std::move(function);
  made.function_info = std::move(info);
  return duckdb::make_uniq<duckdb::CreateTableFunctionInfo>(std::move(made));
}

}  // namespace iolite::sql
