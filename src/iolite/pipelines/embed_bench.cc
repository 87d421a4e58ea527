#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <filesystem>

#include "iolite/pipelines/embed.h"
#include "iolite/pipelines/testing/fake_models.h"
#include "iolite/program/runtime.h"
#include "iolite/sql/source.h"
#include "iolite/storage/local_store.h"
#include "iolite/storage/testing/temporary_folder.h"

namespace iolite::pipelines {
namespace {

/// A database in a folder, with one source of made-up texts.
struct Bench {
  storage::testing::TemporaryFolder folder;
  std::unique_ptr<Executor> executor = Executor::Threads();
  std::unique_ptr<storage::ObjectStore> store =
      storage::OpenLocalStore({.root = folder / "db"}).value();
  std::unique_ptr<catalog::Catalog> catalog =
      catalog::Catalog::Open({.path = folder / "db/catalog.sqlite"}).value();
  std::unique_ptr<results::ResultStore> results =
      results::ResultStore::Open({.store = store.get(), .executor = executor.get()}).value();
  std::unique_ptr<sql::Database> database = sql::Database::Open({}).value();

  PipelineOptions Options(models::ModelStore* models) {
    return {.catalog = catalog.get(),
            .results = results.get(),
            .database = database.get(),
            .models = models,
            .executor = executor.get(),
            .store = store.get()};
  }

  // Texts of `word_count` words, give or take half, of a vocabulary of 400.
  void AddSource(int64_t row_count, int64_t word_count) {
    auto sql = fmt::format(
        "COPY (SELECT i AS id, (SELECT string_agg(['protein', 'cell', 'the', 'of', 'expression', "
        "'in', "
        "'patients', 'gene', 'and', 'response'][1 + (hash(i, w) % 10)::INT] || if(hash(w, i) % 3 = "
        "0, "
        "'s', ''), ' ') FROM range({0} // 2 + (hash(i) % {0})::BIGINT) t(w)) AS text FROM "
        "range({1}) "
        "r(i)) TO '{2}' (FORMAT parquet)",
        word_count, row_count, folder / "texts.parquet");
    auto session = database->Connect().value();
    if (auto made = session->QueryTable({}, sql); !made.ok()) {
      fmt::print(stderr, "{}\n", made.status().ToString());
    }
    auto entry =
        sql::ReadSource({}, *database, {.name = "texts", .patterns = {folder / "texts.parquet"}});
    (void)catalog->AddSource(*entry);
  }
};

int64_t MemoryBytesMax() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

void Report(benchmark::State& state, const EmbedSummary& summary) {
  state.counters["rows/s"] = static_cast<double>(summary.rows) / summary.seconds;
  state.counters["tokens/s"] = static_cast<double>(summary.tokens) / summary.seconds;
  state.counters["outside_model_%"] = 100 * summary.seconds_outside_model / summary.seconds;
  state.counters["memory_mb_max"] = static_cast<double>(MemoryBytesMax()) / (1 << 20);
}

// all-MiniLM-L6-v2 from Parquet to a sealed table: rows, words a text, bf16.
void BM_EmbedMiniLm(benchmark::State& state) {
  for (auto _ : state) {
    Bench bench;
    bench.AddSource(state.range(0), state.range(1));
    auto models = models::ModelStore::Open({.folder = bench.folder / "db/models",
                                            .offline = true,
                                            .runtime = program::OpenVinoRuntime().value(),
                                            .executor = bench.executor.get()})
                      .value();
    EmbedRequest request{.source = "texts",
                         .model = IOLITE_DEPS_DIR "/models/all-MiniLM-L6-v2",
                         .columns = {"text"},
                         .key = "id",
                         .precision = state.range(2) ? "bf16" : "f32"};
    auto summary = Embed({}, bench.Options(models.get()), request, nullptr);
    if (!summary.ok()) return state.SkipWithError(summary.status().ToString().c_str());
    Report(state, *summary);
  }
}
BENCHMARK(BM_EmbedMiniLm)
    ->ArgNames({"rows", "words", "bf16"})
    ->Args({1000, 200, 1})
    ->Args({5000, 16, 1})
    ->Args({1000, 200, 0})
    ->Args({5000, 16, 0})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// What the pipeline itself costs: a model that takes no time.
void BM_EmbedFake(benchmark::State& state) {
  for (auto _ : state) {
    Bench bench;
    bench.AddSource(state.range(0), 8);
    testing::FakeModelStore models;
    models.models["M"] = {};
    EmbedRequest request{.source = "texts", .model = "M", .columns = {"text"}, .key = "id"};
    auto first = Embed({}, bench.Options(&models), request, nullptr);
    if (!first.ok()) return state.SkipWithError(first.status().ToString().c_str());
    auto again = Embed({}, bench.Options(&models), request, nullptr);
    Report(state, *first);
    state.counters["again_s"] = again->seconds;
  }
}
BENCHMARK(BM_EmbedFake)->Arg(1000)->Arg(100'000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace iolite::pipelines
