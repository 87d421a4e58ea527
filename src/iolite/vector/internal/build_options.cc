#include "iolite/vector/internal/build_options.h"

#include "iolite/vector/internal/query.h"

namespace iolite::vector::internal {
namespace {

constexpr int32_t kConnectivityMin = 2, kExpansionMin = 1;

}  // namespace

Status CheckBuildOptions(const IndexBuildOptions& options) {
  IOLITE_RETURN_IF_ERROR(CheckDimension(options.dimension));
  if (options.row_count_expected >= 0) return Status::Ok();
  return InvalidArgument("row_count_expected must not be negative, it is {}",
                         options.row_count_expected);
}

Status CompleteGraphOptions(const GraphLimits& limits, IndexBuildOptions& options) {
  if (options.connectivity == 0) options.connectivity = limits.connectivity_default;
  if (options.expansion_add == 0) options.expansion_add = limits.expansion_default;
  if (options.connectivity < kConnectivityMin || options.connectivity > limits.connectivity_max) {
    return InvalidArgument("connectivity must be {} to {}, not {}", kConnectivityMin,
                           limits.connectivity_max, options.connectivity);
  }
  if (options.expansion_add < kExpansionMin || options.expansion_add > limits.expansion_max) {
    return InvalidArgument("expansion_add must be {} to {}, not {}", kExpansionMin,
                           limits.expansion_max, options.expansion_add);
  }
  return Status::Ok();
}

}  // namespace iolite::vector::internal
