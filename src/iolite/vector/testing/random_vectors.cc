#include "iolite/vector/testing/random_vectors.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace iolite::vector::testing {
namespace {

void Normalise(std::span<float> row) {
  double norm = 0;
  for (float value : row) norm += static_cast<double>(value) * value;
  for (float& value : row) value = static_cast<float>(value / std::sqrt(norm));
}

bool Nearer(const Neighbor& a, const Neighbor& b) {
  return a.distance < b.distance || (a.distance == b.distance && a.row < b.row);
}

}  // namespace

std::vector<float> GaussianRows(uint64_t seed, size_t row_count, size_t dimension) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> gauss;
  std::vector<float> rows(row_count * dimension);
  for (float& value : rows) value = gauss(random);
  return rows;
}

std::vector<float> WholeRows(uint64_t seed, size_t row_count, size_t dimension, int largest) {
  std::mt19937_64 random(seed);
  std::vector<float> rows(row_count * dimension);
  for (float& value : rows) value = static_cast<float>(random() % (largest + 1));
  return rows;
}

// Like what encoders make: overlapping clusters on a surface of few dimensions within many, with
// noise.
std::vector<float> EmbeddingRows(uint64_t seed, size_t row_count, size_t dimension,
                                 bool normalised) {
  constexpr size_t kLatent = 20, kClusters = 50;
  constexpr float kNoise = 0.3f;
  std::mt19937_64 random(seed);
  std::normal_distribution<float> gauss;
  const auto centres = GaussianRows(seed + 1, kClusters, kLatent);
  const auto directions = GaussianRows(seed + 2, kLatent, dimension);
  std::vector<float> rows(row_count * dimension);
  for (size_t r = 0; r < row_count; ++r) {
    const std::span<float> row = std::span(rows).subspan(r * dimension, dimension);
    const size_t cluster = random() % kClusters;
    for (float& value : row) value = kNoise * gauss(random);
    for (size_t l = 0; l < kLatent; ++l) {
      const float latent = centres[cluster * kLatent + l] + gauss(random);
      for (size_t d = 0; d < dimension; ++d) row[d] += latent * directions[l * dimension + d];
    }
    if (normalised) Normalise(row);
  }
  return rows;
}

double TrueDistance(Metric metric, std::span<const float> a, std::span<const float> b) {
  double dot = 0, difference = 0, norm_a = 0, norm_b = 0, absolute = 0, both = 0, either = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = a[i], y = b[i];
    dot += x * y;
    difference += (x - y) * (x - y);
    norm_a += x * x;
    norm_b += y * y;
    absolute += std::abs(x - y);
    both += x != 0 && y != 0 ? 1 : 0;
    either += x != 0 || y != 0 ? 1 : 0;
  }
  if (metric == Metric::kL1 || metric == Metric::kHamming) return absolute;
  if (metric == Metric::kJaccard) return either == 0 ? 0 : (either - both) / either;
  if (metric == Metric::kL2) return difference;
  if (metric == Metric::kInnerProduct) return -dot;
  // As the interface says: too short for f32 counts as zero.
  if (static_cast<float>(norm_a) == 0 || static_cast<float>(norm_b) == 0) return 1;
  return 1 - dot / std::sqrt(norm_a * norm_b);
}

std::vector<Neighbor> TrueNeighbors(Metric metric, std::span<const float> rows, size_t dimension,
                                    std::span<const float> query, size_t k,
                                    const columnar::RowSet* allowed,
                                    const columnar::RowSet* hidden) {
  std::vector<Neighbor> all;
  for (uint32_t row = 0; row < rows.size() / dimension; ++row) {
    if (allowed != nullptr && !allowed->Contains(row)) continue;
    if (hidden != nullptr && hidden->Contains(row)) continue;
    const double distance = TrueDistance(metric, query, rows.subspan(row * dimension, dimension));
    all.push_back({row, static_cast<float>(distance)});
  }
  std::sort(all.begin(), all.end(), Nearer);
  if (all.size() > k) all.resize(k);
  return all;
}

double Recall(std::span<const Neighbor> truth, std::span<const Neighbor> found) {
  if (truth.empty()) return 1;
  const float last = truth.back().distance;
  const float slack = 1e-5f * (1 + std::abs(last));
  const auto hits = std::count_if(found.begin(), found.end(), [&](const Neighbor& neighbor) {
    return neighbor.distance <= last + slack;
  });
  return static_cast<double>(std::min<size_t>(hits, truth.size())) /
         static_cast<double>(truth.size());
}

}  // namespace iolite::vector::testing
