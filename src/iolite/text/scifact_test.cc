#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <nlohmann/json.hpp>

#include "iolite/text/testing/text_model.h"

namespace iolite::text {
namespace {

struct Collection {
  std::vector<std::string> ids;
  testing::Rows rows;
  std::vector<std::pair<std::string, std::string>> queries;
  std::map<std::string, std::map<std::string, int>> grades;
};

Collection ReadCollection(const std::string& folder) {
  Collection collection;
  std::string line;
  for (std::ifstream file(folder + "/corpus.jsonl"); std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line);
    collection.ids.push_back(json["_id"]);
    collection.rows.push_back({json["title"], json["text"]});
  }
  for (std::ifstream file(folder + "/queries.jsonl"); std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line);
    collection.queries.emplace_back(json["_id"], json["text"]);
  }
  std::ifstream file(folder + "/qrels/test.tsv");
  std::getline(file, line);
  for (std::string query, document, grade; file >> query >> document >> grade;) {
    collection.grades[query][document] = std::stoi(grade);
  }
  return collection;
}

double Dcg(const std::vector<int>& grades) {
  double sum = 0;
  for (size_t i = 0; i < std::min<size_t>(grades.size(), 10); ++i) {
    sum += grades[i] / std::log2(static_cast<double>(i) + 2);
  }
  return sum;
}

// The figures that Lucene's BM25 is published with, over title and text as one.
TEST(SciFact, Bm25ReachesLucenesFigures) {
  const std::string folder = std::string(IOLITE_SOURCE_DIR) + "/../shared/data/scifact";
  if (!std::filesystem::exists(folder + "/corpus.jsonl")) GTEST_SKIP() << folder << " is absent";
  const Collection collection = ReadCollection(folder);
  TextIndexBuildOptions options;
  options.analyzer = {.language = "en", .stemmer = "porter"};
  options.fields = {{"title"}, {"text"}};
  options.positions = false;
  const auto index = testing::OpenBytes(testing::Build(options, collection.rows));
  double ndcg = 0, recall = 0, count = 0;
  for (const auto& [id, text] : collection.queries) {
    const auto judged = collection.grades.find(id);
    if (judged == collection.grades.end()) continue;
    const TextQuery query = TextQuery::Parse(text, {.literal = true}).value();
    const auto hits = testing::Search(*index, {.k = 100, .bm25 = {.k1 = 0.9f, .b = 0.4f}}, query);
    std::vector<int> grades, best;
    double found = 0;
    for (const auto& [document, grade] : judged->second) best.push_back(grade);
    for (const TextHit& hit : hits) {
      const auto grade = judged->second.find(collection.ids[hit.row]);
      grades.push_back(grade == judged->second.end() ? 0 : grade->second);
      found += grades.back() > 0 ? 1 : 0;
    }
    std::sort(best.rbegin(), best.rend());
    ndcg += Dcg(grades) / Dcg(best);
    recall += found / static_cast<double>(best.size());
    ++count;
  }
  ASSERT_EQ(count, 300);
  EXPECT_NEAR(ndcg / count, 0.6789, 0.005);
  EXPECT_NEAR(recall / count, 0.9253, 0.005);
  RecordProperty("ndcg_at_10", std::to_string(ndcg / count));
  RecordProperty("recall_at_100", std::to_string(recall / count));
  std::printf("nDCG@10 %.4f, recall@100 %.4f\n", ndcg / count, recall / count);
}

}  // namespace
}  // namespace iolite::text
