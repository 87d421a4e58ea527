#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include <duckdb/parser/parsed_data/create_table_function_info.hpp>

#include "iolite/columnar/arrow_status.h"
#include "iolite/sql/internal/arrow_bridge.h"
#include "iolite/sql/internal/functions.h"
#include "iolite/sql/internal/request_state.h"
#include "iolite/sql/internal/table_arguments.h"

namespace iolite::sql {
namespace {

struct TableInfo final : duckdb::TableFunctionInfo {
  TableFunction function;
  Types argument_types;  ///< ANY where the declared type is null
  NamedTypes named_types;
};

// One use of a function in one query.
struct TableBinding final : duckdb::TableFunctionData {
  std::string name;
  std::string arguments_shown;
  TableFunction::Bound bound;
  std::shared_ptr<const ArrowColumns> columns;
};

struct TableScan final : duckdb::GlobalTableFunctionState {
  Trace trace;
  std::shared_ptr<arrow::RecordBatchReader> reader;
  std::optional<ChunkReader> chunks;
  duckdb::vector<duckdb::column_t> column_ids;
  bool done = false;
  bool batch_open = false;
};

TableFunction::Call CallOf(duckdb::ClientContext& context, const TableInfo& info,
                           duckdb::TableFunctionBindInput& input, std::string& shown) {
  TableFunction::Call call;
  for (duckdb::idx_t i = 0; i < input.inputs.size(); ++i) {
    call.arguments.push_back(ArgumentOf(context, info.function.name, std::to_string(i + 1),
                                        input.inputs[i], info.argument_types[i]));
    shown += (shown.empty() ? "" : ", ") + Shown(input.inputs[i]);
  }
  call.named_arguments = NamedArgumentsOf(context, info.function.name, input.named_parameters,
                                          info.named_types, shown);
  return call;
}

duckdb::unique_ptr<duckdb::FunctionData> BindTable(duckdb::ClientContext& context,
                                                   duckdb::TableFunctionBindInput& input,
                                                   Types& return_types, Names& names) {
  const auto& info = input.info->Cast<TableInfo>();
  auto binding = duckdb::make_uniq<TableBinding>();
  binding->name = info.function.name;
  const TableFunction::Call call = CallOf(context, info, input, binding->arguments_shown);
  auto bound = Guard([&] { return info.function.bind(call); });
  if (!bound.ok()) RequestState::Of(context).Raise(bound.status());
  binding->bound = std::move(bound).value();
  binding->columns = std::make_shared<ArrowColumns>(context, *binding->bound.schema);
  return_types = binding->columns->types();
  names = binding->columns->names();
  return binding;
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> StartTable(
    duckdb::ClientContext&, duckdb::TableFunctionInitInput& input) {
  auto scan = duckdb::make_uniq<TableScan>();
  scan->column_ids = input.column_ids;
  return scan;
}

void OpenReader(duckdb::ClientContext& context, const TableBinding& binding, TableScan& scan) {
  RequestState& state = RequestState::Of(context);
  RequestContext request = state.context();
  request.trace = &scan.trace;
  auto reader = Guard([&] { return binding.bound.scan(request); });
  if (state.context().trace) {
    for (auto& step : scan.trace.steps()) {
      state.context().trace->Add(step.name, step.duration_ns, step.detail);
    }
  }
  if (!reader.ok()) state.Raise(reader.status());
  scan.reader = std::move(reader).value();
  scan.chunks.emplace(context, *binding.columns, scan.column_ids);
}

// Whether there is a batch to read rows from.
bool NextBatch(duckdb::ClientContext& context, const TableBinding& binding, TableScan& scan) {
  RequestState& state = RequestState::Of(context);
  std::shared_ptr<arrow::RecordBatch> batch;
  const Status status = Guard([&] { return columnar::FromArrow(scan.reader->ReadNext(&batch)); });
  if (!status.ok()) state.Raise(status);
  if (!batch) return false;
  if (!batch->schema()->Equals(*binding.bound.schema, /*check_metadata=*/false)) {
    state.Raise(Internal("Function {} answered columns {} where {} were due", binding.name,
                         batch->schema()->ToString(), binding.bound.schema->ToString()));
  }
  scan.chunks->SetBatch(*batch);
  return true;
}

void ScanTable(duckdb::ClientContext& context, duckdb::TableFunctionInput& input,
               duckdb::DataChunk& output) {
  const auto& binding = input.bind_data->Cast<TableBinding>();
  auto& scan = input.global_state->Cast<TableScan>();
  if (!scan.reader) OpenReader(context, binding, scan);
  while (!scan.done) {
    if (scan.batch_open && scan.chunks->Read(output) > 0) return;
    scan.batch_open = NextBatch(context, binding, scan);
    scan.done = !scan.batch_open;
  }
  output.SetCardinality(0);
}

duckdb::unique_ptr<duckdb::NodeStatistics> EstimateTable(duckdb::ClientContext&,
                                                         const duckdb::FunctionData* data) {
  const auto& bound = data->Cast<TableBinding>().bound;
  return duckdb::make_uniq<duckdb::NodeStatistics>(
      static_cast<duckdb::idx_t>(std::max<int64_t>(bound.row_count_estimate, 0)));
}

duckdb::InsertionOrderPreservingMap<duckdb::string> DescribeTable(
    duckdb::TableFunctionToStringInput& input) {
  duckdb::InsertionOrderPreservingMap<duckdb::string> lines;
  const auto& binding = input.bind_data->Cast<TableBinding>();
  if (!binding.arguments_shown.empty()) lines["Arguments"] = binding.arguments_shown;
  return lines;
}

// The steps that the function traced, for EXPLAIN ANALYZE.
duckdb::InsertionOrderPreservingMap<duckdb::string> ExplainTable(
    duckdb::TableFunctionDynamicToStringInput& input) {
  duckdb::InsertionOrderPreservingMap<duckdb::string> lines;
  if (!input.global_state) return lines;
  for (const Trace::Step& step : input.global_state->Cast<TableScan>().trace.steps()) {
    std::string key = step.name;
    for (int repeat = 2; lines.find(key) != lines.end(); ++repeat) {
      key = fmt::format("{} {}", step.name, repeat);
    }
    lines[key] = fmt::format("{:.3f} ms{}{}", static_cast<double>(step.duration_ns) / 1e6,
                             step.detail.empty() ? "" : ", ", step.detail);
  }
  return lines;
}

}  // namespace

duckdb::unique_ptr<duckdb::CreateFunctionInfo> MakeTableFunction(duckdb::ClientContext& context,
                                                                 TableFunction function) {
  auto info = duckdb::make_shared_ptr<TableInfo>();
  Types signature;
  for (const auto& type : function.argument_types) {
    info->argument_types.push_back(type ? ToLogicalType(context, *type) : duckdb::LogicalType::ANY);
    signature.push_back(SignatureOf(info->argument_types.back()));
  }
  duckdb::TableFunction made(function.name, signature, ScanTable, BindTable, StartTable);
  info->named_types = DeclareNamed(context, function.named_arguments, made);
  made.projection_pushdown = true;
  made.cardinality = EstimateTable;
  made.to_string = DescribeTable;
  made.dynamic_to_string = ExplainTable;
  info->function = std::move(function);
  made.function_info = std::move(info);
  return duckdb::make_uniq<duckdb::CreateTableFunctionInfo>(std::move(made));
}

}  // namespace iolite::sql
