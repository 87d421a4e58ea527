#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace iolite::program {

enum class TensorType { kF32, kF16, kBF16, kI64, kI32, kU8, kBool };
size_t TensorTypeBytes(TensorType type);
std::string_view TensorTypeName(TensorType type);  ///< `f32`

/// A dense tensor in row-major order. Borrows its memory: the caller keeps it alive for the call.
struct TensorView {
  TensorType type = TensorType::kF32;
  std::vector<int64_t> shape;
  void* data = nullptr;
  int64_t element_count() const;
};

/// A tensor that belongs to a program. Its bytes are shared with `owner` (a mapped checkpoint, say)
/// and never copied by the program.
struct Weight {
  std::string name;
  TensorType type = TensorType::kF32;
  std::vector<int64_t> shape;
  const void* data = nullptr;
  std::shared_ptr<const void> owner;  ///< keeps `data` alive
  bool is_parameter = true;           ///< false: computed from a configuration, not trained
  int64_t element_count() const;
  size_t size_bytes() const;
};

/// The product of the dimensions; 1 for a scalar.
int64_t ElementCount(const std::vector<int64_t>& shape);
/// `[2, 384]`; an unknown dimension is written `?`.
std::string ShapeText(const std::vector<int64_t>& shape);

}  // namespace iolite::program
