#include "iolite/search/testing/search_fixture.h"

#include <arrow/api.h>

#include "iolite/base/random.h"
#include "iolite/search/explanation.h"
#include "iolite/sql/source.h"

namespace iolite::search::testing {

SearchFixture::SearchFixture()
    : folder_(std::filesystem::temp_directory_path() /
              ("iolite-search-" + Random::System().NextHex(12))),
      executor_(Executor::Threads(2)),
      embedder_(std::make_shared<FakeEmbedder>(2)) {
  std::filesystem::create_directories(folder_);
  catalog_ = std::move(*catalog::Catalog::Open({.path = Path("catalog.sqlite")}));
  database_ = std::move(*sql::Database::Open({}));
  database_->SetTableResolver([](std::string_view, std::string_view, std::string_view) {
    return Result<std::optional<std::string>>(std::optional<std::string>());
  });
  session_ = std::move(*database_->Connect());
  SearcherOptions options;
  options.catalog = catalog_.get();
  options.results = &results_;
  options.database = database_.get();
  options.executor = executor_.get();
  options.load_embedder = [this](const RequestContext&, std::string_view) {
    return Result<std::shared_ptr<const models::Embedder>>(embedder_);
  };
  searcher_ = std::move(*Searcher::Make(std::move(options)));
}

SearchFixture::~SearchFixture() { std::filesystem::remove_all(folder_); }

std::shared_ptr<arrow::Table> SearchFixture::Sql(const std::string& sql) {
  auto table = session_->QueryTable({}, sql);
  EXPECT_TRUE(table.ok()) << table.status().ToString();
  return table.ok() ? *table : nullptr;
}

void SearchFixture::Write(const std::string& file, const std::string& select,
                          const std::string& options) {
  const std::string ending = std::filesystem::path(file).extension().string().substr(1);
  Sql(fmt::format("COPY ({}) TO {} (FORMAT {}{})", select, sql::QuoteLiteral(Path(file)),
                  ending == "jsonl" ? "json" : ending, options));
}

void SearchFixture::AddSource(const std::string& name, const std::vector<std::string>& patterns) {
  sql::SourceRequest request{name, {}, ""};
  for (const std::string& pattern : patterns) request.patterns.push_back(Path(pattern));
  auto entry = sql::ReadSource({}, *database_, request);
  ASSERT_TRUE(entry.ok()) << entry.status().ToString();
  const Status added = catalog_->AddSource(*entry);
  ASSERT_TRUE(added.ok()) << added.ToString();
}

std::string SearchFixture::AddTable(const std::string& source, const std::string& key_column,
                                    std::vector<FakeRows> parts, vector::Metric metric,
                                    std::vector<std::vector<uint32_t>> hidden) {
  catalog::TableEntry entry;
  entry.name = fmt::format("{}__t{}", source, ++table_count_);
  entry.source = source;
  entry.task = "embedding";
  entry.model_id = "letters";
  entry.key_column = key_column;
  entry.text_columns = {"title"};
  entry.metric = vector::MetricName(metric);
  entry.dimension = 2;
  entry.created_us = table_count_;
  auto snapshot = MakeSnapshot(std::move(parts), metric, 2, std::move(hidden));
  if (const auto files = catalog_->GetSource(source); files.ok()) {
    for (const catalog::FileAnchor& file : files->files) {
      snapshot->materialization.inputs.push_back(
          {file.path, file.size_bytes, file.modified_us, file.etag});
    }
  }
  results_.Put(entry.name, std::move(snapshot));
  const Status put = catalog_->PutTable(entry);
  EXPECT_TRUE(put.ok()) << put.ToString();
  return entry.name;
}

SearchResponse SearchFixture::Found(const SearchRequest& request) {
  auto response = Search(request);
  EXPECT_TRUE(response.ok()) << response.status().ToString();
  return response.ok() ? std::move(*response) : SearchResponse{};
}

Status SearchFixture::Failed(const SearchRequest& request) {
  const auto response = Search(request);
  EXPECT_FALSE(response.ok()) << "the search was answered";
  return response.status();
}

std::string SearchFixture::Explained(const SearchRequest& request) {
  Trace trace;
  RequestContext context;
  context.trace = &trace;
  const auto response = searcher_->Search(context, request);
  EXPECT_TRUE(response.ok()) << response.status().ToString();
  return FormatExplanation(trace);
}

std::vector<std::string> SearchFixture::Ids(const SearchResponse& response) {
  std::vector<std::string> ids;
  for (const Hit& hit : response.hits) ids.push_back(hit.id);
  return ids;
}

std::vector<std::string> SearchFixture::Column(const SearchResponse& response,
                                               const std::string& name) {
  std::vector<std::string> texts;
  const auto column = response.rows ? response.rows->GetColumnByName(name) : nullptr;
  EXPECT_NE(column, nullptr) << "no column " << name;
  for (int64_t i = 0; column && i < column->length(); ++i) {
    texts.push_back(column->GetScalar(i).ValueOrDie()->ToString());
  }
  return texts;
}

FakeRows NumberedRows(int count, int first) {
  FakeRows rows;
  for (int i = first; i < first + count; ++i) {
    rows.ids.push_back(fmt::format("{}", i));
    rows.vectors.push_back({static_cast<float>(i), 0});
  }
  return rows;
}

SearchRequest FromOrigin(const std::string& source, int64_t k) {
  SearchRequest request;
  request.source = source;
  request.query.vector = {0, 0};
  request.k = k;
  return request;
}

}  // namespace iolite::search::testing
