#include <algorithm>
#include <cstdlib>
#include <mutex>

#include <openvino/openvino.hpp>

#include "iolite/base/executor.h"
#include "iolite/program/internal/openvino_executable.h"
#include "iolite/program/internal/openvino_model.h"
#include "iolite/program/runtime.h"

namespace iolite::program {
namespace {

/// OpenVINO's threading library opens a helper in a way that sanitizers end the process for, unless
/// told.
void PrepareForSanitizers() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  ::setenv("TBB_ENABLE_SANITIZERS", "1", /*overwrite=*/0);
#endif
}

/// What OpenVINO is told; everything that would make it write files or choose for itself is
/// settled.
ov::AnyMap Properties(Precision precision, int32_t thread_count, int32_t stream_count) {
  return {
      ov::hint::inference_precision(precision == Precision::kBF16 ? ov::element::bf16
                                                                  : ov::element::f32),
      ov::inference_num_threads(thread_count),
      ov::num_streams(stream_count),
      // We live inside other people's processes and beside other threads of our own.
      ov::hint::enable_cpu_pinning(false),
      ov::cache_dir(""),
  };
}

class OpenVino : public Runtime {
 public:
  Result<std::unique_ptr<Executable>> Load(const Program& program,
                                           const RuntimeOptions& options) override {
    if (options.thread_count < 0 || options.stream_count < 0) {
      return InvalidArgument("Threads and streams cannot be negative: {} and {}",
                             options.thread_count, options.stream_count);
    }
    const int32_t thread_count = options.thread_count > 0
                                     ? options.thread_count
                                     : static_cast<int32_t>(AvailableProcessorCount());
    const int32_t stream_count =
        options.stream_count > 0 ? std::min(options.stream_count, thread_count) : thread_count;
    try {
      // read_model and compile_model may run at once; the core guards itself.
      IOLITE_ASSIGN_OR_RETURN(auto model, internal::ToOpenVino(core_, program));
      auto compiled = core_.compile_model(
          model, "CPU",
          Properties(ResolvePrecision(options.precision), thread_count, stream_count));
      return internal::MakeOpenVinoExecutable(program, std::move(compiled), stream_count);
    } catch (const std::exception& error) {
      return InvalidArgument("OpenVINO cannot compile this program: {}", error.what());
    }
  }

  std::string_view name() const override { return "openvino"; }
  std::string version() const override { return ov::get_openvino_version().buildNumber; }

 private:
  ov::Core core_;
};

}  // namespace

Result<std::shared_ptr<Runtime>> OpenVinoRuntime() {
  static std::mutex mutex;
  static std::weak_ptr<Runtime> shared;
  const std::lock_guard lock(mutex);
  if (auto runtime = shared.lock()) return runtime;
  PrepareForSanitizers();
  try {
    std::shared_ptr<Runtime> runtime = std::make_shared<OpenVino>();
    shared = runtime;
    return runtime;
  } catch (const std::exception& error) {
    return Unavailable("OpenVINO does not start: {}", error.what());
  }
}

}  // namespace iolite::program
