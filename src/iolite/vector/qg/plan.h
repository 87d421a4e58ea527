#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "iolite/vector/index.h"
#include "iolite/vector/kernels/kernels.h"
#include "iolite/vector/qg/file.h"
#include "iolite/vector/qg/layout.h"
#include "iolite/vector/qg/space.h"

namespace iolite::vector::qg {

/// What an index knows of itself beside its vertices.
struct Traits {
  float length_max = 0;
  std::vector<Calibration> calibration;
};

enum class Way {
  kExact,  ///< all rows that may appear are compared
  kCodes,  ///< their sign codes choose the rows to compare
  kGraph,  ///< a walk, which looks at the filter in its result
};

struct PlanRequest {
  const VectorSearch& request;
  const Layout& layout;
  const Traits& traits;
  size_t row_count;       ///< rows there are
  size_t survivor_count;  ///< rows that may appear
  bool all;
};

struct PlanChoice {
  Way way = Way::kExact;
  size_t ef = 0;
  /// The pool of a second walk, when the first met too few rows that may appear; 0 when codes are
  /// cheaper.
  size_t larger_ef = 0;
  std::string reason;
};

/// Chooses the cheapest way that keeps recall, by what a step of each costs.
PlanChoice ChoosePlan(const PlanRequest& plan);

/// The factor by which the next place of a walk may be farther than its last answer so far.
float StopFactor(const Layout& layout, size_t ef);

/// Pool for `k` neighbours at a recall (0: the usual one), by what was measured for ten.
size_t PoolForRecall(const std::vector<Calibration>& calibration, float recall, size_t k);

/// Whether a walk under a filter met as many rows that pass as the filter's share promises: it does
/// not where the filter leaves out just what lies near the query.
bool WalkIsTrustworthy(size_t popped, size_t passing, double share);

/// How far distances of one query by high bits may be from the exact ones, generously.
class HighBitsMargin {
 public:
  HighBitsMargin() = default;
  explicit HighBitsMargin(const Query& query);
  float At(float distance) const { return 0.004f * std::abs(distance) + floor_; }

 private:
  float floor_ = 0;
};

/// A query as sign codes are compared with it.
class SignTable {
 public:
  SignTable(const std::vector<float>& values, uint32_t sign_bits);
  const kernels::SignQuery& query() const { return query_; }

 private:
  std::vector<int8_t> elements_;
  kernels::SignQuery query_{};
};

}  // namespace iolite::vector::qg
