#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "iolite/models/tokenizer.h"

namespace iolite::models {
namespace {

/// Lines of IOLITE_BENCH_TEXT, tokenized by the model in IOLITE_BENCH_MODEL, on one thread.
void EncodeBatch(benchmark::State& state) {
  const char* model = std::getenv("IOLITE_BENCH_MODEL");
  const char* path = std::getenv("IOLITE_BENCH_TEXT");
  if (!model || !path) {
    state.SkipWithError("set IOLITE_BENCH_MODEL to a folder and IOLITE_BENCH_TEXT to a text file");
    return;
  }
  auto tokenizer = Tokenizer::OpenFolder(model, {.token_count_max = 256});
  if (!tokenizer.ok()) {
    state.SkipWithError(tokenizer.status().message().c_str());
    return;
  }
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  const std::vector<std::string_view> texts(lines.begin(), lines.end());
  Encodings out;
  int64_t token_count = 0;
  for (auto _ : state) {
    if (!(*tokenizer)->EncodeBatch({}, texts, &out).ok()) state.SkipWithError("EncodeBatch failed");
    token_count += static_cast<int64_t>(out.ids.size());
  }
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(token_count), benchmark::Counter::kIsRate);
}
BENCHMARK(EncodeBatch)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace iolite::models
