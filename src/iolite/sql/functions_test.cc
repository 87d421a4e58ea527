#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "iolite/sql/database.h"

namespace iolite::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> RowsOf(Session& session, std::string_view sql,
                                std::vector<std::shared_ptr<arrow::Scalar>> parameters = {}) {
  auto table = session.QueryTable({}, sql, std::move(parameters));
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

/// embed('N', text): N floats that each are the text's length. Counts what it is asked for.
struct FakeEmbed {
  std::atomic<int64_t> calls = 0;
  std::atomic<int64_t> rows = 0;

  ScalarFunction Function() {
    return {.name = "embed",
            .argument_types = {arrow::utf8(), arrow::utf8()},
            .bind = [](std::span<const std::shared_ptr<arrow::Scalar>> constants)
                -> Result<std::shared_ptr<arrow::DataType>> {
              if (!constants[0]) return InvalidArgument("embed: the model must be a constant");
              const std::string model = constants[0]->ToString();
              if (model == "missing") return NotFound("There is no model 'missing'");
              return arrow::fixed_size_list(arrow::float32(), std::stoi(model));
            },
            .call =
                [this](const RequestContext& context,
                       std::span<const std::shared_ptr<arrow::Array>> arguments) {
                  return Call(context, arguments);
                }};
  }

  Result<std::shared_ptr<arrow::Array>> Call(
      const RequestContext& context, std::span<const std::shared_ptr<arrow::Array>> arguments) {
    ++calls;
    rows += arguments[0]->length();
    IOLITE_RETURN_IF_ERROR(context.Check());
    const auto& texts = static_cast<const arrow::StringArray&>(*arguments[1]);
    const int32_t dimension =
        std::stoi(static_cast<const arrow::StringArray&>(*arguments[0]).GetString(0));
    auto values = std::make_shared<arrow::FloatBuilder>();
    arrow::FixedSizeListBuilder builder(arrow::default_memory_pool(), values, dimension);
    for (int64_t row = 0; row < texts.length(); ++row) {
      if (texts.IsNull(row)) {
        if (!builder.AppendNull().ok()) return Internal("append");
        continue;
      }
      if (texts.GetView(row) == "poison") return DataLoss("embed: the model broke on row 7");
      if (texts.GetView(row) == "throw") throw std::runtime_error("embed threw");
      if (!builder.Append().ok()) return Internal("append");
      for (int32_t i = 0; i < dimension; ++i) {
        if (!values->Append(static_cast<float>(texts.value_length(row))).ok()) {
          return Internal("append");
        }
      }
    }
    return builder.Finish().ValueOrDie();
  }
};

/// count_once(text): how often the query's own call was asked, which starts at 0 in each query.
struct FakeStart {
  std::atomic<int64_t> starts = 0;

  ScalarFunction Function() {
    return {.name = "asked",
            .argument_types = {arrow::utf8()},
            .bind = [](std::span<const std::shared_ptr<arrow::Scalar>>)
                -> Result<std::shared_ptr<arrow::DataType>> { return arrow::int64(); },
            .start = [this]() -> ScalarCall {
              ++starts;
              return [asked = std::make_shared<std::atomic<int64_t>>(0)](
                         const RequestContext&,
                         std::span<const std::shared_ptr<arrow::Array>> arguments)
                         -> Result<std::shared_ptr<arrow::Array>> {
                arrow::Int64Builder builder;
                for (int64_t row = 0; row < arguments[0]->length(); ++row) {
                  if (!builder.Append(++*asked).ok()) return Internal("append");
                }
                return builder.Finish().ValueOrDie();
              };
            }};
  }
};

/// repeat_rows('word', (subquery), times := n): each row n times, with the word.
RowsFunction RepeatRows(std::atomic<int64_t>& rows_seen) {
  RowsFunction function{.name = "repeat_rows",
                        .argument_types = {arrow::utf8()},
                        .named_arguments = {{"times", arrow::int64()}}};
  function.bind = [&rows_seen](const RowsFunction::Call& call) -> Result<RowsFunction::Bound> {
    const std::string word = call.arguments[0]->ToString();
    if (word == "bad") return InvalidArgument("repeat_rows: the word is bad");
    int64_t times = 1;
    for (const auto& [name, value] : call.named_arguments) {
      times = static_cast<const arrow::Int64Scalar&>(*value).value;
    }
    auto schema = call.rows->AddField(call.rows->num_fields(), arrow::field("word", arrow::utf8()))
                      .ValueOrDie();
    auto transform =
        [schema, word, times, &rows_seen](
            const RequestContext&,
            const arrow::RecordBatch& rows) -> Result<std::shared_ptr<arrow::RecordBatch>> {
      rows_seen += rows.num_rows();
      if (word == "broken") return DataLoss("repeat_rows: broke");
      std::vector<std::shared_ptr<arrow::RecordBatch>> copies;
      for (int64_t i = 0; i < times; ++i) copies.push_back(rows.Slice(0));
      auto all = arrow::Table::FromRecordBatches(rows.schema(), copies)
                     .ValueOrDie()
                     ->CombineChunksToBatch()
                     .ValueOrDie();
      auto words = arrow::MakeArrayFromScalar(arrow::StringScalar(word), all->num_rows());
      auto columns = all->columns();
      columns.push_back(words.ValueOrDie());
      return arrow::RecordBatch::Make(schema, all->num_rows(), columns);
    };
    return RowsFunction::Bound{.schema = schema, .transform = transform};
  };
  return function;
}

class FunctionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = std::move(Database::Open({.thread_count = 2})).value();
    ASSERT_TRUE(database_->RegisterScalarFunction(embed_.Function()).ok());
    ASSERT_TRUE(database_->RegisterScalarFunction(start_.Function()).ok());
    ASSERT_TRUE(database_->RegisterRowsFunction(RepeatRows(rows_seen_)).ok());
    ASSERT_TRUE(database_->RegisterTableFunction(Nearest(2)).ok());
    ASSERT_TRUE(database_->RegisterTableFunction(Nearest(3)).ok());
    database_->SetTableResolver(
        [this](std::string_view catalog, std::string_view schema, std::string_view table) {
          return Resolve(catalog, schema, table);
        });
    session_ = std::move(database_->Connect()).value();
  }

  /// nearest(table, vector[, k], k := …): k rows of id and score, the score the vector's sum.
  static TableFunction Nearest(size_t argument_count) {
    TableFunction function{
        .name = "nearest",
        .argument_types = {arrow::utf8(), arrow::list(arrow::float32()), arrow::int64()},
        .named_arguments = {{"k", arrow::int64()}},
        .bind = BindNearest};
    function.argument_types.resize(argument_count);
    return function;
  }

  static Result<TableFunction::Bound> BindNearest(const TableFunction::Call& call) {
    const std::string table = call.arguments[0]->ToString();
    if (table == "missing") return NotFound("There is no table 'missing'");
    const auto& vector = static_cast<const arrow::BaseListScalar&>(*call.arguments[1]);
    const auto values = std::static_pointer_cast<arrow::FloatArray>(vector.value);
    double sum = 0;
    for (int64_t i = 0; i < values->length(); ++i) sum += values->Value(i);
    int64_t k = 10;
    if (call.arguments.size() > 2) {
      k = static_cast<const arrow::Int64Scalar&>(*call.arguments[2]).value;
    }
    for (const auto& [name, value] : call.named_arguments) {
      if (name == "k") k = static_cast<const arrow::Int64Scalar&>(*value).value;
    }
    if (k < 0) return InvalidArgument("nearest: k must not be negative, it is {}", k);
    auto schema =
        arrow::schema({arrow::field("id", arrow::int64()), arrow::field("score", arrow::float64()),
                       arrow::field("label", arrow::utf8())});
    return TableFunction::Bound{
        .schema = schema,
        .scan = [schema, k, sum, table](const RequestContext& context)
            -> Result<std::shared_ptr<arrow::RecordBatchReader>> {
          if (table == "broken") return DataLoss("nearest: the index is damaged");
          TraceScope step(context.trace, "index");
          step.set_detail("flat, visited 117 rows");
          std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
          for (int64_t begin = 0; begin < k; begin += 3000) {
            arrow::Int64Builder ids;
            arrow::DoubleBuilder scores;
            arrow::StringBuilder labels;
            for (int64_t id = begin; id < std::min(k, begin + 3000); ++id) {
              if (!ids.Append(id).ok() || !scores.Append(sum).ok() ||
                  !labels.Append("row " + std::to_string(id)).ok()) {
                return Internal("append");
              }
            }
            const int64_t rows = ids.length();
            batches.push_back(
                arrow::RecordBatch::Make(schema, rows,
                                         {ids.Finish().ValueOrDie(), scores.Finish().ValueOrDie(),
                                          labels.Finish().ValueOrDie()}));
          }
          return arrow::RecordBatchReader::Make(batches, schema).ValueOrDie();
        },
        .row_count_estimate = k};
  }

  Result<std::optional<std::string>> Resolve(std::string_view catalog, std::string_view schema,
                                             std::string_view table) {
    asked_.push_back(std::string(catalog) + "/" + std::string(schema) + "/" + std::string(table));
    if (!catalog.empty() && (catalog != table || schema != "public")) return std::nullopt;
    if (table == "papers" || table == "odd name") {
      return "SELECT * FROM (VALUES (1, 'one'), (2, 'two')) t(id, title)";
    }
    if (table == "numbers") return "SELECT * FROM range(10)";
    if (table == "gone") return FailedPrecondition("Source gone: file /x.parquet has gone");
    return std::nullopt;
  }

  std::vector<std::string> Rows(std::string_view sql,
                                std::vector<std::shared_ptr<arrow::Scalar>> parameters = {}) {
    return RowsOf(*session_, sql, std::move(parameters));
  }
  Status Run(std::string_view sql) { return session_->QueryTable({}, sql).status(); }

  FakeEmbed embed_;
  FakeStart start_;
  std::atomic<int64_t> rows_seen_ = 0;
  std::vector<std::string> asked_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Session> session_;
};

TEST_F(FunctionsTest, AScalarFunctionTakesItsTypeFromConstants) {
  EXPECT_THAT(Rows("SELECT typeof(embed('3', 'ab')), embed('3', 'ab')[1]"),
              ElementsAre("FLOAT[3]|2"));
  EXPECT_THAT(Rows("SELECT embed('2', t)[2] FROM (VALUES ('a'), (NULL), ('ccc')) v(t)"),
              ElementsAre("1", "null", "3"));
  EXPECT_THAT(Rows("SELECT embed('2', NULL) IS NULL"), ElementsAre("true"));
  EXPECT_THAT(Rows("SELECT embed($1, $2)[1]", {arrow::MakeScalar("4"), arrow::MakeScalar("abc")}),
              ElementsAre("3"));
  EXPECT_THAT(Rows("SELECT typeof(embed($1, 'x'))", {arrow::MakeScalar("4")}),
              ElementsAre("FLOAT[4]"));
  EXPECT_THAT(Rows("SELECT array_distance(embed('2', 'a'), [1, 4]::FLOAT[2])"), ElementsAre("3"));
}

TEST_F(FunctionsTest, AScalarFunctionSeesBatchesAndEveryRowOnce) {
  const auto rows = Rows("SELECT sum(embed('2', 'x' || i)[1])::BIGINT FROM range(100000) t(i)");
  EXPECT_THAT(rows, ElementsAre("588890"));
  EXPECT_EQ(embed_.rows, 100000);
  EXPECT_LE(embed_.calls, 60);
}

TEST_F(FunctionsTest, EqualCallsMerge) {
  Rows("SELECT embed('2', 'x' || i)[1], embed('2', 'x' || i)[2] FROM range(1000) t(i)");
  EXPECT_EQ(embed_.rows, 1000);
}

TEST_F(FunctionsTest, AQueryHasOneCallForAllItsThreadsAndPlaces) {
  const char* sql =
      "SELECT max(asked('x' || i)) FROM range(50000) t(i) WHERE asked('x' || i) > 0 AND i >= 0";
  EXPECT_THAT(Rows(sql), ElementsAre("100000"));
  EXPECT_THAT(Rows(sql), ElementsAre("100000"));
  EXPECT_EQ(start_.starts, 2);
}

TEST_F(FunctionsTest, AFunctionOverRowsTakesASubquery) {
  EXPECT_THAT(Rows("SELECT * FROM repeat_rows('w', (SELECT id, title FROM papers)) ORDER BY id"),
              ElementsAre("1|one|w", "2|two|w"));
  EXPECT_THAT(Rows("SELECT count(*), count(DISTINCT i), max(word) FROM repeat_rows('w', (SELECT i "
                   "FROM range(100000) t(i)), times := 3)"),
              ElementsAre("300000|100000|w"));
  EXPECT_THAT(Rows("SELECT count(*) FROM repeat_rows('w', (SELECT i FROM range(9) t(i)), times := "
                   "0)"),
              ElementsAre("0"));
  EXPECT_THAT(Rows("SELECT r.title FROM papers p JOIN repeat_rows('w', (SELECT * FROM papers)) r "
                   "USING (id) WHERE p.id = 2"),
              ElementsAre("two"));
  EXPECT_THAT(Rows("SELECT word FROM repeat_rows($1, (SELECT $2::INT AS a))",
                   {arrow::MakeScalar("hello"), arrow::MakeScalar(int64_t{5})}),
              ElementsAre("hello"));
}

TEST_F(FunctionsTest, AFunctionOverRowsSeesWhatTheSubqueryLeaves) {
  Rows("SELECT * FROM repeat_rows('w', (SELECT i FROM range(100000) t(i) WHERE i % 1000 = 7))");
  EXPECT_EQ(rows_seen_, 100);
  rows_seen_ = 0;
  Rows("SELECT * FROM repeat_rows('w', (SELECT i FROM range(100000) t(i) LIMIT 5))");
  EXPECT_EQ(rows_seen_, 5);
}

TEST_F(FunctionsTest, ErrorsOfAFunctionOverRowsArriveAsTheyAre) {
  EXPECT_THAT(Rows("SELECT * FROM repeat_rows('bad', (SELECT 1 AS a))"),
              ElementsAre("INVALID_ARGUMENT: repeat_rows: the word is bad"));
  EXPECT_THAT(Rows("SELECT * FROM repeat_rows('broken', (SELECT 1 AS a))"),
              ElementsAre("DATA_LOSS: repeat_rows: broke"));
  EXPECT_THAT(Rows("SELECT * FROM repeat_rows('w')"), ElementsAre(HasSubstr("INVALID_ARGUMENT")));
  EXPECT_THAT(Rows("SELECT 1"), ElementsAre("1"));
}

TEST_F(FunctionsTest, AMacroBelongsToTheProduct) {
  ASSERT_TRUE(
      database_
          ->RegisterMacro("CREATE MACRO letters(t) AS TABLE SELECT l AS letter FROM (SELECT "
                          "unnest(string_split(t, '')) AS l)")
          .ok());
  EXPECT_THAT(Rows("SELECT id, letter FROM papers, letters(title) WHERE id = 2 ORDER BY letter"),
              ElementsAre("2|o", "2|t", "2|w"));
  EXPECT_FALSE(Run("DROP MACRO TABLE letters").ok());
  EXPECT_EQ(database_->RegisterMacro("SELECT 1").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(database_->RegisterMacro("CREATE TABLE t (x INT)").code(),
            StatusCode::kInvalidArgument);
}

TEST_F(FunctionsTest, ErrorsOfAFunctionArriveAsTheyAre) {
  EXPECT_THAT(Rows("SELECT embed('2', 'poison')"),
              ElementsAre("DATA_LOSS: embed: the model broke on row 7"));
  EXPECT_THAT(Rows("SELECT embed('2', CASE WHEN i = 5000 THEN 'poison' ELSE 'x' END) FROM "
                   "range(10000) t(i)"),
              ElementsAre("DATA_LOSS: embed: the model broke on row 7"));
  EXPECT_THAT(Rows("SELECT embed('missing', 'x')"),
              ElementsAre("NOT_FOUND: There is no model 'missing'"));
  EXPECT_THAT(Rows("SELECT embed(t, 'x') FROM (VALUES ('2')) v(t)"),
              ElementsAre("INVALID_ARGUMENT: embed: the model must be a constant"));
  EXPECT_THAT(Rows("SELECT embed('2', 'throw')"), ElementsAre(HasSubstr("embed threw")));
  EXPECT_THAT(Rows("SELECT embed('2', 'fine')[1]"), ElementsAre("4"));
}

TEST_F(FunctionsTest, AFunctionIsCalledFromManySessionsAtOnce) {
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      auto session = std::move(database_->Connect()).value();
      for (int round = 0; round < 5; ++round) {
        const auto rows =
            RowsOf(*session, "SELECT sum(embed('2', 'x' || i)[1])::BIGINT FROM range(20000) t(i)");
        if (rows != std::vector<std::string>{"108890"}) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(FunctionsTest, ATableFunctionTakesEveryKindOfVector) {
  for (const char* vector : {"[0.1, 0.2]::FLOAT[2]", "[0.1, 0.2]::FLOAT[]", "[0.1, 0.2]::DOUBLE[]",
                             "[0.1, 0.2]", "[0.1, 0.2]::DOUBLE[2]", "'[0.1, 0.2]'"}) {
    EXPECT_THAT(
        Rows("SELECT id, round(score, 3) FROM nearest('papers', " + std::string(vector) + ", 2)"),
        ElementsAre("0|0.3", "1|0.3"))
        << vector;
  }
  EXPECT_THAT(Rows("SELECT count(*) FROM nearest('papers', [1, 2])"), ElementsAre("10"));
  EXPECT_THAT(Rows("SELECT count(*) FROM nearest('papers', [1, 2], k := 3)"), ElementsAre("3"));
  EXPECT_THAT(Rows("SELECT count(*) FROM nearest('papers', embed('2', 'abc'), k := 4)"),
              ElementsAre("4"));
  EXPECT_THAT(Rows("SELECT count(*) FROM nearest($1, [1, 2], $2)",
                   {arrow::MakeScalar("papers"), arrow::MakeScalar(int64_t{5})}),
              ElementsAre("5"));
  ASSERT_TRUE(Run("SET VARIABLE q = (SELECT [i, i] FROM range(3) t(i) WHERE i = 2)").ok());
  EXPECT_THAT(Rows("SELECT score FROM nearest('papers', getvariable('q'), 1)"), ElementsAre("4"));
  EXPECT_THAT(Rows("SELECT * FROM nearest('papers', 'no vector', 1)"),
              ElementsAre(HasSubstr("INVALID_ARGUMENT")));
}

TEST_F(FunctionsTest, ATableFunctionJoinsFiltersAndAggregates) {
  EXPECT_THAT(Rows("SELECT n.id, p.title FROM nearest('x', [1, 2], 5) n JOIN papers p USING (id) "
                   "ORDER BY 1"),
              ElementsAre("1|one", "2|two"));
  EXPECT_THAT(Rows("SELECT label FROM nearest('x', [1, 2], 10000) WHERE id = 9999"),
              ElementsAre("row 9999"));
  EXPECT_THAT(Rows("SELECT count(*), sum(id)::BIGINT, count(DISTINCT label) FROM "
                   "nearest('x', [1], 10000)"),
              ElementsAre("10000|49995000|10000"));
  EXPECT_THAT(Rows("SELECT id FROM nearest('x', [1], 0)"), ElementsAre());
  EXPECT_THAT(Rows("CREATE TABLE kept AS SELECT * FROM nearest('x', [1], 7000)"),
              ElementsAre("7000"));
}

TEST_F(FunctionsTest, ErrorsOfATableFunctionArriveAsTheyAre) {
  EXPECT_THAT(Rows("SELECT * FROM nearest('missing', [1], 1)"),
              ElementsAre("NOT_FOUND: There is no table 'missing'"));
  EXPECT_THAT(Rows("SELECT * FROM nearest('broken', [1], 1)"),
              ElementsAre("DATA_LOSS: nearest: the index is damaged"));
  EXPECT_THAT(Rows("SELECT * FROM nearest('x', [1], -1)"),
              ElementsAre("INVALID_ARGUMENT: nearest: k must not be negative, it is -1"));
  EXPECT_THAT(Rows("SELECT 1"), ElementsAre("1"));
}

TEST_F(FunctionsTest, ExplainAnalyzeTellsTheSteps) {
  const auto plan = Rows("EXPLAIN ANALYZE SELECT * FROM nearest('x', [1, 2], 5)");
  EXPECT_THAT(plan, ElementsAre(::testing::AllOf(HasSubstr("index"), HasSubstr("flat, visited"))));
  Trace trace;
  RequestContext context;
  context.trace = &trace;
  ASSERT_TRUE(session_->QueryTable(context, "SELECT * FROM nearest('x', [1, 2], 5)").ok());
  ASSERT_EQ(trace.steps().size(), 1u);
  EXPECT_EQ(trace.steps()[0].name, "index");
}

TEST_F(FunctionsTest, NamesAreResolved) {
  EXPECT_THAT(Rows("SELECT title FROM papers WHERE papers.id = 2"), ElementsAre("two"));
  EXPECT_THAT(Rows("SELECT p.title FROM papers.public.papers AS p WHERE id = 1"),
              ElementsAre("one"));
  EXPECT_THAT(Rows("SELECT count(*) FROM \"odd name\""), ElementsAre("2"));
  EXPECT_THAT(Rows("SELECT count(*) FROM numbers n WHERE n.range > 4"), ElementsAre("5"));
  EXPECT_THAT(Rows("SELECT a.title FROM papers a JOIN papers b ON a.id = b.id + 1"),
              ElementsAre("two"));
  EXPECT_THAT(Rows("SELECT * FROM gone"),
              ElementsAre("FAILED_PRECONDITION: Source gone: file /x.parquet has gone"));
  EXPECT_THAT(Rows("SELECT * FROM unknown"), ElementsAre(HasSubstr("does not exist")));
}

TEST_F(FunctionsTest, ATableOfTheDatabaseDoesNotHideANameOfTheResolver) {
  for (const char* sql :
       {"CREATE TABLE papers AS SELECT 'mine' AS title", "CREATE VIEW papers AS SELECT 1",
        "SELECT 1; CREATE TEMP TABLE IF NOT EXISTS papers (x INT)"}) {
    const Status status = Run(sql);
    EXPECT_EQ(status.code(), StatusCode::kAlreadyExists) << sql << ": " << status.ToString();
  }
  EXPECT_THAT(Rows("SELECT count(*) FROM papers"), ElementsAre("2"));
  ASSERT_TRUE(Run("CREATE TABLE mine AS SELECT 'mine' AS title").ok());
  EXPECT_EQ(Run("ALTER TABLE mine RENAME TO papers").code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(Rows("SELECT title FROM mine"), ElementsAre("mine"));
}

TEST_F(FunctionsTest, ANameOfTheResolverIsNotWritten) {
  for (const char* sql :
       {"INSERT INTO papers VALUES (3, 'x')", "DELETE FROM papers", "UPDATE papers SET title = 'x'",
        "INSERT INTO \"odd name\" SELECT 1, 'x'"}) {
    const Status status = Run(sql);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << sql;
    EXPECT_THAT(status.message(), HasSubstr("cannot be changed")) << sql;
  }
  EXPECT_THAT(Run("INSERT INTO unknown VALUES (1)").message(), HasSubstr("does not exist"));
  ASSERT_TRUE(
      Run("CREATE TABLE copy AS SELECT * FROM papers; INSERT INTO copy VALUES (3, 'x')").ok());
  EXPECT_THAT(Rows("SELECT count(*) FROM copy"), ElementsAre("3"));
}

}  // namespace
}  // namespace iolite::sql
