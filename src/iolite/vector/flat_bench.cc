#include <benchmark/benchmark.h>

#include <cstring>
#include <random>

#include "iolite/vector/flat/scan.h"
#include "iolite/vector/flat_builder.h"
#include "iolite/vector/flat_file_index.h"
#include "iolite/vector/kernels/kernels.h"
#include "iolite/vector/testing/random_vectors.h"

// The flat index: what a code costs in the cache and beyond, whole blocks against gathered rows,
// and whole searches.

namespace iolite::vector {
namespace {

constexpr size_t kDimension = 768;

// Random blocks of codes, and a table to look them up in.
struct Blocks {
  explicit Blocks(size_t rows)
      : count(rows / flat::kBlockRows), bytes(count * (4 * kDimension + 256)) {
    std::mt19937_64 random(1);
    for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      const uint64_t bits = random();
      std::memcpy(bytes.data() + i, &bits, 8);
    }
    for (size_t b = 0; b < count; ++b) {
      auto add = reinterpret_cast<float*>(Block(b) + 4 * kDimension);
      for (size_t i = 0; i < 64; ++i) add[i] = static_cast<float>(i % 32) + 1;
    }
    const auto query = testing::GaussianRows(2, 1, kDimension);
    kernels::Kernels().make_scan_table(query.data(), kDimension, table_bytes, &table.offset,
                                       &table.scale);
    table.bytes = table_bytes;
  }
  char* Block(size_t b) { return bytes.data() + b * (4 * kDimension + 256); }

  size_t count;
  std::vector<char> bytes;
  alignas(64) uint8_t table_bytes[4 * kDimension];
  kernels::ScanTable table{};
};

void BM_Scan_Blocks(benchmark::State& state) {
  Blocks blocks(static_cast<size_t>(state.range(0)));
  alignas(64) float estimates[32];
  for (auto _ : state) {
    uint32_t below = 0;
    for (size_t b = 0; b < blocks.count; ++b) {
      const char* at = blocks.Block(b);
      auto add = reinterpret_cast<const float*>(at + 4 * kDimension);
      flat::PrefetchBlock(at, 4 * kDimension + 256);
      below |= kernels::Kernels().scan_block(blocks.table,
                                             {reinterpret_cast<const uint8_t*>(at), add, add + 32},
                                             kDimension, 0, -1e30f, estimates);
    }
    benchmark::DoNotOptimize(below);
  }
  const auto codes = static_cast<int64_t>(blocks.count * 32);
  state.SetItemsProcessed(state.iterations() * codes);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(blocks.bytes.size()));
}
BENCHMARK(BM_Scan_Blocks)->Arg(2'048)->Arg(8'192)->Arg(1 << 20)->Unit(benchmark::kMicrosecond);

// What memory delivers to one core: the squares of all floats, in the widest registers there are.
void BM_Read_Memory(benchmark::State& state) {
  const std::vector<float> values(static_cast<size_t>(state.range(0)) / 4, 1.0f);
  for (auto _ : state) {
    benchmark::DoNotOptimize(kernels::Kernels().squared_norm(values.data(), values.size()));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Read_Memory)->Arg(108 << 20)->Unit(benchmark::kMicrosecond);

struct Data {
  explicit Data(size_t row_count) : rows(testing::EmbeddingRows(1, row_count + 64, kDimension)) {
    const size_t floats = row_count * kDimension;
    queries.assign(rows.begin() + static_cast<ptrdiff_t>(floats), rows.end());
    rows.resize(floats);
    auto executor = Executor::Threads();
    auto builder = MakeFlatBuilder({.dimension = kDimension, .executor = executor.get()}).value();
    if (!builder->Add(RequestContext{}, rows, row_count).ok()) std::abort();
    bytes = builder->FinishInMemory(RequestContext{}).value();
    index = OpenFlatIndexBytes(bytes, {}).value();
  }
  std::span<const float> Query(size_t q) const {
    return std::span(queries).subspan(q % 64 * kDimension, kDimension);
  }

  std::vector<float> rows, queries;
  std::string bytes;
  std::unique_ptr<VectorIndex> index;
};

Data& Shared() {
  static Data data(60'000);
  return data;
}

// The argument is how many rows in 10,000 may appear, at random.
void BM_Flat_Search(benchmark::State& state) {
  Data& data = Shared();
  std::mt19937_64 random(3);
  columnar::RowSet allowed;
  for (uint32_t row = 0; row < data.index->row_count(); ++row) {
    if (random() % 10'000 < static_cast<uint64_t>(state.range(0))) allowed.Add(row);
  }
  VectorSearch request;
  if (state.range(0) < 10'000) request.allowed = &allowed;
  std::vector<Neighbor> out(10);
  double recall = 0;
  for (size_t q = 0; q < 16; ++q) {
    request.query = data.Query(q);
    const size_t found = data.index->Search(RequestContext{}, request, out).value();
    const auto truth = testing::TrueNeighbors(Metric::kCosine, data.rows, kDimension, request.query,
                                              10, request.allowed);
    recall += testing::Recall(truth, std::span(out).first(found)) / 16;
  }
  size_t q = 0;
  SearchStats stats;
  request.stats = &stats;
  for (auto _ : state) {
    request.query = data.Query(q++);
    benchmark::DoNotOptimize(data.index->Search(RequestContext{}, request, out));
  }
  state.counters["recall"] = recall;
  state.counters["visited"] = static_cast<double>(stats.rows_visited);
}
BENCHMARK(BM_Flat_Search)
    ->Arg(10'000)
    ->Arg(9'000)
    ->Arg(5'000)
    ->Arg(3'000)
    ->Arg(2'000)
    ->Arg(1'000)
    ->Arg(300)
    ->Arg(100)
    ->Arg(10)
    ->Unit(benchmark::kMicrosecond);

void BM_Flat_Batch_Of_64(benchmark::State& state) {
  Data& data = Shared();
  std::vector<Neighbor> out(64 * 10);
  std::vector<size_t> counts(64);
  for (auto _ : state) {
    if (!data.index
             ->SearchBatch(RequestContext{}, Executor::Inline(), data.queries, {}, out, counts)
             .ok()) {
      std::abort();
    }
  }
  state.SetItemsProcessed(state.iterations() * 64);
}
BENCHMARK(BM_Flat_Batch_Of_64)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace iolite::vector
