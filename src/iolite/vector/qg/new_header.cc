#include "iolite/vector/qg/new_header.h"

#include "iolite/vector/internal/build_options.h"
#include "iolite/vector/qg/space.h"

namespace iolite::vector::qg {
namespace {

constexpr uint64_t kSeed = 0x696f6c697465;  // "iolite"
constexpr internal::GraphLimits kLimits{.connectivity_default = 32,
                                        .connectivity_max = 256,
                                        .expansion_default = 160,
                                        .expansion_max = 1 << 16};
// While nobody has seen the data: what suits text.
constexpr float kAlpha = 1.1f;

Status Complete(IndexBuildOptions& options) {
  IOLITE_RETURN_IF_ERROR(internal::CheckBuildOptions(options));
  if (options.metric > Metric::kL2) {
    return InvalidArgument("A qg index has the metrics cosine, inner_product and l2, not {}",
                           MetricName(options.metric));
  }
  if (options.element_type != ElementType::kF32 && options.element_type != ElementType::kBF16) {
    return InvalidArgument("A qg index keeps f32 or bf16, not {}",
                           ElementTypeName(options.element_type));
  }
  return internal::CompleteGraphOptions(kLimits, options);
}

uint32_t LanesFor(int32_t connectivity) {
  return (static_cast<uint32_t>(connectivity) + kBlockLanes - 1) / kBlockLanes * kBlockLanes;
}

}  // namespace

Result<Header> NewHeader(IndexBuildOptions options, Layout& layout) {
  IOLITE_RETURN_IF_ERROR(Complete(options));
  Header header;
  header.metric = options.metric;
  header.element_type = options.element_type;
  header.dimension = static_cast<uint32_t>(options.dimension);
  header.seed = kSeed;
  header.alpha = kAlpha;
  header.expansion = static_cast<uint32_t>(options.expansion_add);
  header.shape = {.padded = Space(header.metric, header.dimension, kSeed).padded(),
                  .lanes = LanesFor(options.connectivity),
                  .exact = options.element_type == ElementType::kF32};
  layout = Layout::For(header.shape, options.row_count_expected);
  header.extent_shift = layout.extent_shift();
  header.mean.assign(header.shape.padded, 0.0f);
  header.entries = Entries(header.shape.padded);
  return header;
}

}  // namespace iolite::vector::qg
