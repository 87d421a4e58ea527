#include "iolite/program/internal/openvino_executable.h"

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <vector>

#include <openvino/runtime/exception.hpp>
#include <openvino/runtime/infer_request.hpp>
#include <openvino/runtime/properties.hpp>

#include "iolite/program/internal/openvino_types.h"

namespace iolite::program::internal {
namespace {

/// How often a waiting caller looks whether it should stop.
constexpr std::chrono::milliseconds kPollInterval(10);

/// One infer request a stream; who wants to run borrows one.
class RequestPool {
 public:
  RequestPool(ov::CompiledModel& compiled, int32_t count) {
    for (int32_t i = 0; i < count; ++i) free_.push_back(compiled.create_infer_request());
  }

  Result<ov::InferRequest> Take(const RequestContext& context) {
    std::unique_lock lock(mutex_);
    while (free_.empty()) {
      lock.unlock();
      IOLITE_RETURN_IF_ERROR(context.Check());
      lock.lock();
      returned_.wait_for(lock, kPollInterval, [&] { return !free_.empty(); });
    }
    ov::InferRequest request = std::move(free_.back());
    free_.pop_back();
    return request;
  }

  void Give(ov::InferRequest request) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(request));
    returned_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<ov::InferRequest> free_;
};

/// Starts a request and waits for its end, which comes early when the context asks.
Status Infer(const RequestContext& context, ov::InferRequest& request) {
  request.start_async();
  while (!request.wait_for(kPollInterval)) {
    const Status status = context.Check();
    if (status.ok()) continue;
    request.cancel();
    try {
      request.wait();
    } catch (const ov::Cancelled&) {
    }
    return status;
  }
  request.wait();  // raises what the run raised
  return Status::Ok();
}

/// Copies a result out after checking that it is what the caller expects.
Status CopyOutput(const ov::Tensor& tensor, const std::string& name, const TensorView& output) {
  const ov::Shape& produced = tensor.get_shape();
  const std::vector<int64_t> shape(produced.begin(), produced.end());
  if (tensor.get_element_type() != OpenVinoType(output.type) || shape != output.shape) {
    return InvalidArgument("Output `{}` is {} {}, and the caller gave room for {} {}", name,
                           tensor.get_element_type().get_type_name(), ShapeText(shape),
                           TensorTypeName(output.type), ShapeText(output.shape));
  }
  std::memcpy(output.data, tensor.data(), tensor.get_byte_size());
  return Status::Ok();
}

class OpenVinoExecutable : public Executable {
 public:
  OpenVinoExecutable(const Program& program, ov::CompiledModel compiled, int32_t stream_count)
      : compiled_(std::move(compiled)),
        pool_(compiled_, stream_count),
        stream_count_(stream_count) {
    for (const Port& port : program.inputs()) input_names_.push_back(port.name);
    for (const Port& port : program.outputs()) output_names_.push_back(port.name);
    const auto type = compiled_.get_property(ov::hint::inference_precision);
    precision_ = type == ov::element::bf16 ? Precision::kBF16 : Precision::kF32;
  }

  /// Finds every port; a program's input that computes nothing may be gone from the compiled model.
  Status Bind(const Program& program) {
    for (const Port& port : program.inputs()) {
      inputs_.push_back(FindPort(compiled_.inputs(), port.name));
      input_ports_.push_back(port);
    }
    for (const std::string& name : output_names_) {
      const auto output = FindPort(compiled_.outputs(), name);
      if (!output) return Internal("Output `{}` was lost while compiling", name);
      outputs_.push_back(*output);
    }
    return Status::Ok();
  }

  Status Run(const RequestContext& context, std::span<const TensorView> inputs, size_t output_index,
             const TensorView& output) override {
    IOLITE_RETURN_IF_ERROR(context.Check());
    IOLITE_RETURN_IF_ERROR(CheckInputs(inputs, output_index));
    IOLITE_ASSIGN_OR_RETURN(ov::InferRequest request, pool_.Take(context));
    const Status status = RunWith(request, context, inputs, output_index, output);
    pool_.Give(std::move(request));
    return status;
  }

  const std::vector<std::string>& input_names() const override { return input_names_; }
  const std::vector<std::string>& output_names() const override { return output_names_; }
  int32_t stream_count() const override { return stream_count_; }
  Precision precision() const override { return precision_; }

  std::vector<int64_t> output_shape(size_t output_index) const override {
    std::vector<int64_t> shape;
    for (const auto& dimension : outputs_.at(output_index).get_partial_shape()) {
      shape.push_back(dimension.is_static() ? dimension.get_length() : -1);
    }
    return shape;
  }

 private:
  using ConstPort = ov::Output<const ov::Node>;

  static std::optional<ConstPort> FindPort(const std::vector<ConstPort>& ports,
                                           const std::string& name) {
    for (const auto& port : ports) {
      if (port.get_names().contains(name)) return port;
    }
    return std::nullopt;
  }

  Status CheckInputs(std::span<const TensorView> inputs, size_t output_index) const {
    if (inputs.size() != input_ports_.size() || output_index >= outputs_.size()) {
      return InvalidArgument(
          "The program has {} inputs and {} outputs; given {}, asked for output {}",
          input_ports_.size(), outputs_.size(), inputs.size(), output_index);
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      IOLITE_RETURN_IF_ERROR(CheckInput(input_ports_[i], inputs[i]));
    }
    return Status::Ok();
  }

  static Status CheckInput(const Port& port, const TensorView& input) {
    bool fits = input.type == port.type && input.shape.size() == port.shape.size();
    for (size_t i = 0; fits && i < port.shape.size(); ++i) {
      fits = port.shape[i] < 0 ? input.shape[i] >= 0 : input.shape[i] == port.shape[i];
    }
    if (fits && (input.data != nullptr || input.element_count() == 0)) return Status::Ok();
    return InvalidArgument("Input `{}` takes {} {}; given {} {}", port.name,
                           TensorTypeName(port.type), ShapeText(port.shape),
                           TensorTypeName(input.type), ShapeText(input.shape));
  }

  Status RunWith(ov::InferRequest& request, const RequestContext& context,
                 std::span<const TensorView> inputs, size_t output_index,
                 const TensorView& output) {
    try {
      for (size_t i = 0; i < inputs.size(); ++i) {
        if (!inputs_[i]) continue;
        const ov::Shape shape(inputs[i].shape.begin(), inputs[i].shape.end());
        request.set_tensor(*inputs_[i],
                           ov::Tensor(OpenVinoType(inputs[i].type), shape, inputs[i].data));
      }
      IOLITE_RETURN_IF_ERROR(Infer(context, request));
      return CopyOutput(request.get_tensor(outputs_[output_index]), output_names_[output_index],
                        output);
    } catch (const std::exception& error) {
      return InvalidArgument("The program cannot run on these inputs: {}", error.what());
    }
  }

  ov::CompiledModel compiled_;
  RequestPool pool_;
  const int32_t stream_count_;
  Precision precision_ = Precision::kF32;
  std::vector<std::string> input_names_;
  std::vector<std::string> output_names_;
  std::vector<Port> input_ports_;
  std::vector<std::optional<ConstPort>> inputs_;
  std::vector<ConstPort> outputs_;
};

}  // namespace

Result<std::unique_ptr<Executable>> MakeOpenVinoExecutable(const Program& program,
                                                           ov::CompiledModel compiled,
                                                           int32_t stream_count) {
  auto executable =
      std::make_unique<OpenVinoExecutable>(program, std::move(compiled), stream_count);
  IOLITE_RETURN_IF_ERROR(executable->Bind(program));
  return std::unique_ptr<Executable>(std::move(executable));
}

}  // namespace iolite::program::internal
