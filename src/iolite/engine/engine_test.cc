#include "iolite/engine.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <gmock/gmock.h>

#include <atomic>
#include <fstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "iolite/catalog/catalog.h"
#include "iolite/columnar/c_data.h"
#include "iolite/engine/testing/engine_fixture.h"

namespace iolite::engine {
namespace {

using ::testing::ElementsAre;
using testing::EngineTest;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

Result<std::shared_ptr<arrow::Table>> Rows(Result<ArrowStream> stream) {
  if (!stream.ok()) return stream.status();
  return columnar::ImportTable(stream->get());
}

int64_t Number(const Result<std::shared_ptr<arrow::Table>>& table) {
  EXPECT_TRUE(table.ok()) << table.status().ToString();
  if (!table.ok() || (*table)->num_rows() != 1) return -1;
  return std::stoll((*table)->column(0)->GetScalar(0).ValueOrDie()->ToString());
}

std::vector<std::string> Ids(const SearchResult& result) {
  std::vector<std::string> ids;
  for (const auto& hit : result.hits) ids.push_back(hit.id);
  return ids;
}

TEST_F(EngineTest, TheMainJobGivesRowsWithEvidence) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(AddThings().ok());
  EXPECT_EQ(Number(Rows(engine_->Sql("SELECT count(*) FROM things"))), 8);
  auto embedded = EmbedThings();
  ASSERT_TRUE(embedded.ok()) << embedded.status().ToString();
  EXPECT_EQ(embedded->embedded, 8);

  auto found =
      engine_->Search({.source = "things", .query = {.text = "birds that cannot fly"}, .k = 2});
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  EXPECT_THAT(Ids(*found), UnorderedElementsAre("penguin", "ostrich"));
  EXPECT_EQ(found->table, embedded->table);
  const auto& hit = found->hits[0];
  ASSERT_EQ(hit.retrieved_by.size(), 1u);
  EXPECT_EQ(hit.retrieved_by[0].channel, "vector");
  EXPECT_EQ(hit.retrieved_by[0].rank, 1);
  EXPECT_NEAR(hit.score, 1 - hit.distance, 1e-6);
  EXPECT_GE(hit.score, found->hits[1].score);
  auto rows = columnar::ImportTable(found->rows.get());
  ASSERT_TRUE(rows.ok());
  EXPECT_THAT((*rows)->ColumnNames(), ElementsAre("id", "text", "year"));
  EXPECT_EQ((*rows)->column(0)->GetScalar(0).ValueOrDie()->ToString(), hit.id);
  EXPECT_FALSE(found->steps.empty());
}

TEST_F(EngineTest, ARestartKeepsEverything) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(AddThings().ok());
  ASSERT_TRUE(EmbedThings().ok());
  ASSERT_TRUE(engine_->Sql("CREATE TABLE notes AS SELECT 7 AS n").ok());
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Number(Rows(engine_->Sql("SELECT n FROM notes"))), 7);
  auto found = engine_->Search({.source = "things", .query = {.text = "honey"}, .k = 1});
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  EXPECT_THAT(Ids(*found), ElementsAre("bee"));
}

TEST_F(EngineTest, ATableThatACrashKeptFromTheCatalogIsFoundAgain) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(AddThings().ok());
  auto embedded = EmbedThings();
  ASSERT_TRUE(embedded.ok());
  engine_.reset();
  {
    auto catalog = catalog::Catalog::Open({.path = Path("db/catalog.sqlite")});
    ASSERT_TRUE(catalog.ok());
    ASSERT_TRUE((*catalog)->RemoveTable(embedded->table).ok());
  }
  ASSERT_TRUE(Open().ok());
  auto found = engine_->Search({.source = "things", .query = {.text = "honey"}, .k = 1});
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  EXPECT_EQ(found->table, embedded->table);
}

TEST_F(EngineTest, ASecondWriterIsToldWhoHoldsTheDatabaseAndReadersAreNot) {
  ASSERT_TRUE(Open({.sql_tables_read_only = true}).ok());
  ASSERT_TRUE(AddThings().ok());
  auto second = Engine::Open({.path = Path("db")});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(second.status().message(), HasSubstr(std::to_string(getpid())));
  auto reader = Engine::Open({.path = Path("db"), .access = Access::kReadOnly});
  ASSERT_TRUE(reader.ok()) << reader.status().ToString();
  EXPECT_EQ((*reader)->ListSources()->size(), 1u);
  auto fallback = Engine::Open({.path = Path("db"), .access = Access::kReadWriteIfFree});
  ASSERT_TRUE(fallback.ok());
  EXPECT_TRUE((*fallback)->read_only());
  Status refused = (*fallback)->RemoveSource("things");
  EXPECT_THAT(refused.message(), HasSubstr(std::to_string(getpid())));
}

TEST_F(EngineTest, AReaderWritesNothing) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(AddThings().ok());
  ASSERT_TRUE(Open({.access = Access::kReadOnly}).ok());
  EXPECT_EQ(engine_->RemoveSource("things").code(), StatusCode::kPermissionDenied);
  EXPECT_FALSE(EmbedThings().ok());
  EXPECT_EQ(Number(Rows(engine_->Sql("SELECT count(*) FROM things"))), 8);
}

TEST_F(EngineTest, ReadingADatabaseThatIsNotThereMakesNone) {
  EXPECT_EQ(Open({.access = Access::kReadOnly}).code(), StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(Path("db")));
}

TEST_F(EngineTest, TransactionsBelongToASession) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(Rows(engine_->Sql("CREATE TABLE t (n INT)")).ok());
  auto session = engine_->Connect();
  ASSERT_TRUE(session.ok());
  ASSERT_TRUE(Rows((*session)->Query("BEGIN")).ok());
  ASSERT_TRUE(Rows((*session)->Query("INSERT INTO t VALUES (1), (2)")).ok());
  EXPECT_EQ(Number(Rows(engine_->Sql("SELECT count(*) FROM t"))), 0);
  EXPECT_EQ(Number(Rows((*session)->Query("SELECT count(*) FROM t"))), 2);
  ASSERT_TRUE(Rows((*session)->Query("ROLLBACK")).ok());
  EXPECT_EQ(Number(Rows((*session)->Query("SELECT count(*) FROM t"))), 0);
}

TEST_F(EngineTest, SearchesGoOnWhileTheTableIsMadeAnew) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(AddThings().ok());
  ASSERT_TRUE(EmbedThings().ok());
  std::atomic<bool> done = false;
  std::atomic<int> answered = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        auto found = engine_->Search({.source = "things", .query = {.text = "an insect"}, .k = 3});
        ASSERT_TRUE(found.ok()) << found.status().ToString();
        ASSERT_EQ(found->hits.size(), 3u);
        ++answered;
      }
    });
  }
  for (int round = 0; round < 3; ++round) {
    std::ofstream(Path("things.csv"), std::ios::app)
        << "new" << round << ",an insect of round " << round << ",2024\n";
    auto embedded = EmbedThings();
    ASSERT_TRUE(embedded.ok()) << embedded.status().ToString();
    EXPECT_EQ(embedded->embedded, 1);
  }
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_GT(answered, 0);
  auto all = engine_->Search({.source = "things", .query = {.text = "an insect"}, .k = 100});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->hits.size(), 11u);
}

TEST_F(EngineTest, ACancelledCallStops) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(AddThings().ok());
  ASSERT_TRUE(EmbedThings().ok());
  CallOptions call;
  call.cancel.Cancel();
  EXPECT_EQ(engine_->Search({.source = "things", .query = {.text = "sea"}}, call).status().code(),
            StatusCode::kCancelled);
  EXPECT_EQ(
      engine_->Embed({.source = "things", .model = Model(), .columns = {"text"}, .key = "id"}, call)
          .status()
          .code(),
      StatusCode::kCancelled);
}

TEST_F(EngineTest, TextsEmbedAsThePublishedModelDoes) {
  ASSERT_TRUE(OpenWith({{"models.precision", "f32"}}).ok());
  auto vectors = engine_->EmbedTexts(Model(), {"hello world"}, false);
  ASSERT_TRUE(vectors.ok()) << vectors.status().ToString();
  const float published[] = {-0.034478f, 0.03102f, 0.00673f, 0.02611f, -0.039362f};
  for (int i = 0; i < 5; ++i) EXPECT_NEAR((*vectors)[i], published[i], 1e-5) << i;
}

TEST_F(EngineTest, SqlSeesModelsAndIndexes) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(AddThings().ok());
  ASSERT_TRUE(EmbedThings().ok());
  EXPECT_EQ(Number(Rows(engine_->Sql("SELECT len(embed('" + Model() + "', 'a text'))"))), 384);
  auto joined = Rows(engine_->Sql(
      "SELECT count(*) FROM search('things', 'a bird', k := 3, \"where\" := 'year > 1995') s "
      "JOIN things t ON t.id = s._row_id WHERE t.year > 1995"));
  EXPECT_EQ(Number(joined), 3);
  auto itself = Rows(engine_->Sql(
      "SELECT count(*) FROM nearest('things', embed('" + Model() +
      "', 'an insect that makes honey'), 1) WHERE _row_id = 'bee' AND score > 0.9999"));
  EXPECT_EQ(Number(itself), 1);
  auto by_recall = Rows(engine_->Sql(
      "SELECT count(*) FROM search('things', 'a bird', k := 3, target_recall := 0.95)"));
  EXPECT_EQ(Number(by_recall), 3);
  auto both = engine_->Sql("SELECT * FROM search('things', 'a', ef := 9, target_recall := 0.9)");
  std::string message = both.status().message();
  if (both.ok()) {
    message = columnar::ImportTable(both->get()).status().message();
  }
  EXPECT_THAT(message, ::testing::HasSubstr("both given"));
}

TEST_F(EngineTest, SqlSearchesOfASourceThatIsGoneSaySo) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(AddThings().ok());
  ASSERT_TRUE(EmbedThings().ok());
  std::filesystem::remove(Path("things.csv"));
  auto gone = engine_->Sql("SELECT * FROM search('things', 'a bird')");
  EXPECT_THAT(gone.status().message(), ::testing::HasSubstr("gone"));
}

TEST_F(EngineTest, TheSqlFunctionsAreThoseOfTheSpecification) {
  ASSERT_TRUE(Open().ok());
  std::ifstream file(std::string(IOLITE_SOURCE_DIR) + "/spec/sql_functions.json");
  auto spec = nlohmann::json::parse(file);
  for (const auto& function : spec["functions"]) {
    std::string name = function["name"];
    size_t arguments = function["arguments"].size() + function["named"].size();
    EXPECT_EQ(Number(Rows(engine_->Sql(
                  "SELECT max(len(parameters)) FROM duckdb_functions() WHERE function_name = '" +
                  name + "'"))),
              static_cast<int64_t>(arguments))
        << name;
  }
}

TEST_F(EngineTest, ATableNeverHidesASource) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(AddThings().ok());
  ASSERT_TRUE(engine_->Sql("CREATE TABLE other AS SELECT 1 AS x").ok());
  for (const char* sql :
       {"CREATE TABLE things (x INT)", "CREATE TABLE Things AS SELECT 1 AS x",
        "CREATE OR REPLACE TABLE things AS SELECT 1", "CREATE TABLE IF NOT EXISTS things (x INT)",
        "CREATE VIEW things AS SELECT 1", "CREATE TEMP TABLE things (x INT)",
        "CREATE TABLE main.things (x INT)", "ALTER TABLE other RENAME TO things"}) {
    const Status status = engine_->Sql(sql).status();
    EXPECT_EQ(status.code(), StatusCode::kAlreadyExists) << sql << ": " << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr("hings")) << sql;
  }
  auto own_schema = engine_->Sql("CREATE SCHEMA s; CREATE TABLE s.things (x INT)");
  EXPECT_TRUE(own_schema.ok()) << own_schema.status().ToString();
  const Status source =
      engine_->AddSource({.name = "Other", .paths = {Path("things.csv")}}).status();
  EXPECT_EQ(source.code(), StatusCode::kAlreadyExists) << source.ToString();
  ASSERT_TRUE(engine_->Sql("DROP TABLE other").ok());
  EXPECT_TRUE(engine_->AddSource({.name = "other", .paths = {Path("things.csv")}}).ok());
}

TEST_F(EngineTest, AMovedDatabaseStillHasWhatItImported) {
  ASSERT_TRUE(Open().ok());
  std::string vectors;  // two of dimension 3, as .fvecs
  for (const std::vector<float>& row : {std::vector<float>{1, 0, 0}, {0, 1, 0}}) {
    const int32_t dimension = 3;
    vectors.append(reinterpret_cast<const char*>(&dimension), sizeof(dimension));
    vectors.append(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float));
  }
  Write("v.fvecs", vectors);
  ASSERT_TRUE(engine_->Import({.source = "images", .vectors_path = Path("v.fvecs")}).ok());
  engine_.reset();
  std::filesystem::rename(Path("db"), Path("elsewhere"));
  std::filesystem::remove(Path("v.fvecs"));
  auto moved = Engine::Open({.path = Path("elsewhere")});
  ASSERT_TRUE(moved.ok()) << moved.status().ToString();
  auto found = (*moved)->Search(
      {.source = "images", .query = {.vector = std::vector<float>{0, 1, 0}}, .where = "id >= 0"});
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  ASSERT_EQ(found->hits.size(), 2u);
  EXPECT_EQ(found->hits[0].id, "1");
  EXPECT_FALSE(found->rows.empty());
  EXPECT_THAT(found->warnings, ::testing::IsEmpty());
}

TEST_F(EngineTest, DoctorNamesWhatIsWrong) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(AddThings().ok());
  std::filesystem::remove(Path("things.csv"));
  auto findings = engine_->Diagnose();
  ASSERT_TRUE(findings.ok()) << findings.status().ToString();
  bool named = false;
  for (const auto& finding : *findings) {
    if (finding.name == "source things") named = finding.level == "error";
  }
  EXPECT_TRUE(named);
}

}  // namespace
}  // namespace iolite::engine
