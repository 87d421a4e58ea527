#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/program/tensor.h"

namespace iolite::program {

class Program;

enum class Precision { kF32, kBF16, kAuto };
std::string_view PrecisionName(Precision precision);
/// Reads `f32`, `bf16` or `auto`; kInvalidArgument for anything else.
Result<Precision> ParsePrecision(std::string_view name);
/// kAuto becomes kBF16 where the hardware multiplies it natively (AMX), else kF32.
Precision ResolvePrecision(Precision precision);

struct RuntimeOptions {
  Precision precision = Precision::kF32;
  /// 0: all processors this process may use.
  int32_t thread_count = 0;
  /// How many runs go on at once, each with its share of the threads; 0: one for each thread, which
  /// gives the best throughput.
  int32_t stream_count = 0;
};

/// A program ready to run.
///
/// Threads: any number may call Run; stream_count() of them make progress at once, others wait.
class Executable {
 public:
  virtual ~Executable() = default;
  /// Runs once. `inputs` in the order of input_names(); `output_index` picks the output that is
  /// copied to `output`, whose type and shape must be what the program produces: kInvalidArgument
  /// otherwise. kCancelled or kDeadlineExceeded as `context` asks, within a few layers of the
  /// program.
  virtual Status Run(const RequestContext& context, std::span<const TensorView> inputs,
                     size_t output_index, const TensorView& output) = 0;
  virtual const std::vector<std::string>& input_names() const = 0;
  virtual const std::vector<std::string>& output_names() const = 0;
  /// -1 for a dimension that is known only when it runs.
  virtual std::vector<int64_t> output_shape(size_t output_index) const = 0;
  virtual int32_t stream_count() const = 0;
  /// What the arithmetic really runs in: kF32 or kBF16.
  virtual Precision precision() const = 0;
};

/// What runs programs on a device.
class Runtime {
 public:
  virtual ~Runtime() = default;
  /// kUnimplemented names the operators it cannot run; kInvalidArgument when the program is
  /// malformed.
  virtual Result<std::unique_ptr<Executable>> Load(const Program& program,
                                                   const RuntimeOptions& options) = 0;
  virtual std::string_view name() const = 0;  ///< `openvino`
  virtual std::string version() const = 0;
};

/// The runtime for CPUs: OpenVINO. One serves the whole process; nothing is loaded before it is
/// asked for, and nothing is written to disk.
Result<std::shared_ptr<Runtime>> OpenVinoRuntime();

}  // namespace iolite::program
