#include "iolite/pipelines/embed.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "iolite/pipelines/tables.h"
#include "iolite/pipelines/testing/pipeline_fixture.h"
#include "iolite/sql/source.h"

namespace iolite::pipelines {
namespace {

using ::testing::ElementsAre;
using testing::FakeModelStore;
using ::testing::HasSubstr;
using testing::PipelineTest;
using ::testing::UnorderedElementsAre;

class EmbedTest : public PipelineTest {
 protected:
  Result<EmbedSummary> Run() { return Embed(context_, options_, request_, nullptr); }

  // Fails the test unless the run succeeds.
  EmbedSummary MustRun() {
    auto summary = Run();
    EXPECT_TRUE(summary.ok()) << summary.status().ToString();
    return summary.ok() ? *summary : EmbedSummary();
  }

  static std::map<std::string, std::string> Titles(int first, int last, const std::string& what) {
    std::map<std::string, std::string> titles;
    for (int i = first; i < last; ++i) titles[std::to_string(i)] = what + " " + std::to_string(i);
    return titles;
  }
};

TEST_F(EmbedTest, EveryRowGetsItsVector) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(1000) t(i)");
  auto summary = MustRun();
  EXPECT_EQ(summary.rows, 1000);
  EXPECT_EQ(summary.embedded, 1000);
  EXPECT_EQ(summary.unchanged + summary.hidden + summary.failed, 0);
  EXPECT_EQ(summary.tokens, 2000);
  EXPECT_THAT(summary.table, ::testing::StartsWith("papers__embedding__M__"));
  ExpectVectors(summary.table, Titles(0, 1000, "title"));
  EXPECT_EQ(models_.texts().size(), 1000u);
  auto entry = catalog_->GetTable(summary.table).value();
  EXPECT_EQ(entry.source, "papers");
  EXPECT_EQ(entry.model_id, "M");
  EXPECT_EQ(entry.key_column, "id");
  EXPECT_EQ(entry.dimension, 8);
  auto snapshot = results_->Get(summary.table).value();
  ASSERT_EQ(snapshot->materialization.inputs.size(), 1u);
  EXPECT_EQ(snapshot->materialization.inputs[0].path, folder_ / "papers.parquet");
}

TEST_F(EmbedTest, TheJobTellsHowItWent) {
  AddSource("papers",
            "SELECT 'k' || i AS id, CASE WHEN i = 3 THEN NULL ELSE 't' || i END AS title "
            "FROM range(10) t(i)");
  auto summary = MustRun();
  auto job = LastJob();
  EXPECT_EQ(job.id, summary.job_id);
  EXPECT_EQ(job.kind, "embed");
  EXPECT_EQ(job.target, "papers");
  EXPECT_EQ(job.table, summary.table);
  EXPECT_EQ(job.state, catalog::JobState::kSucceeded);
  EXPECT_EQ(job.rows_done, 10);
  EXPECT_EQ(job.rows_total, 10);
  EXPECT_THAT(job.result_json,
              HasSubstr(R"("rows":10,"embedded":9,"unchanged":0,"hidden":0,"failed":1,)"));
  auto errors = catalog_->ListJobRowErrors(job.id).value();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].row_id, "k3");
  EXPECT_EQ(errors[0].reason, "the text is empty");
}

TEST_F(EmbedTest, ColumnsJoinWithASpaceAndNullsAreSkipped) {
  AddSource("papers",
            "SELECT * FROM (VALUES (1, 'a', 'b', 5), (2, NULL, 'b', 6), (3, 'a', NULL, NULL), "
            "(4, NULL, NULL, NULL), (5, ' ', '\t', NULL)) t(id, title, abstract, year)");
  request_.columns = {"title", "abstract", "YEAR"};
  auto summary = MustRun();
  EXPECT_THAT(models_.texts(), UnorderedElementsAre("a b 5", "b 6", "a"));
  EXPECT_EQ(summary.failed, 2);
  ExpectVectors(summary.table, {{"1", "a b 5"}, {"2", "b 6"}, {"3", "a"}});
}

TEST_F(EmbedTest, AnUnchangedSourceCostsNoModel) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(300) t(i)");
  auto first = MustRun();
  models_.Forget();
  auto files = ResultFiles();
  auto second = MustRun();
  EXPECT_EQ(second.table, first.table);
  EXPECT_EQ(second.unchanged, 300);
  EXPECT_EQ(second.embedded + second.hidden, 0);
  EXPECT_EQ(models_.load_count(), 1);
  EXPECT_TRUE(models_.texts().empty());
  EXPECT_EQ(results_->Get(first.table).value()->version, 1);
  EXPECT_EQ(ResultFiles(), files);
}

TEST_F(EmbedTest, OnlyNewAndChangedRowsAreEmbeddedAndGoneOnesHidden) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(300) t(i)");
  auto first = MustRun();
  models_.Forget();
  AddSource("papers",
            "SELECT i AS id, CASE WHEN i < 20 THEN 'new ' ELSE 'title ' END || i AS title "
            "FROM range(10, 310) t(i)");
  auto second = MustRun();
  EXPECT_EQ(second.table, first.table);
  EXPECT_EQ(second.rows, 300);
  EXPECT_EQ(second.embedded, 20);
  EXPECT_EQ(second.unchanged, 280);
  EXPECT_EQ(second.hidden, 20);
  EXPECT_EQ(models_.texts().size(), 20u);
  auto expected = Titles(20, 310, "title");
  expected.merge(Titles(10, 20, "new"));
  ExpectVectors(second.table, expected);
  auto inputs = results_->Get(second.table).value()->materialization.inputs;
  EXPECT_EQ(inputs[0].size_bytes,
            static_cast<int64_t>(std::filesystem::file_size(folder_ / "papers.parquet")));
}

TEST_F(EmbedTest, ManyHiddenRowsStayHiddenInSql) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(3000) t(i)");
  MustRun();
  AddSource("papers",
            "SELECT i AS id, 'title ' || i AS title FROM range(3000) t(i) WHERE i % 3 <> 0");
  auto summary = MustRun();
  EXPECT_EQ(summary.hidden, 1000);
  auto visible = Visible(summary.table);
  EXPECT_EQ(visible.size(), 2000u);
  EXPECT_FALSE(visible.contains("999"));
  EXPECT_TRUE(visible.contains("1000"));
}

TEST_F(EmbedTest, ARowWhoseTextWentIsHidden) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(10) t(i)");
  MustRun();
  AddSource("papers",
            "SELECT i AS id, CASE WHEN i > 0 THEN 'title ' || i END AS title FROM range(10) t(i)");
  auto summary = MustRun();
  EXPECT_EQ(summary.failed, 1);
  EXPECT_EQ(summary.hidden, 1);
  ExpectVectors(summary.table, Titles(1, 10, "title"));
}

TEST_F(EmbedTest, ATouchedSourceIsNoLongerStale) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(10) t(i)");
  auto first = MustRun();
  std::filesystem::last_write_time(
      folder_ / "papers.parquet",
      std::filesystem::file_time_type::clock::now() + std::chrono::seconds(10));
  auto second = MustRun();
  EXPECT_EQ(second.unchanged, 10);
  EXPECT_EQ(models_.load_count(), 1);
  EXPECT_EQ(results_->Get(first.table).value()->materialization.inputs[0].modified_us,
            catalog_->GetSource("papers").value().files[0].modified_us);
}

TEST_F(EmbedTest, AnotherDefinitionIsAnotherTable) {
  AddSource("papers",
            "SELECT i AS id, 'title ' || i AS title, 'x' AS abstract FROM range(10) t(i)");
  auto first = MustRun();
  request_.columns = {"title", "abstract"};
  auto columns = MustRun();
  models_.models["M"].content_hash = "other weights";
  auto model = MustRun();
  request_.precision = "f32";
  auto precision = MustRun();
  request_.precision = "bf16";
  auto other_precision = MustRun();
  EXPECT_NE(columns.table, first.table);
  EXPECT_NE(model.table, columns.table);
  EXPECT_NE(other_precision.table, precision.table);
  EXPECT_EQ(model.embedded, 10);
}

TEST_F(EmbedTest, SeveralFilesManyRowGroupsAndABigCsvGiveEachRowOnce) {
  Execute("COPY (SELECT i AS id, 'row ' || i AS title FROM range(20000) t(i)) TO '" +
          (folder_ / "a.parquet") + "' (FORMAT parquet, ROW_GROUP_SIZE 2048)");
  Execute("COPY (SELECT i AS id, 'row ' || i AS title FROM range(20000, 30000) t(i)) TO '" +
          (folder_ / "b.parquet") + "' (FORMAT parquet, ROW_GROUP_SIZE 2048)");
  auto entry = sql::ReadSource(context_, *database_,
                               {.name = "papers", .patterns = {folder_ / "*.parquet"}});
  ASSERT_TRUE(entry.ok()) << entry.status().ToString();
  ASSERT_TRUE(catalog_->AddSource(*entry).ok());
  options_.window_row_count = 1000;
  options_.part_row_count = 4000;
  auto summary = MustRun();
  EXPECT_EQ(summary.embedded, 30'000);
  ExpectVectors(summary.table, Titles(0, 30'000, "row"));

  Execute("COPY (SELECT i AS id, repeat('word ', 100) || i AS title FROM range(40000) t(i)) TO '" +
          (folder_ / "big.csv") + "' (HEADER)");
  auto csv =
      sql::ReadSource(context_, *database_, {.name = "big", .patterns = {folder_ / "big.csv"}});
  ASSERT_TRUE(csv.ok()) << csv.status().ToString();
  ASSERT_TRUE(catalog_->AddSource(*csv).ok());
  request_.source = "big";
  auto big = MustRun();
  EXPECT_EQ(big.embedded, 40'000);
  EXPECT_EQ(Visible(big.table).size(), 40'000u);
}

TEST_F(EmbedTest, AnSqlTableCanBeEmbedded) {
  Execute("CREATE TABLE notes AS SELECT i AS id, 'note ' || i AS title FROM range(50) t(i)");
  request_.source = "notes";
  auto first = MustRun();
  ExpectVectors(first.table, Titles(0, 50, "note"));
  Execute("DELETE FROM notes WHERE id < 5; INSERT INTO notes VALUES (50, 'note 50')");
  auto second = MustRun();
  EXPECT_EQ(second.embedded, 1);
  EXPECT_EQ(second.hidden, 5);
  ExpectVectors(second.table, Titles(5, 51, "note"));
}

TEST_F(EmbedTest, BothNamesOfASourceWork) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(10) t(i)");
  auto first = MustRun();
  request_.source = "papers.public.papers";
  EXPECT_EQ(MustRun().table, first.table);
}

TEST_F(EmbedTest, OddNamesAreQuoted) {
  AddSource("my \"papers\"",
            R"(SELECT i AS "the 'id'", 'title ' || i AS "odd ""title""; --" FROM range(9) t(i))");
  request_ = {
      .source = "my \"papers\"", .model = "M", .columns = {"odd \"title\"; --"}, .key = "the 'id'"};
  ExpectVectors(MustRun().table, Titles(0, 9, "title"));
}

TEST_F(EmbedTest, WrongRequestsSayWhatThereIs) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(10) t(i)");
  Execute("CREATE TABLE notes (id INTEGER)");
  auto expect = [&](StatusCode code, const std::string& text) {
    Status status = Run().status();
    EXPECT_EQ(status.code(), code) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr(text));
  };
  auto good = request_;
  request_.source = "paper";
  expect(StatusCode::kNotFound,
         "There is no source or table 'paper'. Sources: papers. Tables: notes");
  request_ = good;
  request_.columns = {"title", "abstract"};
  expect(StatusCode::kInvalidArgument, "'papers' has no column 'abstract'. Columns: id, title");
  request_ = good;
  request_.key = "doi";
  expect(StatusCode::kInvalidArgument, "'papers' has no column 'doi'. Columns: id, title");
  request_ = good;
  request_.model = "N";
  ASSERT_TRUE(catalog_->PutModel({.id = "M"}).ok());
  expect(StatusCode::kNotFound, "There is no model 'N'. Models that are here: M");
  request_ = good;
  request_.precision = "f64";
  expect(StatusCode::kInvalidArgument, "f64");
  request_ = good;
  request_.columns = {};
  expect(StatusCode::kInvalidArgument, "column");
  EXPECT_TRUE(ResultFiles().empty());
  EXPECT_TRUE(catalog_->ListJobs()->empty());
}

TEST_F(EmbedTest, KeysMustTellRowsApart) {
  AddSource("papers", "SELECT i % 7 AS id, 'title ' || i AS title FROM range(10) t(i)");
  Status repeated = Run().status();
  EXPECT_EQ(repeated.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(repeated.message(), HasSubstr("'0' 2 times, '1' 2 times, '2' 2 times"));
  AddSource("papers",
            "SELECT CASE WHEN i <> 4 THEN i END AS id, 'title ' || i AS title FROM range(10) t(i)");
  Status missing = Run().status();
  EXPECT_EQ(missing.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(missing.message(), HasSubstr("null in 1 row, first in row 5"));
  EXPECT_EQ(models_.load_count(), 0);
  EXPECT_TRUE(ResultFiles().empty());
  EXPECT_EQ(LastJob().state, catalog::JobState::kFailed);
  EXPECT_THAT(LastJob().error, HasSubstr("null in 1 row"));
}

TEST_F(EmbedTest, NothingButEmptyTextsIsAnError) {
  AddSource("papers", "SELECT i AS id, ' ' AS title FROM range(10) t(i)");
  Status status = Run().status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("None of the 10 rows of 'papers' has a text in title"));
  EXPECT_EQ(models_.load_count(), 0);
  EXPECT_TRUE(ResultFiles().empty());
  Execute("CREATE TABLE empty (id INTEGER, title VARCHAR)");
  request_.source = "empty";
  EXPECT_THAT(Run().status().message(), HasSubstr("'empty' has no rows"));
}

TEST_F(EmbedTest, AGoneSourceIsNamed) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(10) t(i)");
  std::filesystem::remove(folder_ / "papers.parquet");
  Status status = Run().status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("papers.parquet"));
}

TEST_F(EmbedTest, AModelThatFailsAsAWholeStopsTheJobAndWorkIsKept) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(500) t(i)");
  models_.models["M"].on_text = [](std::string_view text) {
    return text == "title 300" ? Unavailable("the device is gone") : Status::Ok();
  };
  Status status = Run().status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("the device is gone"));
  EXPECT_THAT(LastJob().error, HasSubstr("the device is gone"));
  models_.models["M"].on_text = nullptr;
  models_.Forget();
  Reopen();
  auto summary = MustRun();
  EXPECT_EQ(summary.unchanged, 248);  // windows of 8, 16, 32, then 64
  EXPECT_EQ(summary.embedded, 252);
  EXPECT_EQ(models_.texts().size(), 252u);
  ExpectVectors(summary.table, Titles(0, 500, "title"));
}

TEST_F(EmbedTest, ARowThatTheModelCannotDoIsLeftOut) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(100) t(i)");
  models_.models["M"].on_vector = [](std::string_view text, std::span<float> vector) {
    if (text == "title 7") vector[2] = std::nanf("");
  };
  auto summary = MustRun();
  EXPECT_EQ(summary.failed, 1);
  EXPECT_EQ(summary.embedded, 99);
  EXPECT_EQ(catalog_->ListJobRowErrors(summary.job_id)->at(0).row_id, "7");
  models_.models["M"].on_vector = [](std::string_view, std::span<float> vector) {
    vector[0] = HUGE_VALF;
  };
  models_.models["M"].content_hash = "broken";
  EXPECT_EQ(Run().status().code(), StatusCode::kInternal);
}

TEST_F(EmbedTest, CancellingThroughTheCatalogOrTheContextStopsAndKeeps) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(2000) t(i)");
  for (bool through_catalog : {true, false}) {
    std::atomic<int> texts = 0;
    context_.cancel = CancelToken();
    models_.models["M"].on_text = [&](std::string_view) {
      if (++texts == 200) {
        if (through_catalog) {
          EXPECT_TRUE(catalog_->RequestCancel(LastJob().id).ok());
        } else {
          context_.cancel.Cancel();
        }
      }
      // Slow from then on, so that the wish arrives while rows are left.
      if (texts >= 200) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      return Status::Ok();
    };
    Status status = Run().status();
    EXPECT_EQ(status.code(), StatusCode::kCancelled) << status.ToString();
    EXPECT_EQ(LastJob().state, catalog::JobState::kCancelled);
    EXPECT_TRUE(catalog_->ListTables()->empty());
  }
  context_.cancel = CancelToken();
  models_.models["M"].on_text = nullptr;
  auto summary = MustRun();
  EXPECT_GE(summary.unchanged, 184 + 184);
  ExpectVectors(summary.table, Titles(0, 2000, "title"));
}

TEST_F(EmbedTest, ProgressGrowsToTheEnd) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(1000) t(i)");
  models_.models["M"].on_text = [](std::string_view) {
    std::this_thread::sleep_for(std::chrono::microseconds(500));
    return Status::Ok();
  };
  std::vector<int64_t> done;
  auto progress = [&](const Progress& progress) {
    done.push_back(progress.rows_done);
    EXPECT_TRUE(progress.rows_total == 0 || progress.rows_total == 1000);
  };
  ASSERT_TRUE(Embed(context_, options_, request_, progress).ok());
  ASSERT_FALSE(done.empty());
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_EQ(done.back(), 1000);
}

TEST_F(EmbedTest, TablesThatTheCatalogMissesAreEnteredAgain) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(10) t(i)");
  auto first = MustRun();
  ASSERT_TRUE(catalog_->RemoveTable(first.table).ok());
  auto second = MustRun();
  EXPECT_EQ(second.table, first.table);
  EXPECT_EQ(second.unchanged, 10);
  EXPECT_TRUE(catalog_->GetTable(first.table).ok());
}

TEST_F(EmbedTest, ADamagedRowsFileIsNamedAndRefused) {
  AddSource("papers", "SELECT i AS id, 'title ' || i AS title FROM range(10) t(i)");
  auto first = MustRun();
  std::filesystem::resize_file(folder_ / ("db/results/" + first.table + ".parquet"), 100);
  Reopen();
  Status status = Run().status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr(first.table + ".parquet"));
}

}  // namespace
}  // namespace iolite::pipelines
