#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include <usearch/index_dense.hpp>

#include "iolite/vector/flat_index.h"
#include "iolite/vector/testing/random_vectors.h"
#include "iolite/vector/usearch_builder.h"
#include "iolite/vector/usearch_index.h"

// Our search beside USearch's own over the same bytes in the same process. IOLITE_BENCH_VECTORS
// names a file of raw f32 rows and IOLITE_BENCH_DIMENSION their dimension; without it rows are made
// up.

namespace iolite::vector {
namespace {

constexpr size_t kRowsMadeUp = 30'000;
constexpr size_t kDimensionMadeUp = 384;
constexpr size_t kQueryCount = 256;
constexpr size_t kEf = 64;

struct Data {
  size_t dimension = kDimensionMadeUp;
  std::vector<float> rows, queries, truth_room;
  std::unique_ptr<Executor> executor = Executor::Threads();
  std::string bytes;
  std::unique_ptr<UsearchIndex> index;
  std::unique_ptr<FlatIndex> flat;
  double build_seconds = 0;

  size_t row_count() const { return rows.size() / dimension; }
  std::span<const float> Query(size_t q) const {
    return std::span(queries).subspan(q % kQueryCount * dimension, dimension);
  }
};

std::vector<float> ReadRows(size_t& dimension) {
  const char* path = std::getenv("IOLITE_BENCH_VECTORS");
  if (path == nullptr) return testing::EmbeddingRows(1, kRowsMadeUp + kQueryCount, dimension);
  if (const char* text = std::getenv("IOLITE_BENCH_DIMENSION"))
    dimension = std::strtoul(text, nullptr, 10);
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<float> rows(static_cast<size_t>(file.tellg()) / sizeof(float));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(rows.data()), static_cast<std::streamsize>(rows.size() * 4));
  return rows;
}

std::string Build(Data& data) {
  auto builder = MakeUsearchBuilder({.metric = Metric::kCosine,
                                     .dimension = static_cast<int32_t>(data.dimension),
                                     .row_count_expected = static_cast<int64_t>(data.row_count()),
                                     .executor = data.executor.get()})
                     .value();
  if (!builder->Add(RequestContext{}, data.rows, data.row_count()).ok()) std::abort();
  const int64_t start = Clock::System().monotonic_ns();
  auto bytes = builder->FinishInMemory(RequestContext{}).value();
  data.build_seconds = static_cast<double>(Clock::System().monotonic_ns() - start) * 1e-9;
  return bytes;
}

Data& Shared() {
  static Data& data = []() -> Data& {
    static Data made;
    auto all = ReadRows(made.dimension);
    const size_t total = all.size() / made.dimension;
    // Every n-th row becomes a query.
    const size_t step = total / kQueryCount;
    for (size_t r = 0; r < total; ++r) {
      auto& target = r % step == 0 && r / step < kQueryCount ? made.queries : made.rows;
      target.insert(target.end(), all.begin() + r * made.dimension,
                    all.begin() + (r + 1) * made.dimension);
    }
    made.bytes = Build(made);
    made.index = UsearchIndex::OpenBytes(made.bytes, {.executor = made.executor.get()}).value();
    made.flat =
        FlatIndex::Borrow(Metric::kCosine, static_cast<int32_t>(made.dimension), made.rows.data(),
                          made.dimension, static_cast<int64_t>(made.row_count()), nullptr)
            .value();
    return made;
  }();
  return data;
}

void Search(benchmark::State& state, const VectorIndex& index, VectorSearch request) {
  Data& data = Shared();
  std::vector<Neighbor> out(10), truth(10);
  double recall = 0;
  for (size_t q = 0; q < kQueryCount; ++q) {
    request.query = data.Query(q);
    const size_t found = index.Search(RequestContext{}, request, out).value();
    const size_t expected =
        data.flat
            ->Search(RequestContext{}, {.query = request.query, .allowed = request.allowed}, truth)
            .value();
    recall += testing::Recall(std::span(truth).first(expected), std::span(out).first(found));
  }
  size_t q = 0;
  for (auto _ : state) {
    request.query = data.Query(q++);
    benchmark::DoNotOptimize(index.Search(RequestContext{}, request, out));
  }
  state.counters["recall"] = recall / kQueryCount;
}

void BM_Usearch_Bare(benchmark::State& state) {
  Data& data = Shared();
  unum::usearch::index_dense_t bare;
  unum::usearch::memory_mapped_file_t memory(
      reinterpret_cast<unum::usearch::byte_t*>(data.bytes.data()), data.bytes.size());
  if (!bare.view(std::move(memory))) std::abort();
  bare.change_expansion_search(kEf);
  size_t q = 0;
  for (auto _ : state) benchmark::DoNotOptimize(bare.search(data.Query(q++).data(), 10));
}
BENCHMARK(BM_Usearch_Bare)->Unit(benchmark::kMicrosecond);

void BM_Usearch_Ours(benchmark::State& state) {
  Search(state, *Shared().index, {.ef = static_cast<size_t>(state.range(0))});
  state.counters["build_rows_per_s"] =
      static_cast<double>(Shared().row_count()) / Shared().build_seconds;
}
BENCHMARK(BM_Usearch_Ours)->Arg(kEf)->Arg(32)->Arg(128)->Unit(benchmark::kMicrosecond);

// The argument is how many rows in 10,000 may appear, at random.
void BM_Usearch_Filtered(benchmark::State& state) {
  std::mt19937_64 random(3);
  columnar::RowSet allowed;
  for (uint32_t row = 0; row < Shared().row_count(); ++row) {
    if (random() % 10'000 < static_cast<uint64_t>(state.range(0))) allowed.Add(row);
  }
  Search(state, *Shared().index, {.allowed = &allowed});
}
BENCHMARK(BM_Usearch_Filtered)
    ->Arg(5000)
    ->Arg(1000)
    ->Arg(100)
    ->Arg(10)
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond);

void BM_Flat(benchmark::State& state) { Search(state, *Shared().flat, {}); }
BENCHMARK(BM_Flat)->Unit(benchmark::kMicrosecond);

void BM_Flat_Batch(benchmark::State& state) {
  Data& data = Shared();
  std::vector<Neighbor> out(kQueryCount * 10);
  std::vector<size_t> counts(kQueryCount);
  for (auto _ : state) {
    if (!data.flat->SearchBatch(RequestContext{}, Executor::Inline(), data.queries, {}, out, counts)
             .ok()) {
      std::abort();
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kQueryCount));
}
BENCHMARK(BM_Flat_Batch)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace iolite::vector
