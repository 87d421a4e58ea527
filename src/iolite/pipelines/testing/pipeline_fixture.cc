#include "iolite/pipelines/testing/pipeline_fixture.h"

#include <arrow/scalar.h>
#include <arrow/table.h>

#include "iolite/sql/source.h"
#include "iolite/storage/local_store.h"

namespace iolite::pipelines::testing {
namespace {

std::string TextAt(const arrow::Table& table, int column, int64_t row) {
  return (*table.column(column)->GetScalar(row))->ToString();
}

}  // namespace

PipelineTest::PipelineTest() {
  models_.models["M"] = {};
  Reopen();
}

void PipelineTest::Close() {
  results_.reset();
  database_.reset();
  catalog_.reset();
  store_.reset();
}

void PipelineTest::Reopen() {
  Close();
  store_ = storage::OpenLocalStore({.root = database_folder_}).value();
  catalog_ = catalog::Catalog::Open({.path = database_folder_ + "/catalog.sqlite"}).value();
  results_ =
      results::ResultStore::Open({.store = store_.get(), .executor = executor_.get()}).value();
  database_ =
      sql::Database::Open({.path = database_folder_ + "/tables.duckdb", .thread_count = 2}).value();
  options_ = {.catalog = catalog_.get(),
              .results = results_.get(),
              .database = database_.get(),
              .models = &models_,
              .executor = executor_.get(),
              .store = store_.get(),
              .window_row_count = 64,
              .part_row_count = 100};
}

void PipelineTest::Execute(const std::string& sql) {
  auto session = database_->Connect().value();
  auto rows = session->QueryTable(context_, sql);
  ASSERT_TRUE(rows.ok()) << sql << ": " << rows.status().ToString();
}

std::map<std::string, std::string> PipelineTest::Pairs(const std::string& sql) {
  auto session = database_->Connect().value();
  auto rows = session->QueryTable(context_, sql);
  EXPECT_TRUE(rows.ok()) << sql << ": " << rows.status().ToString();
  std::map<std::string, std::string> pairs;
  for (int64_t row = 0; rows.ok() && row < (*rows)->num_rows(); ++row) {
    bool added = pairs.emplace(TextAt(**rows, 0, row), TextAt(**rows, 1, row)).second;
    EXPECT_TRUE(added) << TextAt(**rows, 0, row) << " is there twice";
  }
  return pairs;
}

void PipelineTest::WriteParquet(const std::string& file, const std::string& rows) {
  Execute("COPY (" + rows + ") TO " + sql::QuoteLiteral(folder_ / file) + " (FORMAT parquet)");
}

void PipelineTest::AddSource(const std::string& name, const std::string& rows) {
  WriteParquet(name + ".parquet", rows);
  if (catalog_->GetSource(name).ok()) return;
  auto entry = sql::ReadSource(context_, *database_,
                               {.name = name, .patterns = {folder_ / (name + ".parquet")}});
  ASSERT_TRUE(entry.ok()) << entry.status().ToString();
  ASSERT_TRUE(catalog_->AddSource(*entry).ok());
}

std::map<std::string, std::string> PipelineTest::Visible(const std::string& table) {
  auto select = results_->SelectStatement(table);
  EXPECT_TRUE(select.ok()) << select.status().ToString();
  if (!select.ok()) return {};
  return Pairs("SELECT _row_id, _content_hash FROM (" + *select + ")");
}

void PipelineTest::ExpectVectors(const std::string& table,
                                 const std::map<std::string, std::string>& texts) {
  auto snapshot = results_->Get(table);
  ASSERT_TRUE(snapshot.ok()) << snapshot.status().ToString();
  EXPECT_EQ((*snapshot)->row_count, static_cast<int64_t>(texts.size()));
  EXPECT_EQ(Visible(table).size(), texts.size());
  int32_t dimension = (*snapshot)->materialization.dimension;
  std::vector<float> vector(static_cast<size_t>(dimension));
  for (const auto& [row_id, text] : texts) {
    int found = 0;
    for (const auto& part : (*snapshot)->parts) {
      auto ordinal = part.segment->FindRow(row_id).value();
      if (!ordinal || (part.hidden && part.hidden->Contains(*ordinal))) continue;
      ++found;
      ASSERT_TRUE(part.segment->ReadVector(*ordinal, vector).ok());
      ASSERT_EQ(vector, FakeModelStore::VectorOf(text, dimension)) << row_id;
    }
    ASSERT_EQ(found, 1) << row_id;
  }
}

catalog::JobEntry PipelineTest::LastJob() {
  auto jobs = catalog_->ListJobs();
  EXPECT_TRUE(jobs.ok() && !jobs->empty());
  return jobs->front();
}

std::vector<std::string> PipelineTest::ResultFiles() {
  std::vector<std::string> paths;
  auto objects = store_->List("results/").value();
  for (const auto& object : objects) paths.push_back(object.path);
  return paths;
}

}  // namespace iolite::pipelines::testing
