#include "iolite/program/tensor.h"

#include <fmt/format.h>

namespace iolite::program {

size_t TensorTypeBytes(TensorType type) {
  switch (type) {
    case TensorType::kF32:
    case TensorType::kI32: return 4;
    case TensorType::kF16:
    case TensorType::kBF16: return 2;
    case TensorType::kI64: return 8;
    case TensorType::kU8:
    case TensorType::kBool: return 1;
  }
  return 0;
}

std::string_view TensorTypeName(TensorType type) {
  switch (type) {
    case TensorType::kF32: return "f32";
    case TensorType::kF16: return "f16";
    case TensorType::kBF16: return "bf16";
    case TensorType::kI64: return "i64";
    case TensorType::kI32: return "i32";
    case TensorType::kU8: return "u8";
    case TensorType::kBool: return "bool";
  }
  return "unknown";
}

int64_t ElementCount(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

std::string ShapeText(const std::vector<int64_t>& shape) {
  std::vector<std::string> sizes;
  for (const int64_t size : shape) sizes.push_back(size < 0 ? "?" : std::to_string(size));
  return fmt::format("[{}]", fmt::join(sizes, ", "));
}

int64_t TensorView::element_count() const { return ElementCount(shape); }
int64_t Weight::element_count() const { return ElementCount(shape); }
size_t Weight::size_bytes() const {
  return static_cast<size_t>(element_count()) * TensorTypeBytes(type);
}

}  // namespace iolite::program
