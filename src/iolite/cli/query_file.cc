#include "iolite/cli/query_file.h"

#include <arrow/array.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <span>

#include "iolite/base/status.h"
#include "iolite/columnar/arrow_status.h"
#include "iolite/columnar/parquet.h"

namespace iolite::cli {
namespace {

// Small, so that a batch is still in the cache when its vectors are copied.
constexpr int64_t kBatchRowCount = 256;
constexpr int64_t kPieceBytes = 256 << 10;

bool IsText(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING;
}

bool IsVector(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
      return arrow::is_floating(type.field(0)->type()->id()) ||
             arrow::is_decimal(type.field(0)->type()->id()) ||
             arrow::is_integer(type.field(0)->type()->id());
    default: return false;
  }
}

int FirstNamed(const arrow::Schema& schema, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    int index = schema.GetFieldIndex(name);
    if (index >= 0) return index;
  }
  return -1;
}

// The column of that name, else the only one of that kind beside `skip`; -1 when neither.
template <typename Predicate>
int FindColumn(const arrow::Schema& schema, std::initializer_list<const char*> names, int skip,
               Predicate fits) {
  int named = FirstNamed(schema, names);
  if (named >= 0 && fits(*schema.field(named)->type())) return named;
  int found = -1;
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (i == skip || !fits(*schema.field(i)->type())) continue;
    if (found >= 0) return -1;
    found = i;
  }
  return found;
}

std::string ColumnNames(const arrow::Schema& schema) {
  std::string names;
  for (const auto& field : schema.fields()) {
    names += (names.empty() ? "" : ", ") + field->name() + " " + field->type()->ToString();
  }
  return names;
}

struct Columns {
  int id = -1;
  int text = -1;
  int vector = -1;
};

Result<Columns> PickColumns(const arrow::Schema& schema, const std::string& path) {
  Columns columns{.id = FirstNamed(schema, {"_id", "id", "query_id"})};
  columns.vector = FindColumn(schema, {"vector", "embedding"}, columns.id, IsVector);
  if (columns.vector < 0) columns.text = FindColumn(schema, {"text", "query"}, columns.id, IsText);
  if (columns.vector < 0 && columns.text < 0) {
    return InvalidArgument(
        "{} has no column of queries: name one `text` or `vector`. Its columns: {}", path,
        ColumnNames(schema));
  }
  return columns;
}

// The floats of a row where they lie; nothing when they are no floats.
std::optional<std::span<const float>> FloatsOf(const arrow::Array& column, int64_t row) {
  auto view = [&](const auto& list) -> std::optional<std::span<const float>> {
    if (list.values()->type_id() != arrow::Type::FLOAT) return std::nullopt;
    const auto& floats = static_cast<const arrow::FloatArray&>(*list.values());
    return std::span(floats.raw_values() + list.value_offset(row),
                     static_cast<size_t>(list.value_length(row)));
  };
  if (column.type_id() == arrow::Type::FIXED_SIZE_LIST) {
    return view(static_cast<const arrow::FixedSizeListArray&>(column));
  }
  if (column.type_id() == arrow::Type::LARGE_LIST) {
    return view(static_cast<const arrow::LargeListArray&>(column));
  }
  return view(static_cast<const arrow::ListArray&>(column));
}

Result<std::vector<float>> ReadVector(const arrow::Array& column, int64_t row) {
  if (auto floats = FloatsOf(column, row)) {
    return std::vector<float>(floats->begin(), floats->end());
  }
  std::shared_ptr<arrow::Array> values;
  if (column.type_id() == arrow::Type::FIXED_SIZE_LIST) {
    values = static_cast<const arrow::FixedSizeListArray&>(column).value_slice(row);
  } else if (column.type_id() == arrow::Type::LARGE_LIST) {
    values = static_cast<const arrow::LargeListArray&>(column).value_slice(row);
  } else {
    values = static_cast<const arrow::ListArray&>(column).value_slice(row);
  }
  std::vector<float> vector(values->length());
  for (int64_t i = 0; i < values->length(); ++i) {
    IOLITE_ASSIGN_OR_RETURN_ARROW(auto scalar, values->GetScalar(i));
    IOLITE_ASSIGN_OR_RETURN_ARROW(auto number, scalar->CastTo(arrow::float32()));
    vector[i] = static_cast<const arrow::FloatScalar&>(*number).value;
  }
  return vector;
}

Status AddRow(const arrow::RecordBatch& batch, const Columns& columns, int64_t row,
              QueryFile& file) {
  int64_t position = static_cast<int64_t>(file.ids.size());
  int column = columns.vector >= 0 ? columns.vector : columns.text;
  if (batch.column(column)->IsNull(row))
    return InvalidArgument("query {} (from 0) is null", position);
  std::string id = std::to_string(position);
  if (columns.id >= 0) {
    IOLITE_ASSIGN_OR_RETURN_ARROW(auto scalar, batch.column(columns.id)->GetScalar(row));
    id = scalar->ToString();
  }
  file.ids.push_back(std::move(id));
  if (columns.vector >= 0) {
    IOLITE_ASSIGN_OR_RETURN(auto vector, ReadVector(*batch.column(column), row));
    file.queries.push_back({.vector = std::move(vector)});
  } else {
    IOLITE_ASSIGN_OR_RETURN_ARROW(auto scalar, batch.column(column)->GetScalar(row));
    file.queries.push_back({.text = scalar->ToString()});
  }
  return Status::Ok();
}

std::string Quoted(const std::string& path) {
  std::string literal = "'";
  for (char c : path) literal += c == '\'' ? "''" : std::string(1, c);
  return literal + "'";
}

// A Parquet file whose columns are as they should be is read without SQL, which takes four times as
// long for vectors. All else is left to SQL, and so are the words when something is wrong.
std::shared_ptr<arrow::RecordBatchReader> OpenParquet(const std::string& path) {
  if (!path.ends_with(".parquet")) return nullptr;
  auto reader = columnar::ReadParquetFile(
      path, {.batch_row_count = kBatchRowCount, .piece_bytes = kPieceBytes});
  if (!reader.ok() || !PickColumns(*(*reader)->schema(), path).ok()) return nullptr;
  return *reader;
}

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenQueries(Engine& engine,
                                                              const std::string& path) {
  if (auto reader = OpenParquet(path)) return reader;
  IOLITE_ASSIGN_OR_RETURN(auto stream, engine.Sql("SELECT * FROM " + Quoted(path)));
  IOLITE_ASSIGN_OR_RETURN_ARROW(auto reader, arrow::ImportRecordBatchReader(stream.get()));
  return reader;
}

}  // namespace

Result<QueryFile> ReadQueryFile(Engine& engine, const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(auto reader, OpenQueries(engine, path));
  IOLITE_ASSIGN_OR_RETURN(auto columns, PickColumns(*reader->schema(), path));
  QueryFile file;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    IOLITE_RETURN_IF_ERROR(columnar::FromArrow(reader->ReadNext(&batch)));
    if (batch == nullptr) break;
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      IOLITE_RETURN_IF_ERROR(AddRow(*batch, columns, row, file).WithContext(path));
    }
  }
  if (file.ids.empty()) return InvalidArgument("{} holds no queries", path);
  return file;
}

}  // namespace iolite::cli
