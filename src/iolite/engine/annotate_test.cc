#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "iolite/columnar/c_data.h"
#include "iolite/engine/functions/annotate_functions.h"
#include "iolite/engine/functions/annotation_memo.h"
#include "iolite/engine/testing/engine_fixture.h"
#include "iolite/models/testing/task_models.h"

namespace iolite::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Models of all three tasks that count: a text's score is its length, its label tells whether that
/// is odd, and its entity is its first letter.
class CountingModels final : public models::ModelStore {
 public:
  std::function<Status(const RequestContext&, std::string_view)> on_text;

  std::map<std::string, int> asked() {
    std::lock_guard lock(mutex_);
    return asked_;
  }
  int64_t total() const { return total_; }
  int64_t calls() const { return calls_; }
  void Forget() {
    std::lock_guard lock(mutex_);
    asked_.clear();
    total_ = calls_ = 0;
  }

  Status Note(const RequestContext& context, std::string_view text) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    if (on_text) IOLITE_RETURN_IF_ERROR(on_text(context, text));
    std::lock_guard lock(mutex_);
    ++asked_[std::string(text)];
    ++total_;
    return Status::Ok();
  }
  void NoteCall() { ++calls_; }

  Result<models::ResolvedModel> Resolve(std::string_view id) override {
    if (id != "M") return NotFound("There is no model '{}'", id);
    return models::ResolvedModel{.id = "M", .content_hash = "content"};
  }
  Result<models::PullResult> Pull(
      const RequestContext&, std::string_view, std::string_view,
      const std::function<void(const models::PullProgress&)>&) override {
    return NotFound("nothing to pull");
  }
  Result<std::shared_ptr<const models::Embedder>> LoadEmbedder(
      const RequestContext&, std::string_view, std::optional<program::Precision>) override {
    return NotFound("no embedder");
  }
  Status Remove(std::string_view) override { return Status::Ok(); }
  Result<models::EmbedderInfo> Inspect(std::string_view) override { return NotFound("none"); }

  Result<std::shared_ptr<const models::Reranker>> LoadReranker(
      const RequestContext&, std::string_view, std::optional<program::Precision>) override;
  Result<std::shared_ptr<const models::Classifier>> LoadClassifier(
      const RequestContext&, std::string_view, std::optional<program::Precision>) override;
  Result<std::shared_ptr<const models::TokenClassifier>> LoadTokenClassifier(
      const RequestContext&, std::string_view, std::optional<program::Precision>) override;

 private:
  std::mutex mutex_;
  std::map<std::string, int> asked_;
  std::atomic<int64_t> total_ = 0, calls_ = 0;
};

class CountingReranker final : public models::Reranker {
 public:
  explicit CountingReranker(CountingModels& models) : models_(models) {}
  const models::TaskInfo& info() const override { return info_; }
  Status Score(const RequestContext& context, std::span<const models::RerankPair> pairs,
               std::span<float> scores) const override {
    models_.NoteCall();
    for (size_t i = 0; i < pairs.size(); ++i) {
      IOLITE_RETURN_IF_ERROR(models_.Note(context, *pairs[i].document));
      scores[i] = static_cast<float>(pairs[i].document->size() + 100 * pairs[i].query->size());
    }
    return Status::Ok();
  }

 private:
  CountingModels& models_;
  const models::TaskInfo info_{.model_id = "M", .task = models::ModelTask::kRerank};
};

class CountingClassifier final : public models::Classifier {
 public:
  explicit CountingClassifier(CountingModels& models) : models_(models) {}
  const models::TaskInfo& info() const override { return info_; }
  Status Classify(const RequestContext& context, std::span<const std::string_view> texts,
                  std::span<float> scores) const override {
    models_.NoteCall();
    for (size_t i = 0; i < texts.size(); ++i) {
      IOLITE_RETURN_IF_ERROR(models_.Note(context, texts[i]));
      const bool odd = texts[i].size() % 2 == 1;
      scores[2 * i] = odd ? 0.25f : 0.75f;
      scores[2 * i + 1] = texts[i] == "nan" ? NAN : odd ? 0.75f : 0.25f;
    }
    return Status::Ok();
  }

 private:
  CountingModels& models_;
  const models::TaskInfo info_{.model_id = "M", .labels = {"even", "odd"}};
};

class CountingEntities final : public models::TokenClassifier {
 public:
  explicit CountingEntities(CountingModels& models) : models_(models) {}
  const models::TaskInfo& info() const override { return info_; }
  Result<std::vector<std::vector<models::Entity>>> Find(
      const RequestContext& context, std::span<const std::string_view> texts,
      models::WordStrategy strategy) const override {
    models_.NoteCall();
    std::vector<std::vector<models::Entity>> found;
    for (auto text : texts) {
      IOLITE_RETURN_IF_ERROR(models_.Note(context, text));
      found.emplace_back();
      if (text.empty()) continue;
      const char* label = strategy == models::WordStrategy::kMax ? "MAX" : "FIRST";
      found.back().push_back({label, std::string(text.substr(0, 1)), 0.5f, 0, 1});
      found.back().push_back({"LAST", std::string(text.substr(text.size() - 1)), 0.25f,
                              static_cast<int64_t>(text.size()) - 1,
                              static_cast<int64_t>(text.size())});
    }
    return found;
  }

 private:
  CountingModels& models_;
  const models::TaskInfo info_{.model_id = "M", .labels = {"FIRST", "LAST"}};
};

Result<std::shared_ptr<const models::Reranker>> CountingModels::LoadReranker(
    const RequestContext&, std::string_view, std::optional<program::Precision>) {
  return std::shared_ptr<const models::Reranker>(std::make_shared<CountingReranker>(*this));
}
Result<std::shared_ptr<const models::Classifier>> CountingModels::LoadClassifier(
    const RequestContext&, std::string_view, std::optional<program::Precision>) {
  return std::shared_ptr<const models::Classifier>(std::make_shared<CountingClassifier>(*this));
}
Result<std::shared_ptr<const models::TokenClassifier>> CountingModels::LoadTokenClassifier(
    const RequestContext&, std::string_view, std::optional<program::Precision>) {
  return std::shared_ptr<const models::TokenClassifier>(std::make_shared<CountingEntities>(*this));
}

std::vector<std::string> Texts(const Result<std::shared_ptr<arrow::Table>>& table) {
  if (!table.ok()) return {table.status().ToString()};
  std::vector<std::string> rows;
  for (int64_t row = 0; row < (*table)->num_rows(); ++row) {
    std::string text;
    for (int column = 0; column < (*table)->num_columns(); ++column) {
      if (column > 0) text += "|";
      text += (*table)->column(column)->GetScalar(row).ValueOrDie()->ToString();
    }
    rows.push_back(text);
  }
  return rows;
}

class AnnotateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = sql::Database::Open({.thread_count = 4}).value();
    ASSERT_TRUE(database_->RegisterScalarFunction(RerankFunction(models_)).ok());
    ASSERT_TRUE(database_->RegisterScalarFunction(ClassifyFunction(models_)).ok());
    ASSERT_TRUE(database_->RegisterScalarFunction(EntitiesFunction(models_, false)).ok());
    ASSERT_TRUE(database_->RegisterScalarFunction(EntitiesFunction(models_, true)).ok());
    ASSERT_TRUE(database_->RegisterMacro(kEntitiesMacro).ok());
    ASSERT_TRUE(database_->RegisterRowsFunction(AnnotateFunction(models_)).ok());
    session_ = database_->Connect().value();
    Rows(
        "CREATE TABLE papers AS SELECT i AS id, i % 100 AS year, 'text ' || i AS abstract FROM "
        "range(30000) t(i)");
  }

  std::vector<std::string> Rows(const std::string& sql, const RequestContext& context = {}) {
    return Texts(session_->QueryTable(context, sql));
  }

  CountingModels models_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<sql::Session> session_;
};

TEST_F(AnnotateTest, ScalarFunctionsAnswerEachRow) {
  EXPECT_THAT(Rows("SELECT rerank('M', 'qq', t) FROM (VALUES ('abc'), (NULL), ('')) v(t)"),
              ElementsAre("203", "null", "200"));
  EXPECT_THAT(Rows("SELECT rerank('M', q, 'abc') FROM (VALUES ('q'), (NULL)) v(q)"),
              ElementsAre("103", "null"));
  EXPECT_THAT(Rows("SELECT c.label, c.confidence, c.scores[1].label, c.scores[1].confidence, "
                   "len(c.scores) FROM (SELECT classify('M', t) AS c FROM (VALUES ('abc'), ('ab')) "
                   "v(t))"),
              ElementsAre("odd|0.75|even|0.25|2", "even|0.75|even|0.75|2"));
  EXPECT_THAT(Rows("SELECT classify('M', NULL) IS NULL, classify('M', t) IS NULL FROM (VALUES "
                   "(NULL), ('x')) v(t)"),
              ElementsAre("true|true", "true|false"));
  EXPECT_THAT(Rows("SELECT entities('M', t)[1].text, entities('M', t)[2].start, "
                   "len(entities('M', t)), entities('M', t) IS NULL FROM (VALUES ('abc'), (''), "
                   "(NULL)) v(t)"),
              ElementsAre("a|2|2|false", "null|null|0|false", "null|null|null|true"));
  EXPECT_THAT(
      Rows("SELECT typeof(rerank('M', 'q', 't')), typeof(classify('M', 't'))"),
      ElementsAre("FLOAT|STRUCT(\"label\" VARCHAR, confidence FLOAT, scores STRUCT(\"label\" "
                  "VARCHAR, confidence FLOAT)[])"));
  EXPECT_THAT(Rows("SELECT classify('M', 'nan') IS NULL"), ElementsAre("true"));
}

TEST_F(AnnotateTest, EntitiesStandBesideTheirRow) {
  EXPECT_THAT(Rows("SELECT id, e.text, e.label, e.confidence, e.start, e.end FROM papers, "
                   "entities('M', abstract) e WHERE id IN (7, 12) ORDER BY id, e.start"),
              ElementsAre("7|t|FIRST|0.5|0|1", "7|7|LAST|0.25|5|6", "12|t|FIRST|0.5|0|1",
                          "12|2|LAST|0.25|6|7"));
  EXPECT_EQ(models_.total(), 2);
  EXPECT_THAT(Rows("SELECT e.label FROM (SELECT 'xy' AS t), entities('M', t, strategy := 'max') e "
                   "ORDER BY ALL"),
              ElementsAre("LAST", "MAX"));
  EXPECT_THAT(Rows("SELECT unnest(entities('M', 'xy', 'max')).label"), ElementsAre("MAX", "LAST"));
  EXPECT_THAT(Rows("SELECT count(*), count(DISTINCT id) FROM papers, entities('M', abstract) e"),
              ElementsAre("60000|30000"));
}

TEST_F(AnnotateTest, AnnotateTakesASubquery) {
  EXPECT_THAT(Rows("SELECT id, label, confidence, _status FROM annotate('M', 'classification', "
                   "(SELECT id, abstract FROM papers WHERE id IN (5, 10))) ORDER BY id"),
              ElementsAre("5|even|0.75|ok", "10|odd|0.75|ok"));
  EXPECT_THAT(Rows("SELECT score FROM annotate('M', 'rerank', (SELECT 'abc'), query := 'q')"),
              ElementsAre("103"));
  EXPECT_THAT(Rows("SELECT b, e.text FROM annotate('M', 'token-classification', (SELECT 'abc' AS "
                   "a, 7 AS b), text := 'a') t, unnest(t.entities) u(e)"),
              ElementsAre("7|a", "7|c"));
  EXPECT_THAT(
      Rows("SELECT label, _status, _error FROM annotate('M', 'classification', (SELECT t "
           "FROM (VALUES ('nan'), (NULL)) v(t)))"),
      ElementsAre("null|failed|the model gave NaN or infinity", "null|failed|the text is null"));
}

TEST_F(AnnotateTest, EveryRowIsAnsweredOnceWhateverTheThreads) {
  EXPECT_THAT(Rows("SELECT count(*), sum(rerank('M', '', abstract))::BIGINT, "
                   "sum(length(abstract))::BIGINT FROM papers"),
              ElementsAre("30000|288890|288890"));
  EXPECT_EQ(models_.total(), 30000);
  EXPECT_LE(models_.calls(), 40);
  models_.Forget();
  EXPECT_THAT(Rows("SELECT count(*), count(DISTINCT id) FROM annotate('M', 'classification', "
                   "(SELECT id, abstract FROM papers))"),
              ElementsAre("30000|30000"));
  EXPECT_EQ(models_.total(), 30000);
}

TEST_F(AnnotateTest, AnEqualTextRunsOnceInAQuery) {
  const std::string rows =
      "FROM (SELECT 'text ' || (i * 7919 % 500) AS t FROM range(100000) r(i)) v";
  for (const std::string& sql :
       {"SELECT count(rerank('M', 'q', t)) " + rows,
        "SELECT count(classify('M', t).label) " + rows + " WHERE classify('M', t).confidence > 0",
        "SELECT count(*) FROM annotate('M', 'classification', (SELECT t " + rows + ")) a",
        "SELECT count(len(entities('M', t))) " + rows}) {
    models_.Forget();
    EXPECT_THAT(Rows(sql), ElementsAre("100000")) << sql;
    EXPECT_EQ(models_.total(), 500) << sql;
  }
  // The next query asks anew.
  EXPECT_THAT(Rows("SELECT count(rerank('M', 'q', t)) " + rows), ElementsAre("100000"));
  EXPECT_EQ(models_.total(), 1000);
  // The same text for another query is another question.
  models_.Forget();
  EXPECT_THAT(Rows("SELECT count(rerank('M', q, 'abc')) FROM (VALUES ('a'), ('b'), ('a')) v(q)"),
              ElementsAre("3"));
  EXPECT_EQ(models_.total(), 2);
}

TEST_F(AnnotateTest, FiltersAndLimitsComeBeforeTheModel) {
  for (
      const auto& [sql, asked] : std::vector<std::pair<std::string, int64_t>>{
          {"SELECT id, rerank('M', 'q', abstract) FROM papers WHERE year = 3", 300},
          {"SELECT id, rerank('M', 'q', abstract) FROM papers LIMIT 10", 10},
          {"SELECT id, rerank('M', 'q', abstract) FROM papers ORDER BY id LIMIT 10", 10},
          {"SELECT * FROM (SELECT id, year, classify('M', abstract) AS c FROM papers) WHERE year = "
           "3",
           300},
          {"SELECT id FROM papers WHERE classify('M', abstract).label = 'odd' AND year = 3", 300},
          {"SELECT id, e.text FROM papers, entities('M', abstract) e WHERE year = 3", 300},
          {"SELECT id, label FROM annotate('M', 'classification', (SELECT id, abstract FROM papers "
           "WHERE year = 3))",
           300},
          {"SELECT id, label FROM annotate('M', 'classification', (SELECT id, abstract FROM papers "
           "LIMIT 10))",
           10},
          {"SELECT id, rerank('M', 'q', abstract) AS score FROM papers WHERE year = 3 ORDER BY "
           "score DESC LIMIT 5",
           300}}) {
    models_.Forget();
    const auto rows = Rows(sql);
    EXPECT_GE(rows.size(), 5u) << sql << ": " << rows[0];
    EXPECT_EQ(models_.total(), asked) << sql;
  }
}

TEST_F(AnnotateTest, CancellingAQueryStopsTheModel) {
  for (const char* sql :
       {"SELECT count(rerank('M', 'q', abstract)) FROM papers",
        "SELECT count(*) FROM annotate('M', 'classification', (SELECT abstract FROM papers))"}) {
    models_.Forget();
    RequestContext context;
    models_.on_text = [this](const RequestContext& asked, std::string_view) {
      if (models_.total() == 100) asked.cancel.Cancel();
      return Status::Ok();
    };
    const auto rows = Rows(sql, context);
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_THAT(rows[0], HasSubstr("CANCELLED")) << sql;
    EXPECT_LT(models_.total(), 30000) << sql;
    models_.on_text = nullptr;
    EXPECT_THAT(Rows("SELECT 1"), ElementsAre("1"));
  }
}

TEST_F(AnnotateTest, MistakesAreNamed) {
  for (const auto& [sql, message] : std::vector<std::pair<std::string, std::string>>{
           {"SELECT rerank('none', 'q', abstract) FROM papers", "There is no model 'none'"},
           {"SELECT classify(abstract, abstract) FROM papers",
            "classify: the model must be a constant text"},
           {"SELECT entities('M', abstract, 'best') FROM papers", "best"},
           {"SELECT * FROM annotate('none', 'classification', (SELECT 'a'))",
            "There is no model 'none'"},
           {"SELECT * FROM annotate('M', 'sorting', (SELECT 'a'))", "There is no task `sorting`"},
           {"SELECT * FROM annotate('M', 'embedding', (SELECT 'a'))", "embedding makes vectors"},
           {"SELECT * FROM annotate('M', 'rerank', (SELECT 'a'))", "rerank takes a query"},
           {"SELECT * FROM annotate('M', 'classification', (SELECT 'a'), query := 'q')",
            "classification takes no query"},
           {"SELECT * FROM annotate('M', 'classification', (SELECT 1 AS year))",
            "the column 'year' is int32, not a text"},
           {"SELECT * FROM annotate('M', 'classification', (SELECT 'a' AS t), text := 'x')",
            "no column 'x'. Columns: t"},
           {"SELECT classify('M', missing) FROM papers", "missing"},
           {"SELECT classify('M', '\\xC3'::BLOB)", "classify"}}) {
    const auto rows = Rows(sql);
    ASSERT_EQ(rows.size(), 1u) << sql;
    EXPECT_THAT(rows[0], HasSubstr(message)) << sql;
  }
  models_.on_text = [](const RequestContext&, std::string_view text) {
    return text == "text 77" ? DataLoss("the model broke on a text") : Status::Ok();
  };
  EXPECT_THAT(Rows("SELECT count(rerank('M', 'q', abstract)) FROM papers"),
              ElementsAre(HasSubstr("the model broke on a text")));
}

TEST_F(AnnotateTest, AFullMemoStillAnswers) {
  auto annotator =
      pipelines::Annotator::Load({}, models_, {.task = models::ModelTask::kRerank, .model = "M"});
  ASSERT_TRUE(annotator.ok());
  AnnotationMemo memo(*annotator, 1);
  for (int round = 1; round <= 2; ++round) {
    std::vector<pipelines::Question> questions = {{"a", "q"}, {"bb", "q"}, {"a", "q"}};
    auto answers = memo.Answer({}, questions);
    ASSERT_TRUE(answers.ok());
    EXPECT_EQ((*answers)[0]->scores[0], 101);
    EXPECT_EQ((*answers)[1]->scores[0], 102);
    EXPECT_EQ((*answers)[2], (*answers)[0]);
    std::vector<pipelines::Question> more = {{"ccc", "q"}};
    EXPECT_EQ((*memo.Answer({}, more))[0]->scores[0], 103);
  }
  EXPECT_EQ(models_.asked()["a"], 1);
  EXPECT_EQ(models_.asked()["ccc"], 2);
}

/// The smallest real models, in a real engine.
class AnnotateEngineTest : public testing::EngineTest {
 protected:
  std::vector<std::string> Rows(const std::string& sql) {
    auto stream = engine_->Sql(sql);
    if (!stream.ok()) return {stream.status().ToString()};
    return Texts(columnar::ImportTable(stream->get()));
  }
  std::string Model(const std::string& name, models::testing::TemporaryFolder& folder) {
    models::testing::CopyTaskModel(IOLITE_SOURCE_DIR, name, folder);
    return "'local:" + folder.path() + "'";
  }
};

TEST_F(AnnotateEngineTest, RealModelsAnswer) {
  models::testing::TemporaryFolder rerank, classify, entities;
  const std::string r = Model("bert_rerank", rerank);
  const std::string c = Model("bert_classification", classify);
  const std::string e = Model("bert_entities", entities);
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(AddThings().ok());
  EXPECT_THAT(Rows("SELECT count(*), count(DISTINCT s), bool_and(s BETWEEN 0 AND 1) FROM (SELECT "
                   "rerank(" +
                   r + ", 'birds that cannot fly', text) AS s FROM things)"),
              ElementsAre("8|8|true"));
  EXPECT_THAT(
      Rows("SELECT count(*), bool_and(c.confidence = list_max(list_transform(c.scores, x -> "
           "x.confidence))), bool_and(abs(list_sum(list_transform(c.scores, x -> "
           "x.confidence)) - 1) < 1e-5) FROM (SELECT classify(" +
           c + ", text) AS c FROM things)"),
      ElementsAre("8|true|true"));
  EXPECT_THAT(Rows("SELECT bool_and(e.text = substring(t.text, e.start + 1, e.end - e.start)), "
                   "count(*) > 0 FROM things t, entities(" +
                   e + ", t.text) e"),
              ElementsAre("true|true"));
  EXPECT_THAT(Rows("SELECT count(*) FROM annotate(" + c +
                   ", 'classification', (SELECT id, text FROM things)) a JOIN things t USING (id) "
                   "WHERE a.label = classify(" +
                   c + ", t.text).label"),
              ElementsAre("8"));
  EXPECT_THAT(Rows("SELECT classify(" + e + ", text) FROM things")[0],
              HasSubstr("INVALID_ARGUMENT"));
  EXPECT_THAT(Rows("SELECT rerank(" + e + ", 'q', text) FROM things")[0],
              HasSubstr("INVALID_ARGUMENT"));
  EXPECT_THAT(Rows("SELECT count(*) FROM annotate(" + c +
                   ", 'token-classification', (SELECT text FROM things))")[0],
              HasSubstr("INVALID_ARGUMENT"));
}

}  // namespace
}  // namespace iolite::engine
