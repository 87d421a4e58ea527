#pragma once

#include <cmath>
#include <cstring>
#include <span>

#include "iolite/vector/kernels/kernels.h"
#include "iolite/vector/qg/layout.h"
#include "iolite/vector/qg/plan.h"
#include "iolite/vector/qg/space.h"

namespace iolite::vector::qg {

/// From what a sign code estimates to bounds that its row's distance is hardly outside of.
///
/// With r a row less the mean and s its signs, the estimate takes <q - mean, r> for <q - mean, s>
/// times |r|^2 / <r, s>. What it errs by is the part of q - mean across r, seen along s: of
/// standard deviation |q - mean| sqrt(1 - <r, s>^2 / (|r|^2 |s|^2)) after a random rotation,
/// whatever the data (Gao and Long, "RaBitQ", SIGMOD 2024, theorem 3.2).
class CodeBounds {
 public:
  CodeBounds(const Layout& layout, const Space& space, std::span<const float> mean,
             const Query& query);

  const kernels::SignQuery& query() const { return table_.query(); }
  /// A distance, as walks count it, from an estimate by sign codes.
  float Distance(float estimate) const { return base_ + estimate; }
  /// How far it may be from the row's with this sign code.
  float ErrorOf(const char* signs) const {
    float rescale;
    std::memcpy(&rescale, signs + factors_at_ + sizeof(float), sizeof(rescale));
    return error_ * std::abs(rescale);
  }

 private:
  const SignTable table_;
  const size_t factors_at_;
  float base_ = 0;   // of the query and the mean, as it is the same for all rows
  float error_ = 0;  // for a rescale of 1
};

}  // namespace iolite::vector::qg
