#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/program/tensor.h"

namespace iolite::program {

namespace internal {
struct OnnxModel;
}  // namespace internal

/// What goes into or comes out of a program.
struct Port {
  std::string name;
  TensorType type = TensorType::kF32;
  std::vector<int64_t> shape;  ///< -1 for a dimension that is known only when it runs
};

/// Something that computes on tensors: an ONNX model. The graph is small and owned; its weights are
/// shared with whoever holds their bytes, so a program over a mapped checkpoint costs next to
/// nothing.
///
/// GraphBuilder makes one, or continues one; a Runtime runs it.
///
/// Threads: any number may read.
class Program {
 public:
  /// Reads a model and the external data files it names, which must lie in its folder.
  /// kInvalidArgument when it is no ONNX model or breaks its format; kDataLoss when a data file is
  /// too short.
  static Result<Program> FromOnnxFile(const std::string& path);

  explicit Program(std::unique_ptr<internal::OnnxModel> model);
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  /// Without the weights.
  const std::vector<Port>& inputs() const;
  const std::vector<Port>& outputs() const;
  const std::vector<Weight>& weights() const;
  /// Elements of all weights that were trained.
  int64_t parameter_count() const;
  /// The operators it uses, each once, sorted; those outside ONNX's own set as `domain:Operator`.
  std::vector<std::string> operators() const;

  /// The complete model as an ONNX file, weights inside, for other runtimes. kResourceExhausted
  /// above 2 GB, the most that the format holds in one file.
  Result<std::string> Serialize() const;

  const internal::OnnxModel& model() const { return *model_; }
  /// Gives the parts to who continues the graph.
  std::unique_ptr<internal::OnnxModel> Release() &&;

 private:
  std::unique_ptr<internal::OnnxModel> model_;
};

}  // namespace iolite::program
