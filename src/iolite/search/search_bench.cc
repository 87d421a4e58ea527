// Searches through every layer against the index alone, in one process: what the layers cost.
//
//     iolite_search_bench [FOLDER]     keeps its table in FOLDER and uses it again

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "iolite/base/random.h"
#include "iolite/results/result_table.h"
#include "iolite/search/search.h"
#include "iolite/segments/testing/sample_rows.h"
#include "iolite/sql/source.h"
#include "iolite/storage/local_store.h"
#include "iolite/vector/testing/random_vectors.h"

namespace iolite::search {
namespace {

constexpr size_t kRows = 117'659;
constexpr size_t kDimension = 384;
constexpr size_t kQueries = 400;
constexpr size_t kTop = 10;
constexpr const char* kTable = "glosses__bench";

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{}\n", result.status().ToString());
    std::exit(1);
  }
  return std::move(result).value();
}

void Must(const Status& status) {
  if (status.ok()) return;
  fmt::print(stderr, "{}\n", status.ToString());
  std::exit(1);
}

double Milliseconds(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

double Median(std::vector<double> times) {
  std::ranges::nth_element(times, times.begin() + static_cast<ptrdiff_t>(times.size() / 2));
  return times[times.size() / 2];
}

/// A database as a process opens it.
struct OpenDatabase {
  explicit OpenDatabase(const std::string& folder, Executor& executor)
      : store(Must(storage::OpenLocalStore({.root = folder}))),
        results(Must(results::ResultStore::Open({.store = store.get(), .executor = &executor}))),
        catalog(Must(catalog::Catalog::Open({.path = folder + "/catalog.sqlite"}))),
        database(Must(sql::Database::Open({.thread_count = 1}))) {
    SearcherOptions options;
    options.catalog = catalog.get();
    options.results = results.get();
    options.database = database.get();
    options.executor = &executor;
    searcher = Must(Searcher::Make(std::move(options)));
  }
  std::unique_ptr<storage::ObjectStore> store;
  std::unique_ptr<results::ResultStore> results;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<Searcher> searcher;
};

/// Rows 0 to kRows, then the queries: of one distribution.
std::vector<float> Vectors() {
  return vector::testing::EmbeddingRows(7, kRows + kQueries, kDimension);
}

void MakeTable(const std::string& folder) {
  const auto executor = Executor::Threads();
  OpenDatabase open(folder, *executor);
  if (open.catalog->GetTable(kTable).ok()) return;
  const auto session = Must(open.database->Connect());
  const std::string file = folder + "/glosses.parquet";
  Must(session->QueryTable(
      {},
      fmt::format(
          "COPY (SELECT i AS id, 'synset ' || i AS word, hash(i) % 1000000 / 10000.0 AS pct, "
          "1900 + i % 120 AS year, md5(i::VARCHAR) || ' ' || md5((i + 1)::VARCHAR) AS gloss, "
          "i % 45 AS file_number FROM range({}) t(i)) TO {} (FORMAT parquet, ROW_GROUP_SIZE 65536)",
          kRows, sql::QuoteLiteral(file))));
  const catalog::SourceEntry source =
      Must(sql::ReadSource({}, *open.database, {"glosses", {file}, ""}));
  Must(open.catalog->AddSource(source));

  const std::vector<float> vectors = Vectors();
  auto run = Must(open.results->StartRun(kTable, "bench"));
  constexpr size_t kPart = 16'384;
  for (size_t begin = 0; begin < kRows; begin += kPart) {
    const size_t end = std::min(kRows, begin + kPart);
    segments::testing::SampleRows rows;
    rows.dimension = kDimension;
    for (size_t row = begin; row < end; ++row) {
      rows.row_ids.push_back(fmt::format("{}", row));
      rows.content_hashes.push_back("h");
    }
    rows.vectors.assign(vectors.begin() + static_cast<ptrdiff_t>(begin * kDimension),
                        vectors.begin() + static_cast<ptrdiff_t>(end * kDimension));
    Must(run->AppendPart({}, *rows.PartBatch()));
  }
  results::Materialization made;
  made.table = kTable;
  made.source = "glosses";
  made.task = "embedding";
  made.key_column = "id";
  made.metric = "cosine";
  made.dimension = kDimension;
  made.definition_hash = "bench";
  for (const auto& anchor : source.files) {
    made.inputs.push_back({anchor.path, anchor.size_bytes, anchor.modified_us, anchor.etag});
  }
  const double built = Milliseconds([&] { Must(run->Commit({}, made, nullptr)); });
  fmt::print("table of {} x {} sealed in {:.1f} s\n", kRows, kDimension, built / 1000);
  Must(open.catalog->PutTable({.name = made.table,
                               .source = made.source,
                               .task = made.task,
                               .key_column = made.key_column,
                               .metric = made.metric,
                               .dimension = made.dimension}));
}

class Bench {
 public:
  explicit Bench(const std::string& folder)
      : folder_(folder), open_(folder, Executor::Inline()), vectors_(Vectors()) {
    snapshot_ = Must(open_.results->Get(kTable));
    index_ = Must(snapshot_->parts.at(0).segment->index());
  }

  void Run() {
    fmt::print("{} {}, k = {}, one thread, query vectors given; times in ms\n", index_->kind(),
               vector::ElementTypeName(index_->element_type()), kTop);
    Warm();
    Layers();
    for (const double percent : {50.0, 10.0, 1.0, 0.1, 0.01}) Filtered(percent);
    Batches();
    First();
  }

 private:
  std::vector<float> QueryVector(size_t i) const {
    const auto begin =
        vectors_.begin() + static_cast<ptrdiff_t>((kRows + i % kQueries) * kDimension);
    return {begin, begin + static_cast<ptrdiff_t>(kDimension)};
  }
  SearchRequest Request(size_t i, bool rows, const std::string& where = "") const {
    SearchRequest request;
    request.source = "glosses";
    request.query.vector = QueryVector(i);
    request.k = kTop;
    request.fetch_rows = rows;
    request.where = where;
    return request;
  }
  double IndexAlone(size_t i) {
    const std::vector<float> query = QueryVector(i);
    std::vector<vector::Neighbor> out(kTop);
    return Milliseconds([&] { Must(index_->Search({}, {.query = query, .k = kTop}, out)); });
  }
  double Search(const SearchRequest& request) {
    return Milliseconds([&] { Must(open_.searcher->Search({}, request)); });
  }
  void Warm() {
    for (size_t i = 0; i < kQueries; ++i) {
      IndexAlone(i);
      Search(Request(i, true));
    }
  }

  void Layers() {
    std::vector<double> alone, ids, rows;
    // In turns, so that the machine's mood hits all alike, and never twice in a row with one query,
    // whose rows would be warm.
    for (size_t i = 0; i < 3 * kQueries; ++i) {
      alone.push_back(IndexAlone(i));
      ids.push_back(Search(Request(i + kQueries / 3, false)));
      rows.push_back(Search(Request(i + 2 * kQueries / 3, true)));
    }
    unfiltered_ = Median(ids);
    fmt::print("index alone                p50 {:.3f}\n", Median(alone));
    fmt::print("ids and scores             p50 {:.3f}   {:.2f} times the index\n", unfiltered_,
               unfiltered_ / Median(alone));
    fmt::print("ids, scores, ten rows      p50 {:.3f}   {:.3f} more\n", Median(rows),
               Median(rows) - unfiltered_);
  }

  void Filtered(double percent) {
    const std::string where = fmt::format("pct < {}", percent);
    std::vector<double> warm, cold, unfiltered;
    double found = 0, wanted = 0;
    bool complete = true;
    for (size_t i = 0; i < kQueries; ++i) {
      const SearchRequest request = Request(i, false, where);
      SearchRequest exact = request;
      exact.exact = true;
      const SearchResponse truth = Must(open_.searcher->Search({}, exact));
      const SearchResponse answer = Must(open_.searcher->Search({}, request));
      complete = complete && answer.hits.size() == truth.hits.size();
      wanted += static_cast<double>(truth.hits.size());
      for (const Hit& hit : truth.hits) {
        found += std::ranges::count(answer.hits, hit.id, &Hit::id) > 0 ? 1 : 0;
      }
    }
    for (size_t i = 0; i < 2 * kQueries; ++i) {
      unfiltered.push_back(Search(Request(i + kQueries / 2, false)));
      warm.push_back(Search(Request(i, false, where)));
    }
    for (size_t i = 0; i < 40; ++i) {
      cold.push_back(
          Search(Request(i, false, fmt::format("pct < {} + 0.0 * {}", percent, ++conditions_))));
    }
    fmt::print(
        "filter passes {:>5} %       p50 {:.3f}   {:.2f} times unfiltered, recall@10 {:.4f}, {}; "
        "new "
        "condition {:.3f}\n",
        percent, Median(warm), Median(warm) / Median(unfiltered), found / wanted,
        complete ? "all places filled" : "PLACES LEFT EMPTY", Median(cold));
  }

  void Batches() {
    std::vector<Query> queries(kQueries);
    for (size_t i = 0; i < kQueries; ++i) queries[i].vector = QueryVector(i);
    SearchRequest settings = Request(0, false);
    const double graph =
        Milliseconds([&] { Must(open_.searcher->SearchBatch({}, settings, queries, 1)); });
    settings.exact = true;
    const double exact =
        Milliseconds([&] { Must(open_.searcher->SearchBatch({}, settings, queries, 1)); });
    settings = Request(0, true);
    const double rows =
        Milliseconds([&] { Must(open_.searcher->SearchBatch({}, settings, queries, 1)); });
    fmt::print("batch of {}               {:.0f} queries/s; exact {:.0f}; with rows {:.0f}\n",
               kQueries, kQueries / graph * 1000, kQueries / exact * 1000, kQueries / rows * 1000);
  }

  void First() {
    std::vector<double> opened, ids, rows, filtered;
    for (size_t i = 0; i < 7; ++i) {
      std::unique_ptr<OpenDatabase> fresh;
      const auto open = [&] {
        fresh = std::make_unique<OpenDatabase>(folder_, Executor::Inline());
      };
      const auto search = [&](const SearchRequest& request) {
        open();
        return Milliseconds([&] { Must(fresh->searcher->Search({}, request)); });
      };
      opened.push_back(Milliseconds(open));
      ids.push_back(search(Request(i, false)));
      rows.push_back(search(Request(i, true)));
      filtered.push_back(search(Request(i, true, "pct < 1")));
    }
    fmt::print(
        "first search after opening p50 {:.1f}; with rows {:.1f}; with filter and rows {:.1f} "
        "(opening {:.1f})\n",
        Median(ids), Median(rows), Median(filtered), Median(opened));
  }

  const std::string folder_;
  OpenDatabase open_;
  const std::vector<float> vectors_;
  std::shared_ptr<const results::Snapshot> snapshot_;
  std::shared_ptr<const vector::VectorIndex> index_;
  double unfiltered_ = 0;
  int conditions_ = 0;
};

}  // namespace
}  // namespace iolite::search

int main(int argument_count, char** arguments) {
  namespace fs = std::filesystem;
  const bool keep = argument_count > 1;
  const std::string folder = keep ? std::string(arguments[1])
                                  : (fs::temp_directory_path() /
                                     ("iolite-search-bench-" + iolite::Random::System().NextHex(8)))
                                        .string();
  fs::create_directories(folder);
  iolite::search::MakeTable(folder);
  iolite::search::Bench(folder).Run();
  if (!keep) fs::remove_all(folder);
  return 0;
}
