#include "iolite/engine/functions/embed_function.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "iolite/columnar/arrow_status.h"

namespace iolite::engine {
namespace {

Result<std::string> ModelName(const std::shared_ptr<arrow::Scalar>& constant) {
  if (constant == nullptr || !constant->is_valid) {
    return InvalidArgument(
        "embed(model, text): the model must be a constant text, such as 'local:DIR', because it "
        "decides the "
        "dimension of the result");
  }
  return constant->ToString();
}

// The texts that are there, and where they stand among the rows.
struct Texts {
  std::vector<std::string_view> values;
  std::vector<int64_t> rows;
};

Texts Collect(const arrow::StringArray& column) {
  Texts texts;
  for (int64_t row = 0; row < column.length(); ++row) {
    if (column.IsNull(row)) continue;
    texts.values.push_back(column.GetView(row));
    texts.rows.push_back(row);
  }
  return texts;
}

Result<std::shared_ptr<arrow::Array>> Scatter(const Texts& texts, const std::vector<float>& vectors,
                                              int32_t dimension, int64_t row_count) {
  auto values = std::make_shared<arrow::FloatBuilder>();
  arrow::FixedSizeListBuilder rows(arrow::default_memory_pool(), values, dimension);
  IOLITE_RETURN_IF_ERROR(columnar::FromArrow(values->Reserve(row_count * dimension)));
  size_t next = 0;
  for (int64_t row = 0; row < row_count; ++row) {
    if (next < texts.rows.size() && texts.rows[next] == row) {
      IOLITE_RETURN_IF_ERROR(columnar::FromArrow(rows.Append()));
      IOLITE_RETURN_IF_ERROR(
          columnar::FromArrow(values->AppendValues(vectors.data() + next * dimension, dimension)));
      ++next;
    } else {
      IOLITE_RETURN_IF_ERROR(columnar::FromArrow(rows.AppendNull()));
    }
  }
  std::shared_ptr<arrow::Array> array;
  IOLITE_RETURN_IF_ERROR(columnar::FromArrow(rows.Finish(&array)));
  return array;
}

}  // namespace

sql::ScalarFunction EmbedFunction(models::ModelStore& models, std::string name,
                                  models::TextRole role) {
  sql::ScalarFunction function;
  function.name = std::move(name);
  function.argument_types = {arrow::utf8(), arrow::utf8()};
  function.bind = [&models](std::span<const std::shared_ptr<arrow::Scalar>> constants)
      -> Result<std::shared_ptr<arrow::DataType>> {
    IOLITE_ASSIGN_OR_RETURN(auto id, ModelName(constants[0]));
    IOLITE_ASSIGN_OR_RETURN(auto info, models.Inspect(id));
    return arrow::fixed_size_list(arrow::float32(), info.dimension);
  };
  function.call = [&models, role](const RequestContext& context,
                                  std::span<const std::shared_ptr<arrow::Array>> arguments)
      -> Result<std::shared_ptr<arrow::Array>> {
    const auto& ids = static_cast<const arrow::StringArray&>(*arguments[0]);
    const auto& column = static_cast<const arrow::StringArray&>(*arguments[1]);
    if (ids.length() == 0 || ids.IsNull(0)) return InvalidArgument("embed: the model is null");
    IOLITE_ASSIGN_OR_RETURN(auto embedder, models.LoadEmbedder(context, ids.GetView(0)));
    int32_t dimension = embedder->info().dimension;
    Texts texts = Collect(column);
    std::vector<float> vectors(texts.values.size() * dimension);
    IOLITE_RETURN_IF_ERROR(embedder->Embed(context, texts.values, role, vectors));
    return Scatter(texts, vectors, dimension, column.length());
  };
  return function;
}

}  // namespace iolite::engine
