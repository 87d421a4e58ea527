#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "iolite/models/transformer_embedder.h"

/// Tokens per second of the model in IOLITE_BENCH_MODEL over the lines of IOLITE_BENCH_TEXT, all
/// cores at work. IOLITE_BENCH_BATCH_TOKENS sets the padded tokens of a batch.

namespace iolite::models {
namespace {

const char* Setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::string> ReadLines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

void Embed(benchmark::State& state, program::Precision precision) {
  const std::vector<std::string> lines = ReadLines(Setting("IOLITE_BENCH_TEXT"));
  auto embedder = OpenTransformerEmbedder(
      Setting("IOLITE_BENCH_MODEL"),
      {.precision = precision,
       .batch_token_count_max = std::atoi(Setting("IOLITE_BENCH_BATCH_TOKENS"))});
  if (!embedder.ok() || lines.empty()) {
    state.SkipWithError("set IOLITE_BENCH_MODEL to a folder and IOLITE_BENCH_TEXT to a text file");
    return;
  }
  const std::vector<std::string_view> texts(lines.begin(), lines.end());
  std::vector<float> vectors(texts.size() * static_cast<size_t>((*embedder)->info().dimension));
  int64_t token_count = 0;
  for (auto _ : state) {
    const auto tokenized = (*embedder)->Tokenize({}, texts, TextRole::kDocument);
    if (!tokenized.ok() || !(*embedder)->Run({}, **tokenized, vectors).ok()) {
      state.SkipWithError("embedding failed");
      return;
    }
    token_count += (*tokenized)->token_count();
  }
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(token_count), benchmark::Counter::kIsRate);
}

// The process's time, because the threads that compute are the runtime's.
BENCHMARK_CAPTURE(Embed, f32, program::Precision::kF32)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK_CAPTURE(Embed, bf16, program::Precision::kBF16)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

}  // namespace
}  // namespace iolite::models
