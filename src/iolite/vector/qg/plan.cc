#include "iolite/vector/qg/plan.h"

#include <algorithm>
#include <cmath>

namespace iolite::vector::qg {
namespace {

// What steps cost on one core of a Sapphire Rapids, in nanoseconds, from 117,659 x 384 and 60,000 x
// 784: the bytes they fetch, and a part that does not depend on them.
constexpr double kStepNs = 150, kStepNsPerByte = 0.11;
constexpr double kCodeNs = 5, kCodeNsPerByte = 0.07;
constexpr double kExactNs = 12, kExactNsPerByte = 0.05;
// Finding the start of a walk; and what codes compare beside looking at each row: some rows, and
// the query's own table.
constexpr double kWalkNs = 3'000;
constexpr double kCodesNs = 2'000;
constexpr double kComparedRows = 50;

// The recall a search without a wish gets. Queries are often of another kind than the rows the
// pools were measured with: at .99 two of SciFact's 300 claims missed the abstract they are judged
// by, at .995 none.
constexpr float kRecallDefault = 0.995f;
constexpr size_t kEfWithoutCalibration = 96;

// A walk ends early when the next place is, by estimate, this much farther (by squared distance)
// than the last answer: three times what estimates err. That costs nothing up to recall .99 and
// saves a quarter. Larger pools want more, and get it.
constexpr float kStopMargin = 0.12f, kStopMarginOfError = 2;
constexpr float kStopMarginPool = 100;

double ExactCost(const PlanRequest& plan) {
  const double bytes = plan.layout.padded() * (plan.layout.exact() ? 4.0 : 2.0);
  return kExactNs + kExactNsPerByte * bytes;
}

}  // namespace

float StopFactor(const Layout& layout, size_t ef) {
  const float margin =
      kStopMargin + kStopMarginOfError / std::sqrt(static_cast<float>(layout.padded()));
  return 1 + margin * std::max(1.0f, static_cast<float>(ef) / kStopMarginPool);
}

size_t PoolForRecall(const std::vector<Calibration>& calibration, float recall, size_t k) {
  if (recall <= 0) recall = kRecallDefault;
  double ef = kEfWithoutCalibration;
  if (!calibration.empty()) {
    auto point = std::find_if(calibration.begin(), calibration.end(),
                              [&](const Calibration& c) { return c.recall >= recall; });
    ef = point != calibration.end() ? point->ef : 2.0 * calibration.back().ef;
  }
  if (k > 10) ef *= std::pow(static_cast<double>(k) / 10, 0.7);
  return std::max(static_cast<size_t>(ef), k + k / 4);
}

PlanChoice ChoosePlan(const PlanRequest& plan) {
  PlanChoice choice;
  const double count = static_cast<double>(plan.survivor_count);
  const double share = count / static_cast<double>(plan.row_count);
  if (plan.request.exact) {
    choice.reason = "the caller asked for it";
    return choice;
  }
  const bool graph_wanted = plan.request.ef > 0 && plan.all;
  const size_t pool =
      plan.request.ef > 0
          ? std::max(plan.request.ef, plan.request.k)
          : PoolForRecall(plan.traits.calibration, plan.request.target_recall, plan.request.k);
  const double exact_ns = count * ExactCost(plan);
  const double codes_ns =
      kCodesNs + kComparedRows * ExactCost(plan) +
      count * (kCodeNs + kCodeNsPerByte * static_cast<double>(plan.layout.signs().bytes));
  // A filter thins the pool out, so it must be larger.
  choice.ef = std::min(static_cast<size_t>(static_cast<double>(pool) / share), plan.row_count);
  const double step_ns = kStepNs + kStepNsPerByte * static_cast<double>(plan.layout.row_bytes());
  const double walk_ns = kWalkNs + static_cast<double>(choice.ef) * step_ns;
  const size_t larger = std::min(4 * choice.ef, plan.row_count);
  if (!plan.all && static_cast<double>(larger) * step_ns < codes_ns) choice.larger_ef = larger;
  if (graph_wanted || (walk_ns < codes_ns && walk_ns < exact_ns)) {
    choice.way = Way::kGraph;
  } else {
    choice.way = codes_ns < exact_ns ? Way::kCodes : Way::kExact;
  }
  if (plan.request.stats == nullptr) return choice;
  choice.reason =
      plan.all ? fmt::format("all {} rows may appear", plan.row_count)
               : fmt::format("{} of {} rows may appear", plan.survivor_count, plan.row_count);
  return choice;
}

bool WalkIsTrustworthy(size_t popped, size_t passing, double share) {
  const double expected = share * static_cast<double>(popped);
  return static_cast<double>(passing) >= 0.9 * expected - 3 * std::sqrt(expected * (1 - share));
}

// bf16 keeps eight bits of each element, so one errs by a thousandth of it (a standard deviation),
// and the product of two vectors by that of their lengths' times sqrt(3 / dimension), elements
// being about normal; the difference of two products by sqrt(2) of that. Seven times as much is a
// margin for any number of rows. Where products decide, distances may be far smaller than what is
// rounded; the distance of two near vectors errs by less.
HighBitsMargin::HighBitsMargin(const Query& query) {
  const auto count = static_cast<float>(query.values.size());
  const float norm = kernels::Kernels().squared_norm(query.values.data(), query.values.size());
  floor_ = 1e-5f * norm + 0.02f / std::sqrt(count) * std::abs(query.product_offset);
}

SignTable::SignTable(const std::vector<float>& values, uint32_t sign_bits)
    : elements_(sign_bits, 0) {
  float largest = 0;
  for (float value : values) largest = std::max(largest, std::abs(value));
  const float step = largest > 0 ? largest / 127 : 1;
  int32_t total = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    // Half away from zero, without the call that rounding by the current mode would be.
    const float scaled = values[i] / step;
    elements_[i] = static_cast<int8_t>(scaled + (scaled < 0 ? -0.5f : 0.5f));
    total += elements_[i];
  }
  // With S the sum over the set bits, <q, signs> is 2 S - total.
  query_ = {elements_.data(), -step * static_cast<float>(total), 2 * step};
}

}  // namespace iolite::vector::qg
