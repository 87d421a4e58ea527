// Runs queries through the engine and through DuckDB alone, in one process and with the same
// library, in turns, and prints one JSON object. `./dev bench sql` prepares the files.
//
//     iolite_sql_beside_duckdb DATABASE THREADS ROUNDS
//
// Both sides answer an Arrow stream that is read to its end. DuckDB alone is a connection that
// stays open, its own defaults and its own Arrow stream; the engine resolves the sources and
// connects anew for each query, as `Engine::Sql` does.

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <duckdb.hpp>
#include <duckdb/common/arrow/result_arrow_wrapper.hpp>

#include "iolite/engine.h"

namespace {

// As the engine's own.
constexpr duckdb::idx_t kDuckdbBatchRows = 8 * 1024;

// Left alone, the allocator gives freed memory back to the system by the largest piece that was
// ever freed: the side with the larger batches then pays for page faults that it spares the other.
constexpr int kKeepFreedBytes = 256 << 20;
constexpr int kMapBytesMin = 32 << 20;

struct Cost {
  double wall_ms = 0;
  double processor_ms = 0;
};

[[noreturn]] void Fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

double ProcessorMs() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& time) { return time.tv_sec * 1e3 + time.tv_usec * 1e-3; };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

template <typename Function>
Cost Measure(const Function& function) {
  const double processor_ms = ProcessorMs();
  const auto start = std::chrono::steady_clock::now();
  function();
  const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - start;
  return {wall.count(), ProcessorMs() - processor_ms};
}

int64_t CountRows(ArrowArrayStream& stream) {
  ArrowSchema schema{};
  if (stream.get_schema(&stream, &schema) != 0) Fail(stream.get_last_error(&stream));
  schema.release(&schema);
  for (int64_t rows = 0;;) {
    ArrowArray batch{};
    if (stream.get_next(&stream, &batch) != 0) Fail(stream.get_last_error(&stream));
    if (batch.release == nullptr) return rows;
    rows += batch.length;
    batch.release(&batch);
  }
}

int64_t RunEngine(iolite::Engine& engine, const std::string& sql) {
  auto stream = engine.Sql(sql);
  if (!stream.ok()) Fail(stream.status().ToString());
  return CountRows(*stream->get());
}

int64_t RunDuckdb(duckdb::Connection& connection, const std::string& sql) {
  auto result = connection.SendQuery(sql);
  if (result->HasError()) Fail(result->GetError());
  // The wrapper deletes itself when its stream is released.
  auto* wrapper = new duckdb::ResultArrowArrayStreamWrapper(std::move(result), kDuckdbBatchRows);
  ArrowArrayStream stream = wrapper->stream;
  const int64_t rows = CountRows(stream);
  stream.release(&stream);
  return rows;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

template <typename Of>
double MedianOf(const std::vector<Cost>& costs, const Of& of) {
  std::vector<double> values;
  for (const Cost& cost : costs) values.push_back(of(cost));
  return Median(std::move(values));
}

struct Query {
  const char* name;
  std::string sql;
};

std::vector<Query> Queries() {
  return {{"scan", "SELECT * FROM sales"},
          {"aggregate",
           "SELECT category, count(*), sum(price * amount), max(sold) FROM sales "
           "WHERE amount > 3 AND sold >= DATE '2021-01-01' GROUP BY category ORDER BY category"},
          {"join",
           "SELECT p.region, count(*), avg(s.price) FROM sales s JOIN products p ON s.product = "
           "p.id WHERE p.weight > 10 GROUP BY p.region ORDER BY p.region"}};
}

// The engine's names as views, so that both sides read the same SQL.
void AddViews(iolite::Engine& engine, duckdb::Connection& connection) {
  auto sources = engine.ListSources();
  if (!sources.ok()) Fail(sources.status().ToString());
  for (const auto& source : *sources) {
    auto made = connection.Query("CREATE VIEW " + source.name + " AS SELECT * FROM read_parquet('" +
                                 source.paths.at(0) + "')");
    if (made->HasError()) Fail(made->GetError());
  }
}

void Compare(iolite::Engine& engine, duckdb::Connection& connection, const Query& query,
             int rounds) {
  const int64_t rows = RunDuckdb(connection, query.sql);
  if (RunEngine(engine, query.sql) != rows) Fail("the two sides do not give as many rows");
  std::vector<Cost> engine_costs, duckdb_costs;
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    const auto run_engine = [&] { RunEngine(engine, query.sql); };
    const auto run_duckdb = [&] { RunDuckdb(connection, query.sql); };
    // Who goes first changes, so that neither profits from what the other left warm.
    if (round % 2 == 0) engine_costs.push_back(Measure(run_engine));
    duckdb_costs.push_back(Measure(run_duckdb));
    if (round % 2 == 1) engine_costs.push_back(Measure(run_engine));
    ratios.push_back(engine_costs.back().wall_ms / duckdb_costs.back().wall_ms);
  }
  const auto wall = [](const Cost& cost) { return cost.wall_ms; };
  const auto processor = [](const Cost& cost) { return cost.processor_ms; };
  std::printf(
      "{\"name\": \"%s\", \"rows\": %lld, \"engine_ms\": %.3f, \"duckdb_ms\": %.3f, \"ratio\": "
      "%.4f, \"processor_ratio\": %.4f}",
      query.name, static_cast<long long>(rows), MedianOf(engine_costs, wall),
      MedianOf(duckdb_costs, wall), Median(ratios),
      MedianOf(engine_costs, processor) / MedianOf(duckdb_costs, processor));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: iolite_sql_beside_duckdb DATABASE THREADS ROUNDS\n");
    return 2;
  }
  mallopt(M_TRIM_THRESHOLD, kKeepFreedBytes);
  mallopt(M_MMAP_THRESHOLD, kMapBytesMin);
  auto engine = iolite::Engine::Open({.path = argv[1], .settings = {{"threads.count", argv[2]}}});
  if (!engine.ok()) Fail(engine.status().ToString());
  duckdb::DBConfig config;
  config.options.maximum_threads = std::strtoull(argv[2], nullptr, 10);
  duckdb::DuckDB database(nullptr, &config);
  duckdb::Connection connection(database);
  AddViews(**engine, connection);
  std::printf("[");
  bool first = true;
  for (const Query& query : Queries()) {
    if (!first) std::printf(", ");
    first = false;
    Compare(**engine, connection, query, std::atoi(argv[3]));
  }
  std::printf("]\n");
  return 0;
}
