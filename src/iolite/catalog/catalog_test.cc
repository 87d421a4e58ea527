#include "iolite/catalog/catalog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "iolite/base/random.h"
#include "iolite/base/testing/fake_clock.h"

namespace iolite::catalog {
namespace {

class CatalogTest : public ::testing::Test {
 protected:
  CatalogTest() { std::filesystem::create_directories(folder_); }
  ~CatalogTest() override {
    catalog_.reset();
    std::filesystem::remove_all(folder_);
  }

  CatalogOptions options() {
    return {.path = (folder_ / "catalog.sqlite").string(), .clock = &clock_};
  }
  void Reopen() {
    catalog_.reset();
    catalog_ = Catalog::Open(options()).value();
  }

  static SourceEntry Papers() {
    return {.name = "papers",
            .format = "parquet",
            .patterns = {"/data/*.parquet", "/more/p.parquet"},
            .columns = {{"id", "BIGINT"}, {"vector", "FLOAT[384]"}},
            .row_count = 5183,
            .files = {{"/data/a.parquet", 12, 34, "e"}, {"/more/p.parquet", 56, 78, ""}},
            .created_us = 1,
            .read_us = 2,
            .reader_options = "delim = ';'"};
  }
  static TableEntry Table(std::string name, std::string source, int64_t created_us) {
    return {.name = std::move(name),
            .source = std::move(source),
            .task = "embedding",
            .model_id = "m",
            .key_column = "id",
            .text_columns = {"title", "abstract"},
            .metric = "cosine",
            .dimension = 384,
            .definition_hash = "d",
            .created_us = created_us};
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("iolite-catalog-" + Random::System().NextHex(12));
  testing::FakeClock clock_;
  std::unique_ptr<Catalog> catalog_ =
      (std::filesystem::create_directories(folder_), Catalog::Open(options()).value());
};

TEST_F(CatalogTest, SourcesSurviveReopening) {
  ASSERT_TRUE(catalog_->AddSource(Papers()).ok());
  Reopen();
  const auto source = catalog_->GetSource("papers").value();
  EXPECT_EQ(source.format, "parquet");
  EXPECT_EQ(source.patterns, Papers().patterns);
  ASSERT_EQ(source.columns.size(), 2u);
  EXPECT_EQ(source.columns[1].type, "FLOAT[384]");
  ASSERT_EQ(source.files.size(), 2u);
  EXPECT_EQ(source.files[0].path, "/data/a.parquet");
  EXPECT_EQ(source.files[0].modified_us, 34);
  EXPECT_EQ(source.files[0].etag, "e");
  EXPECT_EQ(source.row_count, 5183);
  EXPECT_EQ(source.read_us, 2);
  EXPECT_EQ(source.reader_options, "delim = ';'");
}

TEST_F(CatalogTest, NamesAreSharedByBothKindsInAnyCase) {
  ASSERT_TRUE(catalog_->AddSource(Papers()).ok());
  ASSERT_TRUE(catalog_->PutTable(Table("T", "papers", 1)).ok());
  auto again = Papers();
  again.name = "PAPERS";
  EXPECT_EQ(catalog_->AddSource(again).code(), StatusCode::kAlreadyExists);
  again.name = "t";
  const auto taken = catalog_->AddSource(again);
  EXPECT_EQ(taken.code(), StatusCode::kAlreadyExists);
  EXPECT_NE(taken.message().find("result table"), std::string::npos);
  EXPECT_EQ(catalog_->PutTable(Table("Papers", "x", 1)).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(catalog_->GetSource("Papers")->name, "papers");
  EXPECT_EQ(catalog_->AddSource({}).code(), StatusCode::kInvalidArgument);
}

TEST_F(CatalogTest, UpdatesReplaceAllPartsOfASource) {
  ASSERT_TRUE(catalog_->AddSource(Papers()).ok());
  auto changed = Papers();
  changed.columns = {{"title", "VARCHAR"}};
  changed.files.clear();
  changed.row_count = 7;
  changed.created_us = 99;
  ASSERT_TRUE(catalog_->UpdateSource(changed).ok());
  const auto source = catalog_->GetSource("papers").value();
  ASSERT_EQ(source.columns.size(), 1u);
  EXPECT_TRUE(source.files.empty());
  EXPECT_EQ(source.row_count, 7);
  EXPECT_EQ(source.created_us, 1);
  changed.name = "unknown";
  EXPECT_EQ(catalog_->UpdateSource(changed).code(), StatusCode::kNotFound);
  EXPECT_EQ(catalog_->ListSources()->size(), 1u);
}

TEST_F(CatalogTest, WhatIsUnknownIsNamed) {
  EXPECT_EQ(catalog_->GetSource("x").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(catalog_->GetModel("x").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(catalog_->GetTable("x").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(catalog_->GetJob("x").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(catalog_->RemoveSource("x").code(), StatusCode::kNotFound);
  EXPECT_EQ(catalog_->RemoveModel("x").code(), StatusCode::kNotFound);
  EXPECT_EQ(catalog_->RemoveTable("x").code(), StatusCode::kNotFound);
  EXPECT_EQ(catalog_->RequestCancel("x").code(), StatusCode::kNotFound);
  EXPECT_EQ(catalog_->CancelRequested("x").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(catalog_->ReportProgress("x", 1, 2).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(catalog_->AddJobRowErrors("x", {}).code(), StatusCode::kNotFound);
  EXPECT_NE(catalog_->GetSource("x").status().message().find("'x'"), std::string::npos);
}

TEST_F(CatalogTest, RemovingTakesThePartsAlong) {
  ASSERT_TRUE(catalog_->AddSource(Papers()).ok());
  ASSERT_TRUE(catalog_->RemoveSource("papers").ok());
  auto bare = Papers();
  bare.columns.clear();
  bare.files.clear();
  bare.patterns.clear();
  ASSERT_TRUE(catalog_->AddSource(bare).ok());
  EXPECT_TRUE(catalog_->GetSource("papers")->columns.empty());
  EXPECT_TRUE(catalog_->Verify().ok());
}

TEST_F(CatalogTest, ModelsAreReplaced) {
  ModelEntry model{.id = "org/m",
                   .path = "/a",
                   .origin = "hub",
                   .revision = "r1",
                   .content_hash = "h",
                   .files = {{"config.json", 1, 2, "e"}},
                   .created_us = 5};
  ASSERT_TRUE(catalog_->PutModel(model).ok());
  model.revision = "r2";
  model.files = {{"a", 1, 2, "x"}, {"b", 3, 4, "y"}};
  ASSERT_TRUE(catalog_->PutModel(model).ok());
  Reopen();
  EXPECT_EQ(catalog_->GetModel("org/m")->revision, "r2");
  EXPECT_EQ(catalog_->GetModel("org/m")->files[1].etag, "y");
  EXPECT_EQ(catalog_->ListModels()->size(), 1u);
  ASSERT_TRUE(catalog_->RemoveModel("org/m").ok());
  EXPECT_TRUE(catalog_->ListModels()->empty());
}

TEST_F(CatalogTest, TablesAreListedNewestFirst) {
  ASSERT_TRUE(catalog_->PutTable(Table("old", "papers", 1)).ok());
  ASSERT_TRUE(catalog_->PutTable(Table("new", "papers", 2)).ok());
  ASSERT_TRUE(catalog_->PutTable(Table("other", "books", 3)).ok());
  Reopen();
  const auto of_papers = catalog_->ListTables("Papers").value();
  ASSERT_EQ(of_papers.size(), 2u);
  EXPECT_EQ(of_papers[0].name, "new");
  EXPECT_EQ(of_papers[0].text_columns, (std::vector<std::string>{"title", "abstract"}));
  EXPECT_EQ(catalog_->ListTables()->size(), 3u);
  ASSERT_TRUE(catalog_->PutTable(Table("old", "papers", 9)).ok());
  EXPECT_EQ(catalog_->ListTables("papers")->front().name, "old");
  ASSERT_TRUE(catalog_->RemoveTable("old").ok());
  EXPECT_EQ(catalog_->ListTables("papers")->size(), 1u);
}

TEST_F(CatalogTest, JobsKeepTheirTimes) {
  JobEntry job{.id = "j1",
               .kind = "embed",
               .target = "papers",
               .state = JobState::kRunning,
               .owner_pid = 4711};
  ASSERT_TRUE(catalog_->PutJob(job).ok());
  const int64_t start_us = clock_.unix_us();
  clock_.Advance(std::chrono::seconds(5));
  EXPECT_FALSE(catalog_->ReportProgress("j1", 10, 100).value());
  auto running = catalog_->GetJob("j1").value();
  EXPECT_EQ(running.created_us, start_us);
  EXPECT_EQ(running.updated_us, start_us + 5'000'000);
  EXPECT_EQ(running.rows_done, 10);
  EXPECT_EQ(running.finished_us, 0);
  running.state = JobState::kSucceeded;
  running.result_json = "{}";
  ASSERT_TRUE(catalog_->PutJob(running).ok());
  EXPECT_EQ(catalog_->GetJob("j1")->finished_us, clock_.unix_us());
}

TEST_F(CatalogTest, AWishToCancelOutlivesProgress) {
  JobEntry job{.id = "j", .state = JobState::kRunning};
  ASSERT_TRUE(catalog_->PutJob(job).ok());
  {
    auto other = Catalog::Open(options()).value();  // as `jobs cancel` in another process does
    ASSERT_TRUE(other->RequestCancel("j").ok());
  }
  EXPECT_TRUE(catalog_->CancelRequested("j").value());
  job.rows_done = 5;
  ASSERT_TRUE(catalog_->PutJob(job).ok());
  EXPECT_TRUE(catalog_->ReportProgress("j", 6, 10).value());
  job.state = JobState::kCancelled;
  ASSERT_TRUE(catalog_->PutJob(job).ok());
  EXPECT_EQ(catalog_->RequestCancel("j").code(), StatusCode::kFailedPrecondition);
  job.state = JobState::kRunning;
  ASSERT_TRUE(catalog_->PutJob(job).ok());
  EXPECT_FALSE(catalog_->CancelRequested("j").value());
}

TEST_F(CatalogTest, JobsOfADeadProcessFailWhenTheDatabaseIsTakenOver) {
  ASSERT_TRUE(
      catalog_->PutJob({.id = "dead", .state = JobState::kRunning, .owner_pid = 4711}).ok());
  ASSERT_TRUE(catalog_->PutJob({.id = "done", .state = JobState::kSucceeded}).ok());
  Reopen();
  const auto failed = catalog_->FailAbandonedJobs().value();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].id, "dead");
  const auto job = catalog_->GetJob("dead").value();
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_NE(job.error.find("4711"), std::string::npos);
  EXPECT_NE(job.error.find("run it again"), std::string::npos);
  EXPECT_NE(job.finished_us, 0);
  EXPECT_TRUE(catalog_->FailAbandonedJobs()->empty());
}

TEST_F(CatalogTest, RowErrorsKeepTheirOrder) {
  ASSERT_TRUE(catalog_->PutJob({.id = "j", .state = JobState::kRunning}).ok());
  ASSERT_TRUE(catalog_->AddJobRowErrors("j", {{"b", "empty text"}, {"a", "null text"}}).ok());
  ASSERT_TRUE(catalog_->AddJobRowErrors("j", {{"c", std::string("zero\0inside", 11)}}).ok());
  // Progress of the job, which replaces its row, keeps them.
  ASSERT_TRUE(catalog_->PutJob({.id = "j", .state = JobState::kSucceeded}).ok());
  const auto errors = catalog_->ListJobRowErrors("j").value();
  ASSERT_EQ(errors.size(), 3u);
  EXPECT_EQ(errors[0].row_id, "b");
  EXPECT_EQ(errors[2].reason, std::string("zero\0inside", 11));
}

TEST_F(CatalogTest, TheRevisionMovesWithEveryChangeAndOnlyThen) {
  auto other = Catalog::Open(options()).value();
  auto reader_options = options();
  reader_options.read_only = true;
  auto reader = Catalog::Open(reader_options).value();
  for (int i = 0; i < 3; ++i) {
    const auto mine = catalog_->Revision().value(), theirs = other->Revision().value(),
               reads = reader->Revision().value();
    EXPECT_EQ(catalog_->Revision().value(), mine);
    EXPECT_EQ(reader->Revision().value(), reads);
    ASSERT_TRUE(catalog_->PutModel({.id = "m" + std::to_string(i)}).ok());
    EXPECT_NE(catalog_->Revision().value(), mine);
    EXPECT_NE(other->Revision().value(), theirs);
    EXPECT_NE(reader->Revision().value(), reads);
  }
}

TEST_F(CatalogTest, FinishedJobsPastTheBoundAreForgotten) {
  CatalogOptions bounded = options();
  bounded.finished_job_count_max = 3;
  catalog_.reset();
  catalog_ = Catalog::Open(bounded).value();
  ASSERT_TRUE(catalog_->PutJob({.id = "running", .state = JobState::kRunning}).ok());
  for (int i = 0; i < 6; ++i) {
    JobEntry job{.id = "j" + std::to_string(i), .state = JobState::kRunning};
    ASSERT_TRUE(catalog_->PutJob(job).ok());
    ASSERT_TRUE(catalog_->AddJobRowErrors(job.id, {{"r", "empty"}}).ok());
    clock_.SleepFor(std::chrono::seconds(1));
    job.state = i % 2 == 0 ? JobState::kSucceeded : JobState::kFailed;
    ASSERT_TRUE(catalog_->PutJob(job).ok());
  }
  std::vector<std::string> ids;
  const auto jobs = catalog_->ListJobs().value();
  for (const JobEntry& job : jobs) ids.push_back(job.id);
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(ids, (std::vector<std::string>{"j3", "j4", "j5", "running"}));
  EXPECT_EQ(catalog_->GetJob("j2").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(catalog_->ListJobRowErrors("j3")->size(), 1u);
  EXPECT_TRUE(catalog_->Verify().ok());
}

TEST_F(CatalogTest, EvalRunsSurviveReopeningNewestFirst) {
  const EvalRunEntry run{.id = "eval-1",
                         .name = "graph",
                         .task = "retrieval",
                         .target = "T",
                         .options_json = "{}",
                         .queries_path = "/q.jsonl",
                         .judgements = "/qrels.tsv",
                         .query_count = 300,
                         .figures_json = R"({"ndcg@10": 0.5})",
                         .answers_sha256 = "ab",
                         .created_us = 7};
  ASSERT_TRUE(catalog_->AddEvalRun(run).ok());
  ASSERT_TRUE(catalog_->AddEvalRun({.id = "eval-2"}).ok());
  EXPECT_EQ(catalog_->AddEvalRun(run).code(), StatusCode::kAlreadyExists);
  Reopen();
  const auto runs = catalog_->ListEvalRuns().value();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].id, "eval-2");
  EXPECT_EQ(runs[0].created_us, clock_.unix_us());
  const auto again = catalog_->GetEvalRun("eval-1").value();
  EXPECT_EQ(again.name + again.task + again.target + again.options_json, "graphretrievalT{}");
  EXPECT_EQ(again.queries_path + again.judgements, "/q.jsonl/qrels.tsv");
  EXPECT_EQ(again.query_count, 300);
  EXPECT_EQ(again.figures_json + again.answers_sha256, R"({"ndcg@10": 0.5}ab)");
  EXPECT_EQ(again.created_us, 7);
  ASSERT_TRUE(catalog_->RemoveEvalRun("eval-1").ok());
  const auto gone = catalog_->GetEvalRun("eval-1").status();
  EXPECT_EQ(gone.code(), StatusCode::kNotFound);
  EXPECT_NE(gone.message().find("eval-1"), std::string::npos);
  EXPECT_EQ(catalog_->RemoveEvalRun("eval-1").code(), StatusCode::kNotFound);
}

TEST_F(CatalogTest, PathsInsideTheFolderMoveWithIt) {
  const std::string inside = (folder_ / "imports/a.parquet").string();
  SourceEntry source = Papers();
  source.patterns = {inside, "/data/*.parquet"};
  source.files = {{inside, 12, 34, ""}, {"/data/b.parquet", 5, 6, ""}};
  ASSERT_TRUE(catalog_->AddSource(source).ok());
  ASSERT_TRUE(catalog_->PutModel({.id = "m", .path = (folder_ / "models/m").string()}).ok());
  EXPECT_EQ(catalog_->GetSource("papers")->patterns[0], inside);
  catalog_.reset();
  const std::filesystem::path moved = folder_.string() + "-moved";
  std::filesystem::rename(folder_, moved);
  CatalogOptions there = options();
  there.path = (moved / "catalog.sqlite").string();
  for (const bool read_only : {false, true}) {
    there.read_only = read_only;
    auto catalog = Catalog::Open(there).value();
    const std::string now = (moved / "imports/a.parquet").string();
    const auto found = catalog->ListSources().value().at(0);
    EXPECT_EQ(found.patterns, (std::vector<std::string>{now, "/data/*.parquet"}));
    EXPECT_EQ(found.files[0].path, now);
    EXPECT_EQ(found.files[1].path, "/data/b.parquet");
    EXPECT_EQ(catalog->GetModel("m")->path, (moved / "models/m").string());
  }
  std::filesystem::rename(moved, folder_);
}

}  // namespace
}  // namespace iolite::catalog
