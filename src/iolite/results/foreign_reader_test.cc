#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "iolite/results/result_table.h"
#include "iolite/results/testing/table_fixture.h"
#include "iolite/storage/local_store.h"
#include "iolite/storage/testing/temporary_folder.h"

// A table's files are a contract with other people's libraries: pyarrow, polars and usearch open
// it.

namespace iolite::results {
namespace {

constexpr uint64_t kSeed = 31;
constexpr size_t kNeighbors = 10;

std::string Python() {
  if (const char* named = std::getenv("IOLITE_PYTHON")) return named;
  std::string installed = IOLITE_DEPS_DIR "/python/bin/python";
  return std::filesystem::exists(installed) ? installed : "python3";
}

// What a command prints, and its exit status.
std::pair<std::string, int> RunCommand(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe) return {"popen failed", -1};
  std::string output;
  char buffer[512];
  while (size_t size = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, size);
  int status = pclose(pipe);
  return {output, WIFEXITED(status) ? WEXITSTATUS(status) : -1};
}

std::vector<std::string> ExactNeighbors(const segments::Segment& segment,
                                        const std::vector<float>& query) {
  auto index = segment.index().value();
  std::vector<vector::Neighbor> found(kNeighbors);
  auto count =
      index->Search(RequestContext(), {.query = query, .k = kNeighbors, .exact = true}, found);
  std::vector<std::string> row_ids;
  for (size_t i = 0; i < count.value(); ++i) {
    row_ids.emplace_back(segment.row_id(found[i].row).value());
  }
  return row_ids;
}

TEST(ForeignReaderTest, OtherLibrariesOpenATableAndFindTheSameNeighbours) {
  RecordProperty("seed", std::to_string(kSeed));
  storage::testing::TemporaryFolder folder;
  auto executor = Executor::Threads(2);
  auto store = storage::OpenLocalStore({.root = folder.path()}).value();
  ResultStoreOptions options{.store = store.get(), .executor = executor.get()};
  options.index.index_kind = "usearch";
  auto results = ResultStore::Open(options).value();
  auto random = Random::Seeded(kSeed);
  auto rows = segments::testing::MakeSampleRows(*random, 3000, 24);
  rows.row_ids[1] = "ключ / 鍵 \"'";
  ASSERT_TRUE(testing::CommitRows(*results, "T", rows).ok());

  auto snapshot = results->Get("T").value();
  nlohmann::json expected{{"dimension", 24}, {"row_ids", rows.row_ids}};
  for (const auto& query : {rows.vector(1), rows.vector(77), std::vector<float>(24, 0.5f)}) {
    expected["queries"].push_back(query);
    expected["neighbours"].push_back(ExactNeighbors(*snapshot->parts[0].segment, query));
  }
  std::ofstream(folder / "results/expected.json") << expected.dump();
  auto [output, status] = RunCommand(
      Python() + " " IOLITE_SOURCE_DIR "/tests/compat/foreign_readers.py " + (folder / "results"));
  if (status == 77) GTEST_SKIP() << output;
  EXPECT_EQ(status, 0) << output;
}

}  // namespace
}  // namespace iolite::results
