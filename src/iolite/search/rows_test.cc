#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "iolite/base/random.h"
#include "iolite/search/internal/parquet_files.h"
#include "iolite/search/internal/parquet_rows.h"
#include "iolite/search/testing/search_fixture.h"
#include "iolite/sql/source.h"

namespace iolite::search {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FromOrigin;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::NumberedRows;

class RowsTest : public testing::SearchFixture {
 protected:
  void WritePapers(const std::string& file, const std::string& prefix, int count) {
    Write(file,
          fmt::format("SELECT i AS id, '{}' || i AS title FROM range({}) t(i)", prefix, count));
  }
};

TEST_F(RowsTest, EveryFormatGivesTheRowsOfTheHitsInTheirOrder) {
  for (const std::string format : {"parquet", "csv", "jsonl"}) {
    WritePapers(format + "." + format, "t", 300);
    AddSource(format, {format + "." + format});
    AddTable(format, "id", {NumberedRows(300)});
    SearchRequest request = FromOrigin(format);
    request.query.vector = {200, 0};
    for (int round = 0; round < 3; ++round) {  // by a scan, then from the cache
      EXPECT_THAT(Column(Found(request), "title"), ElementsAre("t200", "t199", "t201")) << format;
    }
    request.select = {"TITLE", "title"};
    EXPECT_EQ(Found(request).rows->num_columns(), 1);
  }
}

TEST_F(RowsTest, TextKeysWithQuotesAndNullKeys) {
  Write("odd.parquet",
        "SELECT * FROM (VALUES ('it''s', 1), (NULL, 2), ('x', 3)) t(\"the key\", n)");
  AddSource("odd", {"odd.parquet"});
  AddTable("odd", "the key", {{{"it's", "x"}, {{1, 0}, {2, 0}}}});
  EXPECT_THAT(Column(Found(FromOrigin("odd")), "n"), ElementsAre("1", "3"));
}

TEST_F(RowsTest, AChangedSourceIsReadAnewAndItsVectorsAreCalledStale) {
  WritePapers("p.parquet", "old ", 10);
  AddSource("papers", {"p.parquet"});
  AddTable("papers", "id", {NumberedRows(10)});
  SearchRequest request = FromOrigin("papers", 2);
  request.where = "title LIKE 'old%'";
  EXPECT_THAT(Column(Found(request), "title"), ElementsAre("old 0", "old 1"));
  WritePapers("p.parquet", "newer ", 20);
  EXPECT_THAT(Found(request).hits, IsEmpty());
  request.where = "";
  const SearchResponse response = Found(request);
  EXPECT_THAT(Column(response, "title"), ElementsAre("newer 0", "newer 1"));
  EXPECT_THAT(response.warnings,
              ElementsAre(AllOf(
                  HasSubstr("older than the source papers"), HasSubstr("p.parquet changed"),
                  HasSubstr("iolite embed papers --model letters --columns title --key id"))));
  EXPECT_EQ(catalog_->GetSource("papers")->row_count, 20);
  request.fetch_rows = false;
  EXPECT_THAT(Found(request).warnings, ::testing::SizeIs(1));
}

TEST_F(RowsTest, ANewFileUnderAGlobMakesVectorsStale) {
  WritePapers("g1.parquet", "a", 5);
  AddSource("papers", {"g*.parquet"});
  AddTable("papers", "id", {NumberedRows(5)});
  EXPECT_THAT(Found(FromOrigin("papers")).warnings, IsEmpty());
  WritePapers("g2.parquet", "b", 5);
  EXPECT_THAT(Found(FromOrigin("papers")).warnings, ElementsAre(HasSubstr("g2.parquet is new")));
}

TEST_F(RowsTest, WithoutItsSourceIdsAndScoresAreAnsweredAndFiltersAreNot) {
  WritePapers("p.parquet", "t", 10);
  AddSource("papers", {"p.parquet"});
  AddTable("papers", "id", {NumberedRows(10)});
  SearchRequest request = FromOrigin("papers");
  Found(request);
  std::filesystem::remove(Path("p.parquet"));
  const SearchResponse response = Found(request);
  EXPECT_THAT(Ids(response), ElementsAre("0", "1", "2"));
  EXPECT_EQ(response.rows, nullptr);
  EXPECT_THAT(response.warnings, ElementsAre(AllOf(HasSubstr("gone"), HasSubstr("p.parquet"))));
  request.where = "id = 1";
  EXPECT_THAT(Failed(request).message(), HasSubstr("gone"));
  request.where = "";
  request.select = {"title"};
  EXPECT_THAT(Failed(request).message(), HasSubstr("gone"));
}

TEST_F(RowsTest, ARowThatTheSourceLostIsNull) {
  WritePapers("p.csv", "t", 3);
  AddSource("papers", {"p.csv"});
  AddTable("papers", "id", {NumberedRows(5)});
  for (int round = 0; round < 2; ++round) {
    const SearchResponse response = Found(FromOrigin("papers", 5));
    EXPECT_THAT(Column(response, "title"), ElementsAre("t0", "t1", "t2", "null", "null"));
    EXPECT_THAT(response.warnings,
                ElementsAre(HasSubstr("2 of the rows found are no longer in papers")));
  }
}

TEST_F(RowsTest, ADroppedSqlTableLeavesTheHits) {
  Sql("CREATE TABLE notes AS SELECT 0 AS id");
  AddTable("notes", "id", {NumberedRows(2)});
  EXPECT_THAT(Column(Found(FromOrigin("notes", 1)), "id"), ElementsAre("0"));
  Sql("DROP TABLE notes");
  const SearchResponse response = Found(FromOrigin("notes", 1));
  EXPECT_THAT(Ids(response), ElementsAre("0"));
  EXPECT_THAT(response.warnings, ElementsAre(HasSubstr("The rows of notes cannot be read")));
}

// What row groups decode to must be what SQL shows, whatever the type.
TEST_F(RowsTest, RowGroupsAndScansAgreeOnEveryType) {
  Write(
      "types.parquet",
      "SELECT i AS id, i::VARCHAR AS s, i::TINYINT AS i8, i::UTINYINT AS u8, i::USMALLINT AS u16, "
      "i::HUGEINT AS huge, i::FLOAT AS f, i / 7 AS d, i::DECIMAL(9, 2) AS dec9, i::DECIMAL(30, 4) "
      "AS dec30, "
      "i % 2 = 0 AS flag, DATE '2000-01-01' + i::INT AS day, TIME '01:02:03' AS t, "
      "TIMESTAMP '2000-01-01 01:02:03' + INTERVAL (i) SECOND AS ts, "
      "(TIMESTAMP '2000-01-01 01:02:03')::TIMESTAMP_NS AS ts_ns, "
      "(TIMESTAMP '2000-01-01 01:02:03')::TIMESTAMP_S AS ts_s, "
      "TIMESTAMPTZ '2000-01-01 01:02:03+02' AS tz, INTERVAL 3 DAY AS span, i::VARCHAR::BLOB AS "
      "bytes, "
      "[i, NULL, i + 1] AS list, [[i::VARCHAR], []] AS nested, {'a': i, 'b': 'x'} AS record, "
      "MAP {'k': i} AS mapping, CASE WHEN i % 2 = 0 THEN 'even' ELSE 'odd' END::ENUM('even', "
      "'odd') AS e, "
      "uuid() AS u, ('{\"a\":' || i || '}')::JSON AS j, NULL AS nothing, "
      "CASE WHEN i % 3 = 0 THEN i END AS holes, [i, i]::FLOAT[2] AS fixed "
      "FROM range(100) t(i)");
  AddSource("types", {"types.parquet"});
  const auto entry = catalog_->GetSource("types");
  ASSERT_TRUE(entry.ok());
  internal::SessionPool sessions(database_.get());
  internal::RowCache cache(64 << 20, &Budget::Unlimited());
  const internal::Relation relation = internal::FileRelation(*entry, "id");
  internal::ParquetRows parquet(&sessions, &cache, *entry, "id", 1);
  internal::ScanRows scan(&sessions, relation, 2);
  const std::vector<std::string_view> ids = {"7", "99", "gone", "0", "7"};
  const auto left = parquet.Fetch({}, ids, {});
  const auto right = scan.Fetch({}, ids, {});
  ASSERT_TRUE(left.ok()) << left.status().ToString();
  ASSERT_TRUE(right.ok()) << right.status().ToString();
  EXPECT_EQ(left->missing_count, 1);
  EXPECT_EQ(right->missing_count, 1);
  EXPECT_TRUE(left->table->ValidateFull().ok());
  for (const auto& field : right->table->schema()->fields()) {
    const auto column = left->table->GetColumnByName(field->name());
    ASSERT_NE(column, nullptr);
    EXPECT_TRUE(column->Equals(*right->table->GetColumnByName(field->name())))
        << field->ToString() << "\n"
        << column->ToString();
  }
  RecordProperty("way", left->way);
}

// Not even when the new file is as long as the old one was.
TEST_F(RowsTest, AFileIsNotDecodedByTheFooterOfTheOneItReplaced) {
  for (const int count : {3000, 10}) {
    WritePapers("p.parquet", "t", 3000);
    const auto files = internal::ParquetFiles::Open({Path("p.parquet")});
    ASSERT_TRUE(files.ok()) << files.status().ToString();
    EXPECT_TRUE((*files)->ReadColumn(0, 0, "title", arrow::utf8()).ok());
    WritePapers("next.parquet", "u", count);
    std::filesystem::rename(Path("next.parquet"), Path("p.parquet"));
    const auto column = (*files)->ReadColumn(0, 0, "title", arrow::utf8());
    EXPECT_EQ(column.status().code(), StatusCode::kAborted) << column.status().ToString();
    const std::vector<int64_t> rows = {5};
    EXPECT_EQ((*files)->ReadValues(0, 0, "title", arrow::utf8(), rows).status().code(),
              StatusCode::kAborted);
  }
}

// The first time only the rows in question are read, the second time the column is kept.
TEST_F(RowsTest, LargeTextsAreTheSameByRowAndByRowGroup) {
  Write("p.parquet",
        "SELECT i AS id, CASE WHEN i % 7 <> 0 THEN repeat('x', 100) || i END AS title, "
        "(repeat('y', 100) || i)::BLOB AS bytes FROM range(9000) t(i)",
        ", ROW_GROUP_SIZE 4096");
  AddSource("papers", {"p.parquet"});
  const auto entry = catalog_->GetSource("papers");
  internal::SessionPool sessions(database_.get());
  internal::RowCache cache(64 << 20, &Budget::Unlimited());
  internal::ParquetRows parquet(&sessions, &cache, *entry, "id", 1);
  internal::ScanRows scan(&sessions, internal::FileRelation(*entry, "id"), 2);
  const std::vector<std::string_view> ids = {"8999", "0",    "4095", "gone", "4096",
                                             "1",    "4095", "14",   "8191"};
  const auto truth = scan.Fetch({}, ids, {});
  ASSERT_TRUE(truth.ok()) << truth.status().ToString();
  int64_t bytes = 0;
  for (int round = 0; round < 3; ++round) {
    const auto fetched = parquet.Fetch({}, ids, {});
    ASSERT_TRUE(fetched.ok()) << fetched.status().ToString();
    EXPECT_TRUE(fetched->table->ValidateFull().ok());
    EXPECT_TRUE(fetched->table->Equals(*truth->table)) << "round " << round;
    if (round == 1) {
      EXPECT_GT(cache.bytes(), bytes + 1'000'000);
    }
    bytes = cache.bytes();
    EXPECT_EQ(fetched->way == "from cache", round == 2) << fetched->way;
  }
}

// A cache too small for a single row group still answers, by scans.
TEST_F(RowsTest, ATinyCacheChangesNothingButTime) {
  Write("p.parquet", "SELECT i AS id, repeat('x', 100) || i AS title FROM range(20000) t(i)",
        ", ROW_GROUP_SIZE 4096");
  AddSource("papers", {"p.parquet"});
  const auto entry = catalog_->GetSource("papers");
  internal::SessionPool sessions(database_.get());
  internal::RowCache cache(100'000, &Budget::Unlimited());
  internal::ParquetRows rows(&sessions, &cache, *entry, "id", 1);
  const std::vector<std::string_view> ids = {"19999", "0"};
  for (int round = 0; round < 2; ++round) {
    const auto fetched = rows.Fetch({}, ids, {});
    ASSERT_TRUE(fetched.ok()) << fetched.status().ToString();
    EXPECT_EQ(fetched->table->GetColumnByName("id")->GetScalar(0).ValueOrDie()->ToString(),
              "19999");
    EXPECT_LE(cache.bytes(), 100'000);
  }
}

TEST_F(RowsTest, ManyThreadsSearchWhileTheSourceAndTheTableChange) {
  WritePapers("p.parquet", "t", 3000);
  AddSource("papers", {"p.parquet"});
  AddTable("papers", "id", {NumberedRows(3000)});
  std::atomic<bool> stop = false;
  std::atomic<int> answered = 0;
  std::atomic<int> failed =
      0;  // a search that meets the moment of a change may be asked to try again
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; !stop; ++i) {
        SearchRequest request = FromOrigin("papers");
        if ((i + t) % 2 == 0) request.where = fmt::format("id % {} = 0", 2 + i % 5);
        const auto response = searcher_->Search({}, request);
        if (response.ok()) {
          EXPECT_EQ(response->hits.size(), 3u);
          EXPECT_EQ(Column(*response, "id"), Ids(*response));
          ++answered;
        } else {
          ++failed;
        }
      }
    });
  }
  for (int i = 0; i < 6; ++i) {
    // As programs replace files: whole, by rename.
    WritePapers("next.parquet", "u", 3000 + i);
    std::filesystem::rename(Path("next.parquet"), Path("p.parquet"));
    AddTable("papers", "id", {NumberedRows(2000), NumberedRows(1000, 2000)});
    const int before = answered;
    while (answered < before + 5 && failed < 10'000) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(failed, 10'000) << "searches kept failing after a change";
}

}  // namespace
}  // namespace iolite::search
