#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <filesystem>

#include "iolite/results/result_table.h"
#include "iolite/results/testing/table_fixture.h"
#include "iolite/storage/local_store.h"

namespace iolite::results {
namespace {

int64_t MemoryBytesMax() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

// From parts on disk to a sealed table with its index.
void BM_Commit(benchmark::State& state) {
  std::string folder = std::filesystem::temp_directory_path() / "iolite-commit-bench";
  auto executor = Executor::Threads();
  auto random = Random::Seeded(1);
  constexpr int64_t kPartRowCount = 16'384;
  for (auto _ : state) {
    state.PauseTiming();
    std::filesystem::remove_all(folder);
    auto store = storage::OpenLocalStore({.root = folder}).value();
    auto results = ResultStore::Open({.store = store.get(), .executor = executor.get()}).value();
    auto run = results->StartRun("t", "d").value();
    for (int64_t row = 0; row < state.range(0); row += kPartRowCount) {
      int64_t count = std::min(kPartRowCount, state.range(0) - row);
      auto rows = segments::testing::MakeSampleRows(*random, count,
                                                    static_cast<int32_t>(state.range(1)), row);
      (void)run->AppendPart(RequestContext(), *rows.PartBatch());
    }
    state.ResumeTiming();
    auto snapshot = run->Commit(RequestContext(), testing::SampleMaterialization(), nullptr);
    if (!snapshot.ok()) state.SkipWithError(snapshot.status().ToString().c_str());
  }
  state.counters["memory_mb_max"] = static_cast<double>(MemoryBytesMax()) / (1 << 20);
  std::filesystem::remove_all(folder);
}
BENCHMARK(BM_Commit)
    ->Args({5'000, 384})
    ->Args({117'659, 384})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

// What a search pays to learn whether there is a newer version.
void BM_Get(benchmark::State& state) {
  std::string folder = std::filesystem::temp_directory_path() / "iolite-get-bench";
  std::filesystem::remove_all(folder);
  auto store = storage::OpenLocalStore({.root = folder}).value();
  auto results = ResultStore::Open({.store = store.get(), .executor = &Executor::Inline()}).value();
  auto random = Random::Seeded(1);
  (void)testing::CommitRows(*results, "t", segments::testing::MakeSampleRows(*random, 100, 8));
  for (auto _ : state) benchmark::DoNotOptimize(results->Get("t"));
  std::filesystem::remove_all(folder);
}
BENCHMARK(BM_Get);

}  // namespace
}  // namespace iolite::results
