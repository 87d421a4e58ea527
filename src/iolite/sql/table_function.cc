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

namespace iolite::sql {
namespace {

constexpr size_t kArgumentCharactersShown = 60;

struct TableInfo final : duckdb::TableFunctionInfo {
  TableFunction function;
  Types argument_types;  ///< ANY where the declared type is null
  duckdb::case_insensitive_map_t<duckdb::LogicalType> named_types;
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

// Lists are taken as they come and cast in bind: literals like [0.1, 0.2] are DECIMAL lists.
duckdb::LogicalType SignatureOf(const duckdb::LogicalType& type) {
  const bool list =
      type.id() == duckdb::LogicalTypeId::LIST || type.id() == duckdb::LogicalTypeId::ARRAY;
  return list ? duckdb::LogicalType::ANY : type;
}

std::shared_ptr<arrow::Scalar> ArgumentOf(duckdb::ClientContext& context, std::string_view function,
                                          std::string_view argument, const duckdb::Value& value,
                                          const duckdb::LogicalType& declared) {
  if (declared.id() == duckdb::LogicalTypeId::ANY) return ToScalar(context, value);
  duckdb::Value cast;
  duckdb::string error;
  if (!value.TryCastAs(context, declared, cast, &error)) {
    RequestState::Of(context).Raise(InvalidArgument("{}: argument {} must be {}, not {}", function,
                                                    argument, declared.ToString(),
                                                    value.type().ToString()));
  }
  return ToScalar(context, cast);
}

std::string Shown(const duckdb::Value& value) {
  std::string text = value.ToSQLString();
  if (text.size() > kArgumentCharactersShown) {
    text.resize(kArgumentCharactersShown);
    text += "…";
  }
  return text;
}

TableFunction::Call CallOf(duckdb::ClientContext& context, const TableInfo& info,
                           duckdb::TableFunctionBindInput& input, std::string& shown) {
  TableFunction::Call call;
  for (duckdb::idx_t i = 0; i < input.inputs.size(); ++i) {
    call.arguments.push_back(ArgumentOf(context, info.function.name, std::to_string(i + 1),
                                        input.inputs[i], info.argument_types[i]));
    shown += (shown.empty() ? "" : ", ") + Shown(input.inputs[i]);
  }
  for (const auto& [name, value] : input.named_parameters) {
    call.named_arguments.emplace_back(
        name, ArgumentOf(context, info.function.name, name, value, info.named_types.at(name)));
    shown += (shown.empty() ? "" : ", ") + name + " := " + Shown(value);
  }
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
  for (const NamedArgument& argument : function.named_arguments) {
    const duckdb::LogicalType type =
        argument.type ? ToLogicalType(context, *argument.type) : duckdb::LogicalType::ANY;
    info->named_types[argument.name] = type;
    made.named_parameters[argument.name] = SignatureOf(type);
  }
  made.projection_pushdown = true;
  made.cardinality = EstimateTable;
  made.to_string = DescribeTable;
  made.dynamic_to_string = ExplainTable;
  info->function = std::move(function);
  made.function_info = std::move(info);
  return duckdb::make_uniq<duckdb::CreateTableFunctionInfo>(std::move(made));
}

}  // namespace iolite::sql
