#include "iolite/text/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "iolite/storage/memory_store.h"
#include "iolite/text/testing/text_model.h"

namespace iolite::text {
namespace {

using testing::Build;
using ::testing::HasSubstr;
using testing::OpenBytes;
using testing::Parse;
using testing::RandomRows;
using testing::Rows;
using testing::Search;

TextIndexBuildOptions OneField() {
  TextIndexBuildOptions options;
  options.fields = {{"body"}};
  return options;
}

// What is found is what the model says: the same rows, scores to 1e-6 of each, in order.
void ExpectAsModel(const TextIndex& index, const testing::TextModel& model, const TextQuery& query,
                   const Bm25& bm25 = {}) {
  SCOPED_TRACE(query.text());
  const auto scores = model.Scores(query, bm25);
  const auto hits = Search(index, {.k = scores.size(), .bm25 = bm25}, query);
  size_t matches = 0;
  for (const double score : scores) matches += score > 0 ? 1 : 0;
  ASSERT_EQ(hits.size(), matches);
  for (size_t i = 0; i < hits.size(); ++i) {
    ASSERT_GT(scores[hits[i].row], 0) << hits[i].row;
    ASSERT_NEAR(hits[i].score, scores[hits[i].row], 1e-6 * scores[hits[i].row] + 1e-7);
    if (i > 0) {
      const bool ordered = hits[i - 1].score > hits[i].score ||
                           (hits[i - 1].score == hits[i].score && hits[i - 1].row < hits[i].row);
      ASSERT_TRUE(ordered) << i;
    }
    const auto explained =
        index.Explain(RequestContext{}, {.query = &query, .bm25 = bm25}, hits[i].row);
    if (i < 3) {
      ASSERT_TRUE(explained.ok());
      ASSERT_TRUE(explained->matches);
      ASSERT_DOUBLE_EQ(explained->score, hits[i].score);
    }
  }
}

TEST(TextIndex, FindsWordsPhrasesBeginningsAndMisspellingsAsTheModelDoes) {
  constexpr uint64_t kSeed = 21;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  const Rows rows = RandomRows(kSeed, 300, 1, 60, 30);
  const auto options = OneField();
  const testing::TextModel model(options, rows);
  const auto index = OpenBytes(Build(options, rows));
  ASSERT_TRUE(index->Verify(RequestContext{}).ok());
  for (const char* query : {"w1",
                            "w0 w5 w17",
                            "+w2 w9",
                            "+w1 -w3",
                            "w1 AND w2",
                            "w7 OR (w1 AND NOT w0)",
                            "\"w0 w1\"",
                            "\"w1 w0 w0\" w4",
                            "w1*",
                            "+w2* -w20",
                            "w12~1",
                            "w3~2^2 w1",
                            "w1^3 w2",
                            "absent",
                            "w1 absent",
                            "+absent w1",
                            "body:w3",
                            "(w1 w2)^2 +(w3 w4)",
                            "w1 w1 w2",
                            "-w5 +(w6 -w7)",
                            "w4 (w5 (w6 w7)) (+w8 w9)",
                            "W1",
                            "+\"w0 w0\" +w1 w2~1 w30*"}) {
    ASSERT_NO_FATAL_FAILURE(ExpectAsModel(*index, model, Parse(query)));
    ASSERT_NO_FATAL_FAILURE(ExpectAsModel(*index, model, Parse(query), {.k1 = 0.9f, .b = 0.4f}));
  }
}

TEST(TextIndex, FieldsAddUpByTheirBoosts) {
  constexpr uint64_t kSeed = 22;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  const Rows rows = RandomRows(kSeed, 250, 3, 40, 12);
  TextIndexBuildOptions options;
  options.fields = ParseFields("title^2.5,abstract, notes^0.5").value();
  const testing::TextModel model(options, rows);
  const auto index = OpenBytes(Build(options, rows));
  EXPECT_EQ(index->fields(), options.fields);
  for (const char* query :
       {"w1 w2 w3", "title:w1", "+title:w1 notes:w2 w3", "\"w1 w0\"", "abstract:\"w1 w0\"",
        "title:(w1 -w2)", "w1*", "notes:w1~1", "w9 -title:w0"}) {
    ASSERT_NO_FATAL_FAILURE(ExpectAsModel(*index, model, Parse(query)));
  }
}

TEST(TextIndex, LeavingRowsOutEarlyChangesNothing) {
  constexpr uint64_t kSeed = 23;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  const Rows rows = RandomRows(kSeed, 20000, 1, 3000, 40);
  const auto index = OpenBytes(Build(OneField(), rows));
  std::mt19937_64 random(kSeed);
  columnar::RowSet half, few, hidden;
  for (uint32_t row = 0; row < rows.size(); ++row) {
    if (random() % 2 == 0) half.Add(row);
    if (random() % 500 == 0) few.Add(row);
    if (random() % 7 == 0) hidden.Add(row);
  }
  const columnar::RowSet none;
  for (int round = 0; round < 60; ++round) {
    std::string text;
    for (size_t n = 1 + random() % 5; n > 0; --n) {
      text +=
          (round % 4 == 0 && n > 1 ? " +w" : " w") + std::to_string(random() % (n < 3 ? 3000 : 30));
    }
    const TextQuery query = Parse(text);
    SCOPED_TRACE(text);
    for (const columnar::RowSet* allowed : {static_cast<const columnar::RowSet*>(nullptr),
                                            &std::as_const(half), &std::as_const(few), &none}) {
      for (const size_t k : {size_t{1}, size_t{10}, size_t{1000}}) {
        TextSearch request{
            .k = k, .allowed = allowed, .hidden = round % 2 == 0 ? &hidden : nullptr};
        const auto quick = Search(*index, request, query);
        request.exhaustive = true;
        const auto slow = Search(*index, request, query);
        ASSERT_EQ(quick, slow);
        for (const TextHit& hit : quick) {
          ASSERT_TRUE(allowed == nullptr || allowed->Contains(hit.row));
          ASSERT_TRUE(request.hidden == nullptr || !hidden.Contains(hit.row));
        }
      }
    }
  }
}

TEST(TextIndex, TheFileIsTheSameForAnyThreadsAndMemory) {
  const Rows rows = RandomRows(31, 4000, 2, 5000, 30);
  auto options = OneField();
  options.fields = {{"title", 2}, {"body"}};
  const std::string whole = Build(options, rows);
  auto store = storage::MakeMemoryStore();
  auto executor = Executor::Threads(3);
  options.executor = executor.get();
  options.memory_bytes_max = 1 << 20;
  options.spill = {store.get(), "spilled"};
  auto builder = TextIndexBuilder::Make(options).value();
  std::vector<std::string_view> texts;
  for (const auto& row : rows) texts.insert(texts.end(), row.begin(), row.end());
  ASSERT_TRUE(builder->Add(RequestContext{}, texts).ok());
  EXPECT_FALSE(store->List("spilled")->empty());
  EXPECT_TRUE(builder->FinishInMemory(RequestContext{}).value() == whole);
  EXPECT_EQ(builder->Add(RequestContext{}, texts).code(), StatusCode::kFailedPrecondition);
  builder.reset();
  EXPECT_TRUE(store->List("")->empty());
}

TEST(TextIndex, ABudgetIsKeptByPuttingListsAsideOrRefused) {
  const Rows rows = RandomRows(32, 6000, 1, 20000, 40);
  auto options = OneField();
  const std::string whole = Build(options, rows);
  Budget budget("test", 3 << 20);
  options.budget = &budget;
  auto builder = TextIndexBuilder::Make(options).value();
  std::vector<std::string_view> texts;
  for (const auto& row : rows) texts.push_back(row[0]);
  Status status = builder->Add(RequestContext{}, texts);
  if (status.ok()) status = builder->FinishInMemory(RequestContext{}).status();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  builder.reset();
  EXPECT_EQ(budget.used_bytes(), 0);
  auto store = storage::MakeMemoryStore();
  options.spill = {store.get(), "spilled"};
  EXPECT_TRUE(Build(options, rows) == whole);
  EXPECT_LE(budget.used_bytes_max(), budget.limit_bytes());
}

TEST(TextIndex, MergingIsBuildingAnew) {
  constexpr uint64_t kSeed = 33;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937_64 random(kSeed);
  auto options = OneField();
  options.fields = {{"title", 1.5}, {"body"}};
  const Rows rows = RandomRows(kSeed, 900, 2, 400, 25);
  for (const bool shuffled : {false, true}) {
    // Rows are dealt to three segments; some are gone.
    std::vector<Rows> parts(3);
    std::vector<std::vector<uint32_t>> numbers(3);
    Rows merged;
    std::vector<uint32_t> places;
    for (const auto& row : rows) {
      const size_t part = random() % 3;
      parts[part].push_back(row);
      const bool gone = random() % 5 == 0;
      numbers[part].push_back(gone ? MergeInput::kGone : static_cast<uint32_t>(merged.size()));
      if (!gone) merged.push_back(row);
    }
    if (shuffled) {
      std::vector<uint32_t> order(merged.size());
      std::iota(order.begin(), order.end(), 0);
      std::shuffle(order.begin(), order.end(), random);
      Rows moved(merged.size());
      for (size_t i = 0; i < order.size(); ++i) moved[order[i]] = merged[i];
      merged = moved;
      for (auto& part : numbers) {
        for (uint32_t& number : part) number = number == MergeInput::kGone ? number : order[number];
      }
    }
    std::vector<std::unique_ptr<const TextIndex>> indexes;
    std::vector<MergeInput> inputs;
    for (size_t i = 0; i < 3; ++i) {
      indexes.push_back(OpenBytes(Build(options, parts[i])));
      inputs.push_back({indexes.back().get(), numbers[i]});
    }
    std::string bytes;
    const Status status = MergeTextIndexes(RequestContext{}, inputs,
                                           {.row_count = static_cast<uint32_t>(merged.size())},
                                           [&](std::string_view piece) {
                                             bytes += piece;
                                             return Status::Ok();
                                           });
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_TRUE(bytes == Build(options, merged));
    numbers[0][0] = numbers[0][1] = 1;
    EXPECT_EQ(MergeTextIndexes(RequestContext{}, inputs, {.row_count = 1000},
                               [](std::string_view) { return Status::Ok(); })
                  .code(),
              StatusCode::kInvalidArgument);
  }
}

TEST(TextIndex, SegmentsWithSharedStatisticsAnswerAsOne) {
  constexpr uint64_t kSeed = 34;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  const Rows rows = RandomRows(kSeed, 2000, 2, 300, 25);
  TextIndexBuildOptions options;
  options.fields = {{"title", 3}, {"body"}};
  const auto whole = OpenBytes(Build(options, rows));
  const Rows first(rows.begin(), rows.begin() + 700), second(rows.begin() + 700, rows.end());
  const auto a = OpenBytes(Build(options, first)), b = OpenBytes(Build(options, second));
  for (const char* text :
       {"w1 w20 w7", "+w3 title:w9", "w1*", "w12~2 w4", "\"w0 w1\" w5", "title:w299"}) {
    SCOPED_TRACE(text);
    const TextQuery query = Parse(text);
    TextStatistics statistics = a->Statistics(RequestContext{}, query).value();
    statistics.Add(b->Statistics(RequestContext{}, query).value());
    const TextSearch request{.k = 50, .statistics = &statistics};
    auto hits = Search(*a, request, query);
    for (TextHit hit : Search(*b, request, query)) hits.push_back({hit.row + 700, hit.score});
    std::stable_sort(hits.begin(), hits.end(), [](const TextHit& x, const TextHit& y) {
      return x.score > y.score || (x.score == y.score && x.row < y.row);
    });
    hits.resize(std::min<size_t>(hits.size(), 50));
    EXPECT_EQ(hits, Search(*whole, {.k = 50}, query));
  }
}

TEST(TextIndex, MovesOfAPhraseCountForLess) {
  const auto index = OpenBytes(Build(
      OneField(), {{"stem cell"}, {"stem of cell"}, {"cell stem"}, {"cell of a stem"}, {"cell"}}));
  auto rows = [&](const char* query) {
    std::vector<uint32_t> found;
    for (const TextHit& hit : Search(*index, query)) found.push_back(hit.row);
    return found;
  };
  EXPECT_EQ(rows("\"stem cell\""), std::vector<uint32_t>{0});
  EXPECT_EQ(rows("\"stem cell\"~1"), (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(rows("\"stem cell\"~2"), (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(rows("\"stem cell\"~4"), (std::vector<uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(rows("+stem-cell"), std::vector<uint32_t>{0});
}

TEST(TextIndex, NothingIsAnAnswerToo) {
  const auto empty = OpenBytes(Build(OneField(), {}));
  EXPECT_EQ(empty->row_count(), 0);
  EXPECT_TRUE(Search(*empty, "word").empty());
  auto options = OneField();
  options.analyzer.language = "en";
  const auto index = OpenBytes(Build(options, {{""}, {"the of and"}, {"a dog"}}));
  EXPECT_TRUE(Search(*index, "the").empty());
  EXPECT_TRUE(Search(*index, "").empty());
  EXPECT_TRUE(Search(*index, "+the -dog").empty());
  ASSERT_EQ(Search(*index, "+the dogs").size(), 1u);
  EXPECT_EQ(index->TermCount("").value(), 1u);
}

TEST(TextIndex, HugeTextsAndManyOccurrences) {
  std::string text;
  for (int i = 0; i < 300000; ++i) text += i % 1000 == 0 ? "rare " : "common ";
  const auto index = OpenBytes(Build(OneField(), {{text}, {"rare"}, {std::string(1000000, 'x')}}));
  ASSERT_EQ(Search(*index, "rare").size(), 2u);
  EXPECT_EQ(Search(*index, "\"rare common\"").size(), 1u);
  EXPECT_EQ(Search(*index, std::string(300, 'x')).size(), 1u);
}

TEST(TextIndex, WrongRequestsAreToldWhatAndWhere) {
  const auto index = OpenBytes(Build(OneField(), {{"word"}}));
  auto message = [&](const char* text, TextSearch request = {}) {
    const TextQuery query = Parse(text);
    request.query = &query;
    std::vector<TextHit> hits(10);
    const Status status = index->Search(RequestContext{}, request, hits).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    return std::string(status.message());
  };
  EXPECT_EQ(
      message("word title:x"),
      "There is no field 'title' in this index (body); write \\: for the character itself, at "
      "character 6 of the query:\n  word title:x\n       ^");
  EXPECT_THAT(message("-word"), HasSubstr("must also say what shall occur"));
  EXPECT_THAT(message("word", {.bm25 = {.b = 2}}), HasSubstr("b 0 to 1"));
  auto options = OneField();
  options.positions = false;
  const auto bare = OpenBytes(Build(options, {{"wi-fi word"}}));
  const TextQuery phrase = Parse("\"wi fi\"");
  std::vector<TextHit> hits(1);
  EXPECT_THAT(bare->Search(RequestContext{}, {.query = &phrase}, hits).status().message(),
              HasSubstr("keeps no positions"));
  EXPECT_EQ(Search(*bare, "+wi-fi").size(), 1u);
  for (const char* fields : {"a,a", "", "a^0", "a^x", "a^1000"}) {
    EXPECT_EQ(ParseFields(fields).status().code(), StatusCode::kInvalidArgument) << fields;
  }
  RequestContext context;
  context.cancel.Cancel();
  EXPECT_EQ(index->Search(context, {.query = &phrase}, hits).status().code(),
            StatusCode::kCancelled);
}

TEST(TextIndex, BatchesAnswerAsSingleSearchesOnAnyThreads) {
  const auto index = OpenBytes(Build(OneField(), RandomRows(41, 3000, 1, 500, 20)));
  std::vector<TextQuery> queries;
  for (int i = 0; i < 100; ++i) queries.push_back(Parse(fmt::format("w{} w{}*", i, i % 9)));
  auto executor = Executor::Threads(4);
  const auto answers = index->SearchBatch(RequestContext{}, *executor, queries, {.k = 7}).value();
  for (size_t i = 0; i < queries.size(); ++i) {
    EXPECT_EQ(answers[i], Search(*index, {.k = 7}, queries[i]));
  }
}

}  // namespace
}  // namespace iolite::text
