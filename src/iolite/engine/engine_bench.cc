// Measures searching and opening through the public interface against the bare index, in one
// process and one thread, and prints one JSON object. `./dev bench search` and `./dev bench open`
// prepare the databases.
//
//     iolite_engine_bench search DATABASE SOURCE
//     iolite_engine_bench open DATABASE

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <set>

#include "iolite/base/clock.h"
#include "iolite/base/executor.h"
#include "iolite/base/random.h"
#include "iolite/engine.h"
#include "iolite/results/result_table.h"
#include "iolite/storage/local_store.h"

namespace iolite::engine {
namespace {

constexpr int kQueryCount = 500;
constexpr size_t kHits = 10;

void Require(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

template <typename T>
T Take(Result<T> result) {
  Require(result.status());
  return std::move(result).value();
}

// Median time of `call(i)` in milliseconds, after one round that warms everything it touches.
double MedianMs(int count, const std::function<void(int)>& call) {
  std::vector<double> times;
  for (int round = 0; round < 2; ++round) {
    times.clear();
    for (int i = 0; i < count; ++i) {
      int64_t start_ns = Clock::System().monotonic_ns();
      call(i);
      times.push_back(static_cast<double>(Clock::System().monotonic_ns() - start_ns) * 1e-6);
    }
  }
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return times[times.size() / 2];
}

double OnceMs(const std::function<void()>& call) {
  int64_t start_ns = Clock::System().monotonic_ns();
  call();
  return static_cast<double>(Clock::System().monotonic_ns() - start_ns) * 1e-6;
}

struct Table {
  std::unique_ptr<Executor> executor;
  std::unique_ptr<storage::ObjectStore> store;
  std::unique_ptr<results::ResultStore> results;
  std::shared_ptr<const results::Snapshot> snapshot;
  std::shared_ptr<const vector::VectorIndex> index;
};

Table OpenTable(const std::string& database, const std::string& name) {
  Table table;
  table.executor = Executor::Threads(1);
  table.store = Take(storage::OpenLocalStore({.root = database, .read_only = true}));
  table.results = Take(results::ResultStore::Open(
      {.store = table.store.get(), .executor = table.executor.get(), .read_only = true}));
  table.snapshot = Take(table.results->Get(name));
  table.index = Take(table.snapshot->parts.at(0).segment->index());
  return table;
}

// Queries near the data but not of it: a row's vector with noise added, normalised.
std::vector<std::vector<float>> MakeQueries(const Table& table, Random& random) {
  const auto& segment = *table.snapshot->parts[0].segment;
  std::vector<std::vector<float>> queries(kQueryCount);
  for (auto& query : queries) {
    query.resize(table.index->dimension());
    Require(
        segment.ReadVector(static_cast<uint32_t>(random.NextBelow(segment.row_count())), query));
    double length = 0;
    for (auto& value : query) {
      value += static_cast<float>((random.NextUnit() - 0.5) * 0.06);
      length += static_cast<double>(value) * value;
    }
    for (auto& value : query) value = static_cast<float>(value / std::sqrt(length));
  }
  return queries;
}

std::set<std::string> Ids(const SearchResult& result) {
  std::set<std::string> ids;
  for (const auto& hit : result.hits) ids.insert(hit.id);
  return ids;
}

double Recall(Engine& engine, SearchOptions options, const std::vector<std::vector<float>>& queries,
              int64_t* fewest) {
  double found = 0, wanted = 0;
  for (size_t i = 0; i < 200; ++i) {
    options.query = {.vector = queries[i]};
    options.exact = false;
    auto got = Take(engine.Search(options));
    options.exact = true;
    auto truth = Ids(Take(engine.Search(options)));
    *fewest = std::min(*fewest,
                       static_cast<int64_t>(got.hits.size()) - static_cast<int64_t>(truth.size()));
    for (const auto& id : Ids(got)) found += truth.contains(id);
    wanted += static_cast<double>(truth.size());
  }
  return wanted > 0 ? found / wanted : 1;
}

// The first search of a database that was just opened, with the columns of ten rows; the median of
// several openings.
double FirstRowsMs(const std::string& database, SearchOptions options) {
  options.fetch_rows = true;
  std::vector<double> times;
  for (int i = 0; i < 9; ++i) {
    auto engine = Take(Engine::Open(
        {.path = database, .access = Access::kReadOnly, .sql_tables_read_only = true}));
    times.push_back(OnceMs([&] { Take(engine->Search(options)); }));
  }
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return times[times.size() / 2];
}

void BenchSearch(const std::string& database, const std::string& source) {
  auto random = Random::Seeded(7);
  std::unique_ptr<Engine> engine;
  double open_ms = OnceMs(
      [&] { engine = Take(Engine::Open({.path = database, .sql_tables_read_only = true})); });
  std::string name = Take(engine->DescribeTable(source)).name;
  Table table = OpenTable(database, name);
  auto queries = MakeQueries(table, *random);

  SearchOptions ids_only{
      .source = source, .query = {.vector = queries[0]}, .k = kHits, .fetch_rows = false};
  double first_ms = OnceMs([&] { Take(engine->Search(ids_only)); });
  double first_rows_ms = FirstRowsMs(database, ids_only);
  std::vector<vector::Neighbor> out(kHits);
  double bare_ms = MedianMs(kQueryCount, [&](int i) {
    Take(table.index->Search({}, {.query = queries[i], .k = kHits}, out));
  });
  auto search = [&](SearchOptions options) {
    return MedianMs(kQueryCount, [&, options](int i) mutable {
      options.query = {.vector = queries[i]};
      Take(engine->Search(options));
    });
  };
  double ids_ms = search(ids_only);
  SearchOptions with_rows = ids_only;
  with_rows.fetch_rows = true;
  double rows_ms = search(with_rows);
  int64_t fewest = 0;
  double recall = Recall(*engine, ids_only, queries, &fewest);
  std::printf(
      "{\"rows\": %ld, \"dimension\": %d, \"open_ms\": %.3f, \"first_ms\": %.3f, "
      "\"first_rows_ms\": %.3f, "
      "\"bare_ms\": "
      "%.4f, "
      "\"ids_ms\": %.4f, \"rows_ms\": %.4f, \"recall\": %.4f, \"filters\": [",
      static_cast<long>(table.index->row_count()), table.index->dimension(), open_ms, first_ms,
      first_rows_ms, bare_ms, ids_ms, rows_ms, recall);
  const double shares[] = {0.5, 0.1, 0.01, 0.001, 0.0001};
  for (double share : shares) {
    SearchOptions filtered = ids_only;
    filtered.where = "hash(id) % 1000000 < " + std::to_string(static_cast<int>(share * 1e6));
    double cold_ms = OnceMs([&] { Take(engine->Search(filtered)); });
    double warm_ms = search(filtered);
    fewest = 0;
    double filtered_recall = Recall(*engine, filtered, queries, &fewest);
    std::printf(
        "%s{\"share\": %g, \"cold_ms\": %.3f, \"warm_ms\": %.4f, \"recall\": %.4f, \"missing\": "
        "%ld}",
        share == shares[0] ? "" : ", ", share, cold_ms, warm_ms, filtered_recall,
        static_cast<long>(-fewest));
  }
  std::printf("]}\n");
}

void BenchOpen(const std::string& database) {
  double open_ms = MedianMs(20, [&](int) { Take(Engine::Open({.path = database})); });
  auto engine = Take(Engine::Open({.path = database}));
  std::printf("{\"tables\": %zu, \"open_ms\": %.3f}\n", Take(engine->ListTables()).size(), open_ms);
}

}  // namespace
}  // namespace iolite::engine

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "search") == 0) {
    iolite::engine::BenchSearch(argv[2], argv[3]);
  } else if (argc == 3 && std::strcmp(argv[1], "open") == 0) {
    iolite::engine::BenchOpen(argv[2]);
  } else {
    std::fprintf(stderr, "usage: iolite_engine_bench search DATABASE SOURCE | open DATABASE\n");
    return 2;
  }
  return 0;
}
