#include <arrow/api.h>
#include <benchmark/benchmark.h>

#include <filesystem>

#include "iolite/sql/database.h"

namespace iolite::sql {
namespace {

void OpenAndClose(benchmark::State& state) {
  const auto path = std::filesystem::temp_directory_path() / "iolite_sql_bench.duckdb";
  std::filesystem::remove(path);
  for (auto _ : state) {
    auto database = Database::Open({.path = state.range(0) ? path.string() : ""});
    state.PauseTiming();
    database = Internal("closed");
    state.ResumeTiming();
  }
  std::filesystem::remove(path);
}
BENCHMARK(OpenAndClose)->ArgName("file")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void SmallQuery(benchmark::State& state) {
  auto database = std::move(Database::Open({})).value();
  auto session = std::move(database->Connect()).value();
  for (auto _ : state) {
    benchmark::DoNotOptimize(session->QueryTable({}, "SELECT 42"));
  }
}
BENCHMARK(SmallQuery)->Unit(benchmark::kMicrosecond);

void ConnectAndClose(benchmark::State& state) {
  auto database = std::move(Database::Open({})).value();
  for (auto _ : state) benchmark::DoNotOptimize(database->Connect());
}
BENCHMARK(ConnectAndClose)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace iolite::sql
