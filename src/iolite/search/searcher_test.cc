#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "iolite/search/testing/search_fixture.h"

namespace iolite::search {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FromOrigin;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::NumberedRows;
using ::testing::SizeIs;

constexpr const char* kPapers =
    "SELECT i AS id, 'title ' || i AS title, 2000 + i % 10 AS year FROM range(100) t(i)";

class SearcherTest : public testing::SearchFixture {
 protected:
  void AddPapers() {
    Write("papers.parquet", kPapers);
    AddSource("papers", {"papers.parquet"});
    table_ = AddTable("papers", "id", {NumberedRows(60), NumberedRows(40, 60)});
  }
  std::string table_;
};

TEST_F(SearcherTest, HitsCarryIdsScoresEvidenceAndRows) {
  AddPapers();
  const SearchResponse response = Found(FromOrigin("papers"));
  EXPECT_EQ(response.table, table_);
  EXPECT_THAT(Ids(response), ElementsAre("0", "1", "2"));
  EXPECT_EQ(response.hits[2].distance, 2);
  EXPECT_EQ(response.hits[2].score, -2);
  ASSERT_THAT(response.hits[2].retrieved_by, SizeIs(1));
  EXPECT_EQ(response.hits[2].retrieved_by[0].channel, "vector");
  EXPECT_EQ(response.hits[2].retrieved_by[0].rank, 3);
  EXPECT_EQ(response.hits[2].retrieved_by[0].score, -2);
  EXPECT_THAT(Column(response, "title"), ElementsAre("title 0", "title 1", "title 2"));
  EXPECT_THAT(response.rows->schema()->field_names(), ElementsAre("id", "title", "year"));
  EXPECT_THAT(response.warnings, IsEmpty());
}

TEST_F(SearcherTest, ScoresFollowTheMetric) {
  AddTable("c", "", {{{"a", "b"}, {{2, 0}, {0, 3}}}}, vector::Metric::kCosine);
  AddTable("p", "", {{{"a", "b"}, {{2, 0}, {0, 3}}}}, vector::Metric::kInnerProduct);
  SearchRequest request = FromOrigin("c");
  request.fetch_rows = false;
  request.query.vector = {1, 0};
  const SearchResponse cosine = Found(request);
  EXPECT_FLOAT_EQ(cosine.hits[0].score, 1);
  EXPECT_FLOAT_EQ(cosine.hits[0].distance, 0);
  EXPECT_FLOAT_EQ(cosine.hits[1].score, 0);
  request.source = "p";
  const SearchResponse product = Found(request);
  EXPECT_FLOAT_EQ(product.hits[0].score, 2);
  EXPECT_FLOAT_EQ(product.hits[0].distance, -2);
}

TEST_F(SearcherTest, KOfNothingAndOfEverything) {
  AddPapers();
  const SearchResponse none = Found(FromOrigin("papers", 0));
  EXPECT_THAT(none.hits, IsEmpty());
  ASSERT_NE(none.rows, nullptr);
  EXPECT_EQ(none.rows->num_columns(), 3);
  EXPECT_THAT(Found(FromOrigin("papers", std::numeric_limits<int64_t>::max())).hits, SizeIs(100));
  SearchRequest filtered = FromOrigin("papers", 1'000'000);
  filtered.where = "year = 2003";
  EXPECT_THAT(Found(filtered).hits, SizeIs(10));
  EXPECT_THAT(Failed(FromOrigin("papers", -1)).message(), HasSubstr("k is -1"));
}

TEST_F(SearcherTest, NamesOfSourcesAndTablesAreUnderstood) {
  AddPapers();
  for (const std::string& name :
       {std::string("papers"), std::string("papers.public.papers"), table_}) {
    EXPECT_THAT(Ids(Found(FromOrigin(name, 1))), ElementsAre("0")) << name;
  }
  const Status unknown = Failed(FromOrigin("paper"));
  EXPECT_EQ(unknown.code(), StatusCode::kNotFound);
  EXPECT_THAT(unknown.message(),
              AllOf(HasSubstr("\"paper\""), HasSubstr("papers"), HasSubstr(table_)));
  EXPECT_EQ(Failed(FromOrigin("")).code(), StatusCode::kInvalidArgument);
}

TEST_F(SearcherTest, ASourceWithoutVectorsSaysHowToEmbed) {
  Write("new.csv", kPapers);
  AddSource("new", {"new.csv"});
  Sql("CREATE TABLE notes (id INT)");
  for (const char* name : {"new", "notes"}) {
    const Status status = Failed(FromOrigin(name));
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(status.message(), HasSubstr("iolite embed"));
  }
}

TEST_F(SearcherTest, ANewerTableAnswersAtOnce) {
  AddPapers();
  EXPECT_EQ(Found(FromOrigin("papers")).table, table_);
  const std::string newer = AddTable("papers", "id", {NumberedRows(5, 50)});
  const SearchResponse response = Found(FromOrigin("papers", 2));
  EXPECT_EQ(response.table, newer);
  EXPECT_THAT(Ids(response), ElementsAre("50", "51"));
  EXPECT_THAT(Column(response, "id"), ElementsAre("50", "51"));
}

TEST_F(SearcherTest, WrongQueriesAreRefused) {
  AddPapers();
  SearchRequest request = FromOrigin("papers");
  request.query.vector = {1, 2, 3};
  EXPECT_THAT(Failed(request).message(),
              AllOf(HasSubstr("has 3 numbers"), HasSubstr("have 2"), HasSubstr(table_)));
  request.query.vector = {1, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_THAT(Failed(request).message(), HasSubstr("Number 2 of the query vector is NaN"));
  request.query.text = "a";
  EXPECT_THAT(Failed(request).message(), HasSubstr("2 are given"));
  request.query = {};
  EXPECT_THAT(Failed(request).message(), HasSubstr("0 are given"));
  request.query.text = " \n";
  EXPECT_THAT(Failed(request).message(), HasSubstr("empty"));
  request = FromOrigin("papers");
  request.ef = -2;
  EXPECT_EQ(Failed(request).code(), StatusCode::kInvalidArgument);
  request = FromOrigin("papers");
  request.target_recall = 1.5;
  EXPECT_THAT(Failed(request).message(), HasSubstr("1.5"));
  request.target_recall = std::nan("");
  EXPECT_EQ(Failed(request).code(), StatusCode::kInvalidArgument);
  request.target_recall = 0.9;
  request.ef = 20;
  EXPECT_THAT(Failed(request).message(), AllOf(HasSubstr("ef 20"), HasSubstr("recall of 0.9")));
  request = FromOrigin("papers");
  request.select = {"titel"};
  EXPECT_THAT(Failed(request).message(), HasSubstr("Its columns: id, title, year"));
}

TEST_F(SearcherTest, TextGoesThroughTheTablesModelAsAQuery) {
  AddPapers();
  SearchRequest request = FromOrigin("papers", 1);
  request.query = {};
  request.query.text = "aaaaaaa";
  EXPECT_THAT(Ids(Found(request)), ElementsAre("7"));
  EXPECT_TRUE(embedder_->asked_as_query);
  embedder_->mutable_info().dimension = 3;
  EXPECT_EQ(Failed(request).code(), StatusCode::kFailedPrecondition);
}

TEST_F(SearcherTest, TextNeedsAModel) {
  AddPapers();
  auto entry = *catalog_->GetTable(table_);
  entry.model_id = "";
  ASSERT_TRUE(catalog_->PutTable(entry).ok());
  SearchRequest request = FromOrigin("papers");
  request.query = {};
  request.query.text = "a";
  EXPECT_EQ(Failed(request).code(), StatusCode::kFailedPrecondition);
}

TEST_F(SearcherTest, AChangedModelIsToldOf) {
  AddPapers();
  auto snapshot = std::make_shared<results::Snapshot>(**results_.Get(table_));
  snapshot->materialization.model_content_hash = "other";
  results_.Put(table_, snapshot);
  SearchRequest request = FromOrigin("papers");
  request.query = {};
  request.query.text = "a";
  EXPECT_THAT(Found(request).warnings, ElementsAre(HasSubstr("model letters changed")));
}

TEST_F(SearcherTest, LikeLeavesTheExampleOut) {
  AddPapers();
  SearchRequest request = FromOrigin("papers", 3);
  request.query = {};
  request.query.like_id = "50";
  EXPECT_THAT(Ids(Found(request)), ElementsAre("49", "51", "48"));
  request.where = "id < 50";
  EXPECT_THAT(Ids(Found(request)), ElementsAre("49", "48", "47"));
  request.query.like_id = "1000";
  EXPECT_EQ(Failed(request).code(), StatusCode::kNotFound);
}

TEST_F(SearcherTest, IndexWarningsArePassedOn) {
  AddPapers();
  auto snapshot = testing::MakeSnapshot({NumberedRows(5)}, vector::Metric::kL2, 2);
  const auto& segment = static_cast<const testing::FakeSegment&>(*snapshot->parts[0].segment);
  const_cast<testing::FakeSegment&>(segment).warning = "the index is damaged";
  results_.Put(table_, snapshot);
  EXPECT_THAT(Found(FromOrigin("papers")).warnings, ElementsAre("the index is damaged"));
}

TEST_F(SearcherTest, ABatchAnswersAsSingleSearchesDo) {
  AddPapers();
  SearchRequest settings = FromOrigin("papers", 4);
  settings.where = "year <> 2003";
  std::vector<Query> queries;
  for (int i = 0; i < 50; ++i) {
    Query query;
    if (i % 3 == 0) query.vector = {static_cast<float>(i), 1};
    if (i % 3 == 1) query.text = std::string(static_cast<size_t>(i), 'a');
    if (i % 3 == 2) query.like_id = fmt::format("{}", i);
    queries.push_back(query);
  }
  for (const int32_t thread_count : {1, 2, 0}) {
    embedder_->run_count = 0;
    const auto batch = searcher_->SearchBatch({}, settings, queries, thread_count);
    ASSERT_TRUE(batch.ok()) << batch.status().ToString();
    EXPECT_EQ(embedder_->run_count, 1);
    ASSERT_THAT(*batch, SizeIs(queries.size()));
    for (size_t i = 0; i < queries.size(); ++i) {
      SearchRequest single = settings;
      single.query = queries[i];
      const SearchResponse expected = Found(single);
      EXPECT_EQ(Ids((*batch)[i]), Ids(expected)) << "query " << i;
      EXPECT_TRUE((*batch)[i].rows->Equals(*expected.rows)) << "query " << i;
    }
  }
  EXPECT_TRUE(searcher_->SearchBatch({}, settings, {}, 0)->empty());
  queries[7] = {};
  EXPECT_THAT(searcher_->SearchBatch({}, settings, queries, 0).status().message(),
              HasSubstr("Query 8"));
  EXPECT_EQ(searcher_->SearchBatch({}, settings, {}, -1).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(SearcherTest, AnExplanationNamesTheSteps) {
  AddPapers();
  SearchRequest request = FromOrigin("papers");
  request.query = {};
  request.query.text = "aa";
  request.where = "year > 2004";
  EXPECT_THAT(Explained(request),
              AllOf(HasSubstr("resolve"), HasSubstr("is answered by papers__t1"),
                    HasSubstr("embed"), HasSubstr("letters, f32, 1 text"),
                    HasSubstr("`year > 2004` passes 50 of 100 rows, evaluated"), HasSubstr("index"),
                    HasSubstr("segment 2 of 2: flat f32, plan: exact"), HasSubstr("rows"),
                    HasSubstr("3 rows of papers")));
  EXPECT_THAT(Explained(request), AllOf(HasSubstr("known from before"), HasSubstr("from cache")));
}

TEST_F(SearcherTest, RowSchemaIsWhatRowsHave) {
  AddPapers();
  const auto schema = searcher_->RowSchema({}, "papers", {"year", "ID"});
  ASSERT_TRUE(schema.ok()) << schema.status().ToString();
  EXPECT_THAT((*schema)->field_names(), ElementsAre("year", "id"));
  SearchRequest request = FromOrigin("papers");
  request.select = {"year", "ID"};
  EXPECT_TRUE(Found(request).rows->schema()->Equals(**schema));
}

TEST_F(SearcherTest, ADeadlineOrACancelStopsIt) {
  AddPapers();
  RequestContext context;
  context.cancel.Cancel();
  EXPECT_EQ(searcher_->Search(context, FromOrigin("papers")).status().code(),
            StatusCode::kCancelled);
}

}  // namespace
}  // namespace iolite::search
