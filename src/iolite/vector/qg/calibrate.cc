#include "iolite/vector/qg/calibrate.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "iolite/base/random.h"
#include "iolite/vector/internal/top_k.h"
#include "iolite/vector/qg/plan.h"
#include "iolite/vector/qg/walk.h"

namespace iolite::vector::qg {
namespace {

constexpr size_t kNeighbours = 10;
constexpr uint32_t kSlotsMin = 1000;
// Distances that the exact scans may take together, and how many queries that makes.
constexpr size_t kDistances = 24'000'000;
constexpr size_t kQueriesMin = 32, kQueriesMax = 256;
// Their values stay in the first cache.
constexpr size_t kQueriesAtOnce = 8;
constexpr std::array<float, 7> kRecalls = {0.90f, 0.95f, 0.97f, 0.98f, 0.99f, 0.995f, 0.999f};
constexpr std::array<uint32_t, 14> kPools = {10,  14,  20,  28,  40,  56,  80,
                                             112, 160, 224, 320, 448, 640, 1280};

struct Sample {
  Query query;
  std::vector<Neighbor> truth;  // by slot
};

class Calibrator {
 public:
  Calibrator(const RequestContext& context, const CalibrationRequest& request)
      : context_(context), request_(request), layout_(request.vertices.layout()) {}

  void MakeQuery(uint64_t which, Query& query) const;
  void FindTruth(std::span<Sample> samples) const;
  Result<size_t> Hits(const Sample& sample, uint32_t pool) const;

 private:
  const RequestContext& context_;
  const CalibrationRequest& request_;
  const Layout& layout_;
};

// A row moved by .7 of the difference of two of its neighbours: about as far from the data as the
// data from itself, in directions in which the data varies, and nowhere in it. (With that, the pool
// for recall .99 gives held-out queries .989 on the WordNet glosses and .997 on MNIST.)
void Calibrator::MakeQuery(uint64_t which, Query& query) const {
  const size_t dimension = request_.space.dimension();
  const size_t given = request_.sample_queries.size() / dimension;
  if (given > 0) {
    const size_t at = which % given * dimension;
    request_.space.RotateQuery(request_.sample_queries.subspan(at, dimension), request_.length_max,
                               query);
    return request_.space.MakeTable(query);
  }
  auto random = Random::Seeded(which);
  const auto slot = static_cast<uint32_t>(random->NextBelow(request_.slot_count));
  std::vector<float> values(layout_.padded()), beside(layout_.padded());
  const RowView row = request_.vertices.row(slot);
  request_.vertices.ReadVector(slot, row.high(), values.data());
  for (const float sign : {0.7f, -0.7f}) {
    const uint32_t other = row.links()[random->NextBelow(layout_.lanes())];
    if (other >= request_.slot_count) continue;
    request_.vertices.ReadVector(other, request_.vertices.row(other).high(), beside.data());
    for (size_t d = 0; d < values.size(); ++d) values[d] += sign * beside[d];
  }
  request_.space.RowAsQuery(values.data(), request_.length_max, query);
}

// One pass over the rows for all of them, because fetching a row costs more than comparing it.
void Calibrator::FindTruth(std::span<Sample> samples) const {
  std::vector<internal::TopK> tops;
  for (Sample& sample : samples) {
    sample.truth.resize(kNeighbours);
    tops.emplace_back(sample.truth, std::nullopt);
  }
  for (uint32_t slot = 0; slot < request_.slot_count; ++slot) {
    const uint16_t* high = request_.vertices.row(slot).high();
    for (size_t i = 0; i < samples.size(); ++i) {
      const float distance =
          RowDistance(samples[i].query, request_.space.products(), high, layout_.padded());
      if (!(distance > tops[i].bound())) tops[i].Offer(slot, distance);
    }
  }
  for (internal::TopK& top : tops) top.Finish();
}

Result<size_t> Calibrator::Hits(const Sample& sample, uint32_t pool) const {
  thread_local WalkRoom room;
  const OwnRows rows{request_.vertices, request_.slot_count};
  std::array<Neighbor, kNeighbours> found;
  internal::TopK top(found, std::nullopt);
  room.BeginAt(request_.entries.Nearest(sample.query), pool, request_.slot_count);
  const float stop = StopFactor(layout_, pool);
  IOLITE_RETURN_IF_ERROR(Walk(context_, rows, layout_, request_.space, sample.query, room,
                              [&](uint32_t slot, float distance) {
                                top.Offer(slot, distance);
                                return top.bound() * stop;
                              }));
  const float last = sample.truth.back().distance;
  return static_cast<size_t>(
      std::count_if(found.begin(), found.begin() + static_cast<ptrdiff_t>(top.size()),
                    [last](const Neighbor& neighbor) { return neighbor.distance <= last; }));
}

// The mean of the queries' recalls, less what it may be off by: one standard error.
double RecallAtLeast(std::span<const size_t> hits) {
  const auto count = static_cast<double>(hits.size());
  double sum = 0, squares = 0;
  for (const size_t hit : hits) {
    const double recall = static_cast<double>(hit) / kNeighbours;
    sum += recall;
    squares += recall * recall;
  }
  const double mean = sum / count;
  return mean - std::sqrt(std::max(0.0, squares / count - mean * mean) / count);
}

}  // namespace

Result<std::vector<Calibration>> Calibrate(const RequestContext& context, Executor& executor,
                                           const CalibrationRequest& request) {
  std::vector<Calibration> calibration;
  if (request.slot_count < kSlotsMin) return calibration;
  const Calibrator calibrator(context, request);
  std::vector<Sample> samples(
      std::clamp(kDistances / request.slot_count, kQueriesMin, kQueriesMax));
  const size_t groups = (samples.size() + kQueriesAtOnce - 1) / kQueriesAtOnce;
  IOLITE_RETURN_IF_ERROR(executor.ParallelFor(context, groups, [&](size_t group) {
    const size_t first = group * kQueriesAtOnce;
    const size_t count = std::min(kQueriesAtOnce, samples.size() - first);
    for (size_t i = first; i < first + count; ++i) calibrator.MakeQuery(i, samples[i].query);
    calibrator.FindTruth(std::span(samples).subspan(first, count));
    return Status::Ok();
  }));
  for (const uint32_t pool : kPools) {
    if (calibration.size() == kRecalls.size()) break;
    std::vector<size_t> hits(samples.size());
    IOLITE_RETURN_IF_ERROR(executor.ParallelFor(context, samples.size(), [&](size_t i) -> Status {
      IOLITE_ASSIGN_OR_RETURN(hits[i], calibrator.Hits(samples[i], pool));
      return Status::Ok();
    }));
    const double recall = RecallAtLeast(hits);
    while (calibration.size() < kRecalls.size() && recall >= kRecalls[calibration.size()]) {
      calibration.push_back({kRecalls[calibration.size()], pool});
    }
  }
  return calibration;
}

}  // namespace iolite::vector::qg
