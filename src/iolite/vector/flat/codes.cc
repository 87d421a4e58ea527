#include "iolite/vector/flat/codes.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace iolite::vector::flat {
namespace {

// The largest code of so many bits.
int32_t LargestOf(uint32_t bits) { return bits == 8 ? 127 : 7; }

float LargestSize(std::span<const float> values) {
  float largest = 0;
  for (float value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

// Rounds values to steps, and says how well the code points their way: the squared cosine.
double Quantise(std::span<const float> values, float step, int32_t largest, int8_t* codes) {
  double product = 0, squared = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto rounded = static_cast<int32_t>(std::lrint(values[i] / step));
    codes[i] = static_cast<int8_t>(std::clamp(rounded, -largest, largest));
    product += static_cast<double>(values[i]) * codes[i];
    squared += static_cast<double>(codes[i]) * codes[i];
  }
  return squared > 0 ? product * product / squared : 0;
}

// Few steps are worth more when the longest elements are cut: the best of some.
void QuantiseFine(std::span<const float> values, uint32_t bits, int8_t* codes) {
  const int32_t largest = LargestOf(bits);
  const float step = LargestSize(values) / static_cast<float>(largest);
  if (!(step > 0) || !std::isfinite(1 / step)) {
    std::fill_n(codes, values.size(), int8_t{0});
    return;
  }
  float best_share = 1;
  if (bits == 4) {
    double best = 0;
    for (float share : {1.0f, 0.85f, 0.7f, 0.6f, 0.5f}) {
      const double fit = Quantise(values, step * share, largest, codes);
      if (fit > best) {
        best = fit;
        best_share = share;
      }
    }
  }
  Quantise(values, step * best_share, largest, codes);
}

// Four bits: the first half of the codes in the low halves of the bytes, the second in the high.
void Pack(const int8_t* codes, size_t count, char* bytes) {
  for (size_t i = 0; i < count / 2; ++i) {
    const int low = codes[i] + 8, high = codes[i + count / 2] + 8;
    bytes[i] = static_cast<char>(low | high << 4);
  }
}

void Unpack(const char* bytes, size_t count, int8_t* codes) {
  auto in = reinterpret_cast<const uint8_t*>(bytes);
  for (size_t i = 0; i < count / 2; ++i) codes[i] = static_cast<int8_t>((in[i] & 0x0f) - 8);
  for (size_t i = 0; i < count / 2; ++i) {
    codes[i + count / 2] = static_cast<int8_t>((in[i] >> 4) - 8);
  }
}

}  // namespace

Codes::Codes(const Shape& shape)
    : metric_(shape.metric), dimension_(shape.dimension), rotation_(shape.dimension, shape.seed) {}

int64_t Codes::memory_bytes() const {
  // The signs of the rotation's four rounds, at most padded() each.
  return static_cast<int64_t>(sizeof(*this) + 16 * size_t{padded()});
}

void Codes::Rotate(const float* values, float* rotated) const {
  rotation_.ApplyFor(metric_, values, dimension_, rotated);
}

CodeQuery Codes::MakeQuery(std::span<const float> values) const {
  const auto& kernels = kernels::Kernels();
  CodeQuery query;
  std::vector<float> centred(padded());
  Rotate(values.data(), centred.data());
  const float product =
      -kernels.Of(Metric::kInnerProduct, ElementType::kF32).pair(centred.data(), mean_, padded());
  query.zero = metric_ != Metric::kL2 && kernels.squared_norm(centred.data(), padded()) == 0;
  for (uint32_t i = 0; i < padded(); ++i) centred[i] -= mean_[i];
  query.base = metric_ == Metric::kL2       ? kernels.squared_norm(centred.data(), padded())
               : metric_ == Metric::kCosine ? 1 - product
                                            : -product;
  query.table_bytes.resize(size_t{padded()} * 4);
  kernels.make_scan_table(centred.data(), padded(), query.table_bytes.data(), &query.table.offset,
                          &query.table.scale);
  query.table.bytes = query.table_bytes.data();
  query.elements.resize((padded() + 63) / 64 * 64);
  query.step = LargestSize(centred) / 127;
  if (std::isfinite(1 / query.step)) {
    Quantise(centred, query.step, 127, query.elements.data());
  }
  for (int8_t element : query.elements) query.total += element;
  return query;
}

kernels::SignRows::Factors Codes::FactorsOf(float squared_length, float code_product,
                                            float mean_product) const {
  const float factor = code_product > 0 ? squared_length / code_product : 0;
  if (metric_ == Metric::kL2) return {squared_length, -2 * factor};
  return {-mean_product, -factor};
}

kernels::SignRows::Factors Codes::EncodeSigns(const float* rotated, uint32_t* words) const {
  const auto sums = kernels::Kernels().encode_edge(mean_, rotated, padded(), words);
  return FactorsOf(sums.squared_length, sums.absolute_sum, sums.owner_product);
}

void Codes::EncodeFine(const float* rotated, uint32_t bits, char* row) const {
  thread_local std::vector<float> residual;
  thread_local std::vector<int8_t> codes;
  residual.resize(padded());
  codes.resize(padded());
  for (uint32_t i = 0; i < padded(); ++i) residual[i] = rotated[i] - mean_[i];
  QuantiseFine(residual, bits, codes.data());
  double squared = 0, code_product = 0, mean_product = 0;
  for (uint32_t i = 0; i < padded(); ++i) {
    squared += static_cast<double>(residual[i]) * residual[i];
    code_product += static_cast<double>(residual[i]) * codes[i];
    mean_product += static_cast<double>(residual[i]) * mean_[i];
  }
  const auto factors = FactorsOf(static_cast<float>(squared), static_cast<float>(code_product),
                                 static_cast<float>(mean_product));
  std::memcpy(row, &factors, sizeof(factors));
  if (bits == 8) {
    std::memcpy(row + sizeof(factors), codes.data(), padded());
  } else {
    Pack(codes.data(), padded(), row + sizeof(factors));
  }
}

void Codes::FineDistances(const CodeQuery& query, uint32_t bits, const char* rows,
                          std::span<const uint32_t> ids, float* distances) const {
  const auto& product = kernels::Kernels().Of(Metric::kInnerProduct, ElementType::kI8);
  const size_t row_bytes = sizeof(kernels::SignRows::Factors) + size_t{padded()} * bits / 8;
  const char* codes = rows + sizeof(kernels::SignRows::Factors);
  if (bits == 8) {
    product.gather(query.elements.data(), codes, row_bytes, ids.data(), ids.size(), padded(),
                   distances);
  } else {
    std::vector<int8_t> unpacked(padded());
    for (size_t i = 0; i < ids.size(); ++i) {
      Unpack(codes + ids[i] * row_bytes, padded(), unpacked.data());
      distances[i] = product.pair(query.elements.data(), unpacked.data(), padded());
    }
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    kernels::SignRows::Factors factors;
    std::memcpy(&factors, rows + ids[i] * row_bytes, sizeof(factors));
    distances[i] = query.base + factors.add - factors.rescale * query.step * distances[i];
    // Rounding may lead below what the metric has.
    if (metric_ != Metric::kInnerProduct) distances[i] = std::max(distances[i], 0.0f);
  }
}

}  // namespace iolite::vector::flat
