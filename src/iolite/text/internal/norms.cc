#include "iolite/text/internal/norms.h"

#include <algorithm>
#include <array>

namespace iolite::text::internal {
namespace {

template <typename Code>
void GatherBy(const std::vector<float>& by_code, const uint8_t* codes, const uint32_t* rows,
              size_t count, float* norms) {
  const float* table = by_code.data();
  for (size_t i = 0; i < count; ++i) {
    Code code;
    std::memcpy(&code, codes + sizeof(Code) * rows[i], sizeof(Code));
    norms[i] = table[code];
  }
}

constexpr size_t kTfCodes = 256;
const std::array<float, kTfCodes>& TfTable() {
  static const auto table = [] {
    std::array<float, kTfCodes> tfs{};
    for (size_t code = 0; code < kTfCodes; ++code) {
      tfs[code] = static_cast<float>(TfOfCode(static_cast<uint8_t>(code)));
    }
    return tfs;
  }();
  return table;
}

}  // namespace

void Norms::Gather(const uint32_t* rows, size_t count, float* norms) const {
  switch (width) {
    case 1: return GatherBy<uint8_t>(by_code, codes, rows, count, norms);
    case 2: return GatherBy<uint16_t>(by_code, codes, rows, count, norms);
    default: return GatherBy<uint32_t>(by_code, codes, rows, count, norms);
  }
}

Result<std::shared_ptr<const Norms>> MakeNorms(const PartReader& part, const Bm25& bm25,
                                               double unit, double average_length) {
  IOLITE_RETURN_IF_ERROR(part.NeedLengths());
  auto norms = std::make_shared<Norms>();
  const double average = average_length > 0 ? average_length : 1;
  auto norm_of = [&](uint32_t length) {
    return static_cast<float>(bm25.k1 * unit * (1 - bm25.b + bm25.b * length / average));
  };
  norms->codes = part.codes();
  norms->width = part.code_width();
  // Room for every code that a damaged file may hold.
  const size_t room = norms->width == 1 ? 256 : norms->width == 2 ? 65536 : part.length_count();
  norms->by_code.resize(room);
  for (uint32_t code = 0; code < part.length_count(); ++code) {
    norms->by_code[code] = norm_of(part.length(code));
  }
  for (uint32_t code = 0; code < part.bound_count(); ++code) {
    norms->by_bound[code] = norm_of(part.bound(code));
  }
  return std::shared_ptr<const Norms>(std::move(norms));
}

int32_t BoundOf(const Frontier& frontier, const Norms& norms, float weight) {
  // More than rounding can add.
  constexpr float kMargin = 1 + 1.0f / (1 << 20);
  const auto& tfs = TfTable();
  float most = 0;
  for (const auto& point : frontier.points) {
    if (point.tf == 0) break;
    const float tf = tfs[point.tf];
    most = std::max(most, tf / (tf + norms.by_bound[point.length]));
  }
  return 2 + static_cast<int32_t>(weight * most * kMargin);
}

}  // namespace iolite::text::internal
