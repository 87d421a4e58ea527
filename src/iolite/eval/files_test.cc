#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "iolite/base/random.h"
#include "iolite/eval/qrels_file.h"
#include "iolite/eval/query_file.h"
#include "iolite/eval/run_file.h"

namespace iolite::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EvalFiles : public ::testing::Test {
 protected:
  EvalFiles()
      : folder_(std::filesystem::temp_directory_path() /
                ("iolite-eval-" + Random::System().NextHex(12))) {
    std::filesystem::create_directories(folder_);
  }
  ~EvalFiles() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = folder_ / name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  Status QueriesError(const std::string& content) {
    return ReadQueries(Write("q", content)).status();
  }
  Status QrelsError(const std::string& content) { return ReadQrels(Write("r", content)).status(); }
  Status RunError(const std::string& content) { return ReadRun(Write("run", content)).status(); }

  const std::filesystem::path folder_;
};

std::vector<std::pair<std::string, std::string>> Pairs(
    const Result<std::vector<EvalQuery>>& queries) {
  EXPECT_TRUE(queries.ok()) << queries.status().ToString();
  std::vector<std::pair<std::string, std::string>> pairs;
  if (queries.ok()) {
    for (const EvalQuery& query : *queries) pairs.emplace_back(query.id, query.text);
  }
  return pairs;
}

TEST_F(EvalFiles, QueriesInBeirsLayout) {
  EXPECT_THAT(Pairs(ReadQueries(Write("q",
                                      "\xEF\xBB\xBF{\"_id\": \"q1\", \"text\": \"caf\\u00e9\"}\r\n"
                                      "\n{\"_id\": 2, \"text\": \"b\", \"metadata\": {}}"))),
              ElementsAre(std::pair("q1", "café"), std::pair("2", "b")));
}

TEST_F(EvalFiles, QueriesBetweenTabsWithAndWithoutHeader) {
  EXPECT_THAT(Pairs(ReadQueries(Write("q", "1\tbirds that\tcannot fly\n2\tb\n"))),
              ElementsAre(std::pair("1", "birds that\tcannot fly"), std::pair("2", "b")));
  EXPECT_THAT(Pairs(ReadQueries(Write("q", "query-id\ttext\n1\ta\n"))),
              ElementsAre(std::pair("1", "a")));
}

TEST_F(EvalFiles, QueriesHaveTheColumnsOfTheirFile) {
  const auto lines = ReadQueries(Write(
      "q",
      "{\"_id\": \"1\", \"text\": \"a\", \"year\": 1990, \"deep\": {}, \"metadata\": {\"kind\": "
      "\"x\"}}\n"));
  ASSERT_TRUE(lines.ok()) << lines.status().ToString();
  EXPECT_EQ(lines->front().columns,
            (std::map<std::string, std::string>{{"kind", "x"}, {"year", "1990"}}));
  const auto tabs = ReadQueries(Write("q", "id\tlanguage\ttext\n1\ten\ta b\n2\t\tc\n"));
  EXPECT_THAT(Pairs(tabs), ElementsAre(std::pair("1", "a b"), std::pair("2", "c")));
  EXPECT_EQ(tabs->at(0).columns, (std::map<std::string, std::string>{{"language", "en"}}));
  EXPECT_TRUE(tabs->at(1).columns.empty()) << "an empty field is no value";
  EXPECT_THAT(QueriesError("id\tlanguage\ttext\n1\ta\n").message(),
              HasSubstr("q:2: 2 fields where the header has 3"));
  EXPECT_THAT(QueriesError("id\tlanguage\twords\n1\ta\tb\n").message(),
              HasSubstr("q:1: the header names no column text or query"));
}

TEST_F(EvalFiles, QueriesAsTrecTopics) {
  EXPECT_THAT(
      Pairs(ReadQueries(Write("q",
                              "<top>\n<num> Number: 301\n<title> International\nOrganized Crime\n"
                              "<desc> Description:\nnot this\n</top>\n<top>\n<num>302</num>\n"
                              "<title>Polio</title>\n</top>\n"))),
      ElementsAre(std::pair("301", "International Organized Crime"), std::pair("302", "Polio")));
  EXPECT_THAT(QueriesError("<top>\n<num> 1\n").message(),
              HasSubstr(":2: the file ends inside <top>"));
}

TEST_F(EvalFiles, MalformedQueriesNameTheLine) {
  EXPECT_THAT(QueriesError("{\"_id\": \"1\", \"text\": \"a\"}\n{\"_id\": \n").message(),
              HasSubstr("q:2: not a JSON object"));
  EXPECT_THAT(QueriesError("{\"text\": \"a\"}\n").message(),
              HasSubstr("q:1: the object has no \"_id\""));
  EXPECT_THAT(QueriesError("{\"_id\": \"a\"}\n").message(),
              HasSubstr("q:1: the object has no \"text\""));
  EXPECT_THAT(QueriesError("1\ta\n\nb\n").message(), HasSubstr("q:3: no tab"));
  EXPECT_THAT(QueriesError("1\ta\n1\tb\n").message(),
              HasSubstr("q:2: the query id \"1\" came before"));
  EXPECT_THAT(QueriesError("").message(), HasSubstr("holds no queries"));
  EXPECT_EQ(ReadQueries(folder_ / "absent").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ReadQueries(folder_).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(EvalFiles, JudgementsInBothLayouts) {
  const Qrels expected = {{"1", {{"d1", 2}, {"d 2", 0}}}, {"2", {{"d1", -1}}}};
  EXPECT_EQ(*ReadQrels(Write("r", "query-id\tcorpus-id\tscore\n1\td1\t2\n1\td 2\t0\n2\td1\t-1\n")),
            expected);
  EXPECT_EQ(*ReadQrels(Write("r", "1\td1\t2\n1\td 2\t0\n2\td1\t-1\n")), expected);
  EXPECT_EQ(*ReadQrels(Write("r", "1 0 d1 2\n1\tQ0  d2\t0\r\n2 0 d1 -1")),
            (Qrels{{"1", {{"d1", 2}, {"d2", 0}}}, {"2", {{"d1", -1}}}}));
}

TEST_F(EvalFiles, MalformedJudgementsNameTheLine) {
  EXPECT_THAT(QrelsError("1 0 d1 2\n1 0 d2\n").message(), HasSubstr("r:2: not a judgement"));
  EXPECT_THAT(QrelsError("1 0 d1 high\n").message(), HasSubstr("r:1: the grade \"high\""));
  EXPECT_THAT(QrelsError("1 0 d1 1\n1 0 d1 2\n").message(),
              HasSubstr("r:2: query \"1\", document \"d1\""));
  EXPECT_THAT(QrelsError("just text\n").message(), HasSubstr("r:1: not a judgement"));
  EXPECT_THAT(QrelsError("query-id\tcorpus-id\tscore\n").message(),
              HasSubstr("holds no judgements"));
  EXPECT_TRUE(ReadQrels(Write("r", "1 0 d1 1\n1 0 d1 1\n")).ok());
}

TEST_F(EvalFiles, RunsAreReadAsTheyWereWritten) {
  const std::string path = folder_ / "run";
  const eval::Run run = {{"1", {{"a", 0.1}, {"b", 0.30000000000000004}}}, {"2", {{"c", -5}}}};
  ASSERT_TRUE(WriteRun(path, run, "two words").ok());
  const auto again = ReadRun(path);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_THAT(Rank(again->at("1")), ElementsAre("b", "a"));
  EXPECT_EQ(again->at("1")[1].score, 0.30000000000000004);
  EXPECT_EQ(WriteRun(path, {{"1", {{"a b", 1}}}}, "t").code(), StatusCode::kInvalidArgument);
}

TEST_F(EvalFiles, MalformedRunsNameTheLine) {
  EXPECT_THAT(RunError("1 Q0 d 1 0.5\n").message(), HasSubstr("run:1: 5 fields"));
  EXPECT_THAT(RunError("1 Q0 d 1 nan t\n").message(), HasSubstr("run:1: the score \"nan\""));
  EXPECT_THAT(RunError("1 Q0 d 1 1 t\n1 Q0 d 2 .5 t\n").message(),
              HasSubstr("run:2: query \"1\" has document \"d\" twice"));
  EXPECT_THAT(RunError("1 Q0 d 1 1 t\n2 Q0 d 1 1 t\n1 Q0 e 1 .5 t\n").message(),
              HasSubstr("run:3: query \"1\" has rank 1 twice"));
  EXPECT_THAT(RunError("1 Q0 d first 1 t\n").message(), HasSubstr("run:1: the rank \"first\""));
  EXPECT_THAT(RunError("\n").message(), HasSubstr("holds no run"));
}

TEST_F(EvalFiles, ARankingWithTiesSurvivesARunFile) {
  const std::vector<ScoredDocument> documents = {{"a", 0.5},         {"b", 0.5}, {"c", 0.7},
                                                 {"d", 0.5 + 1e-12}, {"e", -1},  {"f", -1}};
  const std::string path = folder_ / "run";
  ASSERT_TRUE(WriteRun(path, {{"1", WithFallingScores(documents)}}, "t").ok());
  EXPECT_THAT(Rank(ReadRun(path)->at("1")), ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_EQ(WithFallingScores(documents)[0].score, 0.5);
  EXPECT_EQ(WithFallingScores(documents)[4].score, -1);
}

TEST(Rank, TiesGoByIdGreatestFirst) {
  EXPECT_THAT(Rank({{"a", 1}, {"c", 1}, {"b", 2}, {"d", 1 + 1e-12}}),
              ElementsAre("b", "d", "c", "a"));
}

}  // namespace
}  // namespace iolite::eval
