#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "iolite/storage/local_store.h"
#include "iolite/text/index.h"
#include "iolite/text/index_builder.h"

// Our half of `./dev bench text`: builds an index of the lines of a file and answers the queries of
// another, in the same process as nothing else. Prints one JSON object.

namespace {

using iolite::Executor;
using iolite::RequestContext;
using iolite::text::TextHit;
using iolite::text::TextIndex;
using iolite::text::TextIndexBuilder;
using iolite::text::TextQuery;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::vector<std::string> ReadLines(const std::string& path) {
  std::vector<std::string> lines;
  std::string line;
  for (std::ifstream file(path); std::getline(file, line);) lines.push_back(line);
  return lines;
}

[[noreturn]] void Fail(const iolite::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

// The index in a folder, as a segment would keep it; returns the seconds it took.
double Build(const std::vector<std::string>& texts, size_t repeat, const std::string& analyzer,
             iolite::storage::ObjectStore& store, Executor* executor) {
  iolite::text::TextIndexBuildOptions options;
  options.analyzer = iolite::text::ParseAnalyzer(analyzer).value();
  options.fields = {{"text"}};
  options.executor = executor;
  options.spill = {&store, "index"};
  (void)store.Delete("index");
  const auto start = Clock::now();
  auto builder = TextIndexBuilder::Make(options).value();
  std::vector<std::string_view> batch;
  for (size_t i = 0; i < repeat; ++i) {
    batch.push_back(texts[i % texts.size()]);
    if (batch.size() < 16384 && i + 1 < repeat) continue;
    if (auto status = builder->Add(RequestContext{}, batch); !status.ok()) Fail(status);
    batch.clear();
  }
  auto writer = store.Write("index").value();
  auto status = builder->Finish(RequestContext{},
                                [&](std::string_view bytes) { return writer->Append(bytes); });
  if (!status.ok()) Fail(status);
  if (auto sealed = writer->Seal(); !sealed.ok()) Fail(sealed.status());
  return SecondsSince(start);
}

struct Speeds {
  double seconds = 0;
  double sum = 0;  // of the best scores, so that nothing is optimised away
};

Speeds Ask(const TextIndex& index, const std::vector<std::string>& queries, Executor& executor,
           bool exhaustive) {
  Speeds speeds;
  const auto start = Clock::now();
  std::vector<double> best(queries.size());
  auto status = executor.ParallelFor(RequestContext{}, queries.size(), [&](size_t i) {
    const TextQuery query = TextQuery::Parse(queries[i]).value();
    TextHit hits[10];
    auto found =
        index.Search(RequestContext{}, {.query = &query, .k = 10, .exhaustive = exhaustive}, hits);
    if (!found.ok()) return found.status();
    best[i] = *found > 0 ? hits[0].score : 0;
    return iolite::Status::Ok();
  });
  if (!status.ok()) Fail(status);
  speeds.seconds = SecondsSince(start);
  for (const double score : best) speeds.sum += score;
  return speeds;
}

}  // namespace

// texts queries folder repeat threads rounds analyzer
int main(int argc, char** argv) {
  if (argc != 8) {
    std::fprintf(stderr, "iolite_text_peers TEXTS QUERIES FOLDER ROWS THREADS ROUNDS ANALYZER\n");
    return 2;
  }
  const auto texts = ReadLines(argv[1]), queries = ReadLines(argv[2]);
  const size_t rows = std::stoul(argv[4]), threads = std::stoul(argv[5]);
  const int rounds = std::stoi(argv[6]);
  auto store = iolite::storage::OpenLocalStore({.root = argv[3]}).value();
  auto executor = Executor::Threads(threads);
  const double build = Build(texts, rows, argv[7], *store, threads > 1 ? executor.get() : nullptr);
  const auto open_start = Clock::now();
  auto object = store->Map("index").value();
  auto opened = TextIndex::Open(object->bytes(), {.keep_alive = object});
  if (!opened.ok()) Fail(opened.status());
  const double open = SecondsSince(open_start);
  Executor& asking = threads > 1 ? *executor : Executor::Inline();
  Ask(**opened, queries, asking, false);
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    best = std::min(best, Ask(**opened, queries, asking, false).seconds);
  }
  const double all = Ask(**opened, queries, asking, true).seconds;
  std::printf(
      "{\"build_s\": %.3f, \"open_ms\": %.3f, \"bytes\": %zu, \"query_us\": %.2f, "
      "\"exhaustive_us\": %.2f}\n",
      build, open * 1e3, object->bytes().size(), best * 1e6 / static_cast<double>(queries.size()),
      all * 1e6 / static_cast<double>(queries.size()));
  return 0;
}
