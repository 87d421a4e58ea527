#include "iolite/search/hits.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "iolite/columnar/arrow_status.h"
#include "iolite/columnar/json.h"

namespace iolite::search {
namespace {

/// As short as a 32-bit float allows, which is how exact distances are.
void AppendNumber(double number, std::string& out) {
  columnar::AppendJsonNumber(static_cast<float>(number), out);
}

std::shared_ptr<arrow::DataType> EvidenceType() {
  return arrow::list(
      arrow::struct_({arrow::field("channel", arrow::utf8()), arrow::field("rank", arrow::int64()),
                      arrow::field("score", arrow::float64())}));
}

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string FreeName(std::string name, const arrow::Schema& taken) {
  const auto is_taken = [&] {
    return std::ranges::any_of(
        taken.field_names(), [&](const std::string& other) { return Lower(other) == Lower(name); });
  };
  while (is_taken()) name.insert(0, "_");
  return name;
}

/// Fills the columns that every hit has.
class HitColumns {
 public:
  HitColumns()
      : channel_(std::make_shared<arrow::StringBuilder>()),
        rank_(std::make_shared<arrow::Int64Builder>()),
        channel_score_(std::make_shared<arrow::DoubleBuilder>()),
        evidence_(std::make_shared<arrow::StructBuilder>(
            EvidenceType()->field(0)->type(), arrow::default_memory_pool(),
            std::vector<std::shared_ptr<arrow::ArrayBuilder>>{channel_, rank_, channel_score_})),
        retrieved_by_(arrow::default_memory_pool(), evidence_, EvidenceType()),
        model_(std::make_shared<arrow::StringBuilder>()),
        annotated_by_(arrow::default_memory_pool(), model_) {}

  arrow::Status Add(const Hit& hit) {
    ARROW_RETURN_NOT_OK(id_.Append(hit.id));
    ARROW_RETURN_NOT_OK(score_.Append(hit.score));
    ARROW_RETURN_NOT_OK(distance_.Append(hit.distance));
    ARROW_RETURN_NOT_OK(retrieved_by_.Append());
    for (const Evidence& evidence : hit.retrieved_by) {
      ARROW_RETURN_NOT_OK(evidence_->Append());
      ARROW_RETURN_NOT_OK(channel_->Append(evidence.channel));
      ARROW_RETURN_NOT_OK(rank_->Append(evidence.rank));
      ARROW_RETURN_NOT_OK(channel_score_->Append(evidence.score));
    }
    ARROW_RETURN_NOT_OK(annotated_by_.Append());
    for (const std::string& model : hit.annotated_by) ARROW_RETURN_NOT_OK(model_->Append(model));
    return arrow::Status::OK();
  }

  arrow::Result<std::vector<std::shared_ptr<arrow::Array>>> Finish() {
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    for (arrow::ArrayBuilder* builder :
         {static_cast<arrow::ArrayBuilder*>(&id_), static_cast<arrow::ArrayBuilder*>(&score_),
          static_cast<arrow::ArrayBuilder*>(&distance_),
          static_cast<arrow::ArrayBuilder*>(&retrieved_by_),
          static_cast<arrow::ArrayBuilder*>(&annotated_by_)}) {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> array, builder->Finish());
      arrays.push_back(std::move(array));
    }
    return arrays;
  }

 private:
  arrow::StringBuilder id_;
  arrow::DoubleBuilder score_;
  arrow::DoubleBuilder distance_;
  std::shared_ptr<arrow::StringBuilder> channel_;
  std::shared_ptr<arrow::Int64Builder> rank_;
  std::shared_ptr<arrow::DoubleBuilder> channel_score_;
  std::shared_ptr<arrow::StructBuilder> evidence_;
  arrow::ListBuilder retrieved_by_;
  std::shared_ptr<arrow::StringBuilder> model_;
  arrow::ListBuilder annotated_by_;
};

}  // namespace

void AppendHitJson(const Hit& hit, const arrow::RecordBatch* rows, int64_t row_index,
                   std::string& out, const std::string* query_id) {
  out += '{';
  if (query_id != nullptr) {
    out += R"("query":)";
    columnar::AppendJsonString(*query_id, out);
    out += ',';
  }
  out += R"("id":)";
  columnar::AppendJsonString(hit.id, out);
  out += R"(,"score":)";
  AppendNumber(hit.score, out);
  out += R"(,"distance":)";
  AppendNumber(hit.distance, out);
  out += R"(,"retrieved_by":[)";
  for (size_t i = 0; i < hit.retrieved_by.size(); ++i) {
    const Evidence& evidence = hit.retrieved_by[i];
    out += i == 0 ? R"({"channel":)" : R"(,{"channel":)";
    columnar::AppendJsonString(evidence.channel, out);
    out += fmt::format(R"(,"rank":{},"score":)", evidence.rank);
    AppendNumber(evidence.score, out);
    out += '}';
  }
  out += R"(],"annotated_by":[)";
  for (size_t i = 0; i < hit.annotated_by.size(); ++i) {
    if (i > 0) out += ',';
    columnar::AppendJsonString(hit.annotated_by[i], out);
  }
  out += R"(],"row":)";
  if (rows == nullptr) {
    out += "null";
  } else {
    columnar::AppendJsonObject(*rows, row_index, out);
  }
  out += '}';
}

std::shared_ptr<arrow::Schema> HitTableSchema(const arrow::Schema& source_columns) {
  std::vector<std::shared_ptr<arrow::Field>> fields = {
      arrow::field(FreeName("_row_id", source_columns), arrow::utf8()),
      arrow::field(FreeName("score", source_columns), arrow::float64()),
      arrow::field(FreeName("distance", source_columns), arrow::float64()),
      arrow::field(FreeName("retrieved_by", source_columns), EvidenceType()),
      arrow::field(FreeName("annotated_by", source_columns), arrow::list(arrow::utf8()))};
  fields.insert(fields.end(), source_columns.fields().begin(), source_columns.fields().end());
  return arrow::schema(std::move(fields));
}

Result<std::shared_ptr<arrow::Table>> HitsToTable(
    const SearchResponse& response, const std::shared_ptr<arrow::Schema>& source_columns) {
  HitColumns columns;
  for (const Hit& hit : response.hits) IOLITE_RETURN_IF_ARROW_ERROR(columns.Add(hit));
  IOLITE_ASSIGN_OR_RETURN_ARROW(auto arrays, columns.Finish());
  std::vector<std::shared_ptr<arrow::ChunkedArray>> chunked;
  for (auto& array : arrays)
    chunked.push_back(std::make_shared<arrow::ChunkedArray>(std::move(array)));
  const auto row_count = static_cast<int64_t>(response.hits.size());
  for (const auto& field : source_columns->fields()) {
    std::shared_ptr<arrow::ChunkedArray> column;
    if (response.rows) column = response.rows->GetColumnByName(field->name());
    if (!column || !column->type()->Equals(*field->type())) {
      if (column) {
        return Aborted("Column {} changed from {} to {} meanwhile. Run the query again.",
                       field->name(), field->type()->ToString(), column->type()->ToString());
      }
      IOLITE_ASSIGN_OR_RETURN_ARROW(auto nulls, arrow::MakeArrayOfNull(field->type(), row_count));
      column = std::make_shared<arrow::ChunkedArray>(std::move(nulls));
    }
    chunked.push_back(std::move(column));
  }
  return arrow::Table::Make(HitTableSchema(*source_columns), std::move(chunked), row_count);
}

}  // namespace iolite::search
