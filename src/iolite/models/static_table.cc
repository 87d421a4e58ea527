#include "iolite/models/internal/static_table.h"

#include <bit>
#include <cstring>
#include <limits>
#include <optional>

namespace iolite::models {
namespace {

// Row types that hold their bits until they are widened.
enum class Half : uint16_t {};
enum class BFloat : uint16_t {};

float Widen(float value) { return value; }
float Widen(double value) { return static_cast<float>(value); }
float Widen(int8_t value) { return value; }

float Widen(BFloat value) {
  return std::bit_cast<float>(uint32_t{static_cast<uint16_t>(value)} << 16);
}

float Widen(Half value) {
  const uint32_t bits = static_cast<uint16_t>(value);
  const uint32_t sign = (bits & 0x8000u) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1f;
  const uint32_t fraction = bits & 0x3ff;
  if (exponent == 0) {  // zero and the numbers too small for a leading one
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  const uint32_t widened = exponent == 31 ? 0xff : exponent + 112;
  return std::bit_cast<float>(sign | widened << 23 | fraction << 13);
}

template <typename T>
T At(const std::byte* data, int64_t index) {
  T value;
  std::memcpy(&value, data + static_cast<size_t>(index) * sizeof(T), sizeof(T));
  return value;
}

template <typename T>
void AddRowOf(const std::byte* row, int32_t dimension, float weight, float* sum) {
  for (int32_t i = 0; i < dimension; ++i) sum[i] += weight * Widen(At<T>(row, i));
}

template <typename T>
std::vector<float> WidenAll(const std::byte* data, int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) values[static_cast<size_t>(i)] = Widen(At<T>(data, i));
  return values;
}

template <typename T>
std::vector<int64_t> Integers(const std::byte* data, int64_t count) {
  std::vector<int64_t> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    values[static_cast<size_t>(i)] = static_cast<int64_t>(At<T>(data, i));
  }
  return values;
}

Result<std::vector<float>> ReadNumbers(const SafeTensor& tensor, int64_t count) {
  if (tensor.type == "F32") return WidenAll<float>(tensor.data, count);
  if (tensor.type == "F64") return WidenAll<double>(tensor.data, count);
  if (tensor.type == "F16") return WidenAll<Half>(tensor.data, count);
  if (tensor.type == "BF16") return WidenAll<BFloat>(tensor.data, count);
  return Unimplemented("element type {}; supported are F64, F32, F16 and BF16", tensor.type);
}

Result<std::vector<int64_t>> ReadIntegers(const SafeTensor& tensor, int64_t count) {
  if (tensor.type == "I64") return Integers<int64_t>(tensor.data, count);
  if (tensor.type == "I32") return Integers<int32_t>(tensor.data, count);
  if (tensor.type == "U32") return Integers<uint32_t>(tensor.data, count);
  if (tensor.type == "U16") return Integers<uint16_t>(tensor.data, count);
  if (tensor.type == "I16") return Integers<int16_t>(tensor.data, count);
  return Unimplemented("element type {}; supported are I64, I32, U32, U16 and I16", tensor.type);
}

/// The length of a list for every token, or why it is none.
Result<int64_t> ListLength(const SafeTensor& tensor, int64_t token_count) {
  if (tensor.shape.size() == 1 && tensor.shape[0] >= token_count) return tensor.shape[0];
  return InvalidArgument("it is no list of one number for each of {} tokens", token_count);
}

}  // namespace

Result<StaticTable> StaticTable::Open(const std::string& path, int64_t token_count) {
  StaticTable table;
  IOLITE_ASSIGN_OR_RETURN(table.file_, SafetensorsFile::Open(path));
  IOLITE_RETURN_IF_ERROR(table.Read(token_count).WithContext(path));
  IOLITE_RETURN_IF_ERROR(table.ReadMapping(token_count).WithContext(path + ": mapping"));
  IOLITE_RETURN_IF_ERROR(table.ReadWeights(token_count).WithContext(path + ": weights"));
  return table;
}

Status StaticTable::Read(int64_t token_count) {
  const SafeTensor* embeddings = file_->Find("embeddings");
  if (!embeddings) return InvalidArgument("there is no tensor 'embeddings'");
  const auto& shape = embeddings->shape;
  if (shape.size() != 2 || shape[0] < 1 || shape[1] < 1 ||
      shape[1] > std::numeric_limits<int32_t>::max()) {
    return InvalidArgument("'embeddings' has {} dimensions: [rows, dimension] is wanted",
                           shape.size());
  }
  if (embeddings->type == "F32") {
    add_row_ = &AddRowOf<float>;
  } else if (embeddings->type == "F16") {
    add_row_ = &AddRowOf<Half>;
  } else if (embeddings->type == "BF16") {
    add_row_ = &AddRowOf<BFloat>;
  } else if (embeddings->type == "I8") {
    add_row_ = &AddRowOf<int8_t>;
  } else if (embeddings->type == "F64") {
    add_row_ = &AddRowOf<double>;
  } else {
    return Unimplemented(
        "'embeddings' has element type {}; supported are F64, F32, F16, BF16 and I8",
        embeddings->type);
  }
  rows_ = embeddings->data;
  row_count_ = shape[0];
  dimension_ = static_cast<int32_t>(shape[1]);
  row_bytes_ = embeddings->size_bytes / static_cast<size_t>(row_count_);
  if (!file_->Find("mapping") && row_count_ < token_count) {
    return InvalidArgument(
        "'embeddings' has {} rows for a vocabulary of {} tokens, and no 'mapping'", row_count_,
        token_count);
  }
  return Status();
}

Status StaticTable::ReadMapping(int64_t token_count) {
  const SafeTensor* mapping = file_->Find("mapping");
  if (!mapping) return Status();
  IOLITE_ASSIGN_OR_RETURN(int64_t length, ListLength(*mapping, token_count));
  IOLITE_ASSIGN_OR_RETURN(mapping_, ReadIntegers(*mapping, length));
  for (size_t token = 0; token < mapping_.size(); ++token) {
    if (mapping_[token] < 0 || mapping_[token] >= row_count_) {
      return InvalidArgument("token {} has row {} of {}", token, mapping_[token], row_count_);
    }
  }
  return Status();
}

Status StaticTable::ReadWeights(int64_t token_count) {
  const SafeTensor* weights = file_->Find("weights");
  if (!weights) return Status();
  IOLITE_ASSIGN_OR_RETURN(int64_t length, ListLength(*weights, token_count));
  IOLITE_ASSIGN_OR_RETURN(weights_, ReadNumbers(*weights, length));
  return Status();
}

void StaticTable::Add(int32_t token, float* sum) const {
  const auto index = static_cast<size_t>(token);
  const int64_t row = mapping_.empty() ? token : mapping_[index];
  const float weight = weights_.empty() ? 1.0f : weights_[index];
  add_row_(rows_ + static_cast<size_t>(row) * row_bytes_, dimension_, weight, sum);
}

}  // namespace iolite::models
