#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "iolite/catalog/catalog.h"
#include "iolite/search/search.h"
#include "iolite/search/testing/fake_embedder.h"
#include "iolite/search/testing/fake_result_store.h"
#include "iolite/sql/database.h"

namespace iolite::search::testing {

/// A database in a folder of its own: a real catalog, real SQL over real files, result tables in
/// memory, a model that counts letters.
class SearchFixture : public ::testing::Test {
 protected:
  SearchFixture();
  ~SearchFixture() override;

  /// Runs SQL and expects it to work.
  std::shared_ptr<arrow::Table> Sql(const std::string& sql);
  std::string Path(const std::string& file) const { return folder_ / file; }
  /// Writes the rows of a SELECT as a file; its ending tells the format.
  void Write(const std::string& file, const std::string& select, const std::string& options = "");
  /// Registers files as a source.
  void AddSource(const std::string& name, const std::vector<std::string>& patterns);
  /// Gives a source or SQL table the result table `<source>__t<n>` with these parts; inputs are the
  /// files as the catalog knows them. Returns its name.
  std::string AddTable(const std::string& source, const std::string& key_column,
                       std::vector<FakeRows> parts, vector::Metric metric = vector::Metric::kL2,
                       std::vector<std::vector<uint32_t>> hidden = {});

  Result<SearchResponse> Search(const SearchRequest& request) {
    return searcher_->Search({}, request);
  }
  /// The answer, which must be one.
  SearchResponse Found(const SearchRequest& request);
  /// The error, which must be one.
  Status Failed(const SearchRequest& request);
  /// What `--explain` would print.
  std::string Explained(const SearchRequest& request);

  static std::vector<std::string> Ids(const SearchResponse& response);
  /// A column of the rows as text; `null` where it is.
  static std::vector<std::string> Column(const SearchResponse& response, const std::string& name);

  const std::filesystem::path folder_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<sql::Session> session_;
  FakeResultStore results_;
  std::shared_ptr<FakeEmbedder> embedder_;
  std::unique_ptr<Searcher> searcher_;

 private:
  int table_count_ = 0;
};

/// `count` rows with the ids `first`, `first + 1`, … and the vectors (id, 0).
FakeRows NumberedRows(int count, int first = 0);

/// A request for the k rows of `source` nearest to (0, 0).
SearchRequest FromOrigin(const std::string& source, int64_t k = 3);

}  // namespace iolite::search::testing
