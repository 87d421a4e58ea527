#pragma once

#include <openvino/core/type/element_type.hpp>

#include "iolite/program/tensor.h"

namespace iolite::program::internal {

inline ov::element::Type OpenVinoType(TensorType type) {
  switch (type) {
    case TensorType::kF32: return ov::element::f32;
    case TensorType::kF16: return ov::element::f16;
    case TensorType::kBF16: return ov::element::bf16;
    case TensorType::kI64: return ov::element::i64;
    case TensorType::kI32: return ov::element::i32;
    case TensorType::kU8: return ov::element::u8;
    case TensorType::kBool: return ov::element::boolean;
  }
  return ov::element::dynamic;
}

}  // namespace iolite::program::internal
