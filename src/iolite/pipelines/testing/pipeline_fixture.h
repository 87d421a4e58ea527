#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "iolite/pipelines/embed.h"
#include "iolite/pipelines/testing/fake_models.h"
#include "iolite/storage/object_store.h"
#include "iolite/storage/testing/temporary_folder.h"

namespace iolite::pipelines::testing {

/// A database in a folder of its own, with a fake model `M`.
class PipelineTest : public ::testing::Test {
 protected:
  PipelineTest();

  /// Closes everything and opens it again, as another process would.
  void Reopen();
  void Close();
  /// Runs SQL that gives nothing.
  void Execute(const std::string& sql);
  /// Rows of two columns, as text.
  std::map<std::string, std::string> Pairs(const std::string& sql);
  /// Writes `rows`, a SELECT statement, to a Parquet file and registers that as a source.
  /// Overwrites.
  void AddSource(const std::string& name, const std::string& rows);
  void WriteParquet(const std::string& file, const std::string& rows);

  /// What SQL sees of a result table: id to content hash.
  std::map<std::string, std::string> Visible(const std::string& table);
  /// Checks that every visible row of `table` has the fake vector of its text in `texts` (id to
  /// text).
  void ExpectVectors(const std::string& table, const std::map<std::string, std::string>& texts);
  catalog::JobEntry LastJob();
  std::vector<std::string> ResultFiles();

  storage::testing::TemporaryFolder folder_;
  std::string database_folder_ = folder_ / "db";
  FakeModelStore models_;
  std::unique_ptr<Executor> executor_ = Executor::Threads(2);
  std::unique_ptr<storage::ObjectStore> store_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<results::ResultStore> results_;
  std::unique_ptr<sql::Database> database_;
  PipelineOptions options_;
  RequestContext context_;
  EmbedRequest request_{.source = "papers", .model = "M", .columns = {"title"}, .key = "id"};
};

}  // namespace iolite::pipelines::testing
