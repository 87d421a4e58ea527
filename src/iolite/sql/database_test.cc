#include "iolite/sql/database.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace iolite::sql {
namespace {

using ::testing::HasSubstr;

class DatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("iolite-sql-database-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    session_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string path() const { return (folder_ / "tables.duckdb").string(); }

  void Open(DatabaseOptions options = {}) {
    auto database = Database::Open(options);
    ASSERT_TRUE(database.ok()) << database.status().ToString();
    database_ = std::move(database).value();
  }
  void Connect() {
    if (!database_) Open();
    auto session = database_->Connect();
    ASSERT_TRUE(session.ok()) << session.status().ToString();
    session_ = std::move(session).value();
  }
  std::unique_ptr<Session> NewSession() { return std::move(database_->Connect()).value(); }

  /// The rows as text: columns joined by `|`.
  std::vector<std::string> Rows(std::string_view sql,
                                std::vector<std::shared_ptr<arrow::Scalar>> parameters = {}) {
    if (!session_) Connect();
    auto table = session_->QueryTable({}, sql, std::move(parameters));
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
  Status Run(std::string_view sql) {
    if (!session_) Connect();
    return session_->QueryTable({}, sql).status();
  }

  std::filesystem::path folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Session> session_;
};

TEST_F(DatabaseTest, AnswersRowsOfEveryCommonType) {
  EXPECT_THAT(Rows("SELECT 1::TINYINT, 2::BIGINT, 1.5::FLOAT, 'x', true, DATE '2026-01-02', "
                   "[1, 2], {'a': 1}, NULL::VARCHAR, 'e'::ENUM('d', 'e'), 12.34::DECIMAL(9, 2)"),
              ::testing::ElementsAre(HasSubstr("1|2|1.5|x|true|2026-01-02|")));
  EXPECT_EQ(Rows("SELECT '[1]'::JSON AS j"), std::vector<std::string>{"[1]"});
  EXPECT_EQ(Rows("SELECT sum(i) FROM range(10) t(i)"), std::vector<std::string>{"45"});
}

TEST_F(DatabaseTest, StreamsEveryRowOnceAndTheFirstOnesEarly) {
  Connect();
  auto result = session_->Query({}, "SELECT i, 'row ' || i AS text FROM range(1000000) t(i)");
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  int64_t next = 0, batches = 0;
  while (true) {
    auto batch = (*result)->Next();
    ASSERT_TRUE(batch.ok()) << batch.status().ToString();
    if (!*batch) break;
    if (batches++ == 0) {
      EXPECT_LE((*batch)->num_rows(), 2048);
    }
    const auto& ids = static_cast<const arrow::Int64Array&>(*(*batch)->column(0));
    for (int64_t i = 0; i < ids.length(); ++i) ASSERT_EQ(ids.Value(i), next++);
  }
  EXPECT_EQ(next, 1000000);
  EXPECT_LT(batches, 200);
  auto end = (*result)->Next();
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(*end, nullptr);
}

TEST_F(DatabaseTest, ASessionServesOneResultAtATime) {
  Connect();
  auto result = session_->Query({}, "SELECT * FROM range(1000000)");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(Run("SELECT 1").code(), StatusCode::kFailedPrecondition);
  result->reset();
  EXPECT_TRUE(Run("SELECT 1").ok());
}

TEST_F(DatabaseTest, AResultDroppedEarlyEndsItsQuery) {
  Open({.path = path()});
  Connect();
  ASSERT_TRUE(Run("CREATE TABLE t AS SELECT i FROM range(1000000) r(i)").ok());
  for (int round = 0; round < 3; ++round) {
    auto result = session_->Query({}, "SELECT i FROM t");
    ASSERT_TRUE(result.ok());
    ASSERT_TRUE((*result)->Next().ok());
  }
  // Nothing reads the table any more, so its rows can be changed and the file checkpointed.
  auto other = NewSession();
  EXPECT_TRUE(other->QueryTable({}, "DELETE FROM t WHERE i > 10; CHECKPOINT").ok());
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), std::vector<std::string>{"11"});
  // A transaction outlives a result that was dropped in it.
  ASSERT_TRUE(Run("BEGIN; INSERT INTO t SELECT i FROM range(1000000) r(i)").ok());
  auto result = session_->Query({}, "SELECT i FROM t");
  ASSERT_TRUE(result.ok());
  ASSERT_TRUE((*result)->Next().ok());
  result->reset();
  EXPECT_TRUE(Run("COMMIT").ok());
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), std::vector<std::string>{"1000011"});
}

TEST_F(DatabaseTest, AResultOutlivesItsSessionAndDatabase) {
  Connect();
  auto result = session_->Query({}, "SELECT * FROM range(100000)");
  ASSERT_TRUE(result.ok());
  session_.reset();
  database_.reset();
  int64_t rows = 0;
  while (true) {
    auto batch = (*result)->Next();
    ASSERT_TRUE(batch.ok()) << batch.status().ToString();
    if (!*batch) break;
    rows += (*batch)->num_rows();
  }
  EXPECT_EQ(rows, 100000);
}

TEST_F(DatabaseTest, ParametersOfManyTypesArrive) {
  auto floats = std::make_shared<arrow::FloatBuilder>();
  arrow::FixedSizeListBuilder vectors(arrow::default_memory_pool(), floats, 2);
  ASSERT_TRUE(vectors.Append().ok());
  ASSERT_TRUE(floats->AppendValues({0.5f, 1.5f}).ok());
  auto vector = vectors.Finish().ValueOrDie()->GetScalar(0).ValueOrDie();
  EXPECT_EQ(Rows("SELECT $1 + 1, $2, typeof($3), $4 IS NULL",
                 {arrow::MakeScalar(int64_t{41}), arrow::MakeScalar("it's"), vector,
                  arrow::MakeNullScalar(arrow::utf8())}),
            std::vector<std::string>{"42|it's|FLOAT[2]|true"});
  EXPECT_EQ(Rows("SELECT ? || ?", {arrow::MakeScalar("a"), arrow::MakeScalar("b")}),
            std::vector<std::string>{"ab"});
  EXPECT_EQ(session_->QueryTable({}, "SELECT $1").status().code(), StatusCode::kInvalidArgument);
}

TEST_F(DatabaseTest, SeveralStatementsAnswerTheLastOne) {
  EXPECT_EQ(Rows("CREATE TABLE t (i INT); INSERT INTO t VALUES (1), (2); SELECT count(*) FROM t"),
            std::vector<std::string>{"2"});
  EXPECT_EQ(Rows("INSERT INTO t VALUES (3)"), std::vector<std::string>{"1"});
  EXPECT_EQ(Rows("UPDATE t SET i = i + 1"), std::vector<std::string>{"3"});
  EXPECT_EQ(Rows("DELETE FROM t WHERE i = 2 RETURNING i"), std::vector<std::string>{"2"});
  EXPECT_EQ(Run("  ; ").code(), StatusCode::kInvalidArgument);
}

TEST_F(DatabaseTest, WrongSqlNamesThePlace) {
  const Status parser = Run("SELEC 1");
  EXPECT_EQ(parser.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(parser.message(), HasSubstr("LINE 1: SELEC 1"));
  EXPECT_THAT(parser.message(), HasSubstr("^"));
  const Status binder = Run("SELECT nothing FROM range(3)");
  EXPECT_EQ(binder.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(binder.message(), HasSubstr("LINE 1: SELECT nothing"));
  EXPECT_EQ(Run("SELECT * FROM no_such_table").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Run("SELECT 'x'::INT").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Run("SELECT CAST('x' || i AS INT) FROM range(3) t(i)").code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Run("SELECT * FROM read_parquet('/no/such.parquet')").code(), StatusCode::kNotFound);
  EXPECT_TRUE(Run("SELECT 1").ok());
}

TEST_F(DatabaseTest, ExtensionsAreNeitherInstalledNorLoaded) {
  EXPECT_EQ(Run("INSTALL httpfs").code(), StatusCode::kUnimplemented);
  EXPECT_EQ(Run("LOAD httpfs").code(), StatusCode::kUnimplemented);
  const Status url = Run("SELECT * FROM 'https://example.org/x.parquet'");
  EXPECT_FALSE(url.ok());
  EXPECT_EQ(url.code(), StatusCode::kUnimplemented) << url.ToString();
}

TEST_F(DatabaseTest, MemoryPastTheLimitIsResourceExhausted) {
  Open({.memory_bytes_max = 40 << 20, .temp_folder = (folder_ / "temp").string()});
  Connect();
  ASSERT_TRUE(Run("SET max_temp_directory_size = '1MB'").ok());
  const Status status =
      Run("SELECT count(*) FROM (SELECT i, i::VARCHAR || repeat('x', 200) AS s FROM "
          "range(2000000) t(i) ORDER BY s)");
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status.ToString();
  EXPECT_TRUE(Run("SELECT 1").ok());
}

TEST_F(DatabaseTest, ACancelledQueryStops) {
  Connect();
  RequestContext context;
  std::thread canceller([cancel = context.cancel] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancel.Cancel();
  });
  const auto status = session_->QueryTable(
      context, "SELECT sum(a.i * b.i) FROM range(10000000) a(i), range(10000000) b(i)");
  canceller.join();
  EXPECT_EQ(status.status().code(), StatusCode::kCancelled) << status.status().ToString();
  EXPECT_TRUE(Run("SELECT 1").ok());
}

TEST_F(DatabaseTest, ADeadlineEndsAQueryAndAStream) {
  Connect();
  RequestContext context;
  context.SetTimeout(std::chrono::milliseconds(50));
  const auto status = session_->QueryTable(
      context, "SELECT sum(a.i * b.i) FROM range(10000000) a(i), range(10000000) b(i)");
  EXPECT_EQ(status.status().code(), StatusCode::kDeadlineExceeded) << status.status().ToString();
  RequestContext stream_context;
  stream_context.SetTimeout(std::chrono::milliseconds(50));
  const auto stream = session_->QueryTable(
      stream_context, "SELECT i FROM range(100000000000) t(i) WHERE hash(i) = 1");
  EXPECT_EQ(stream.status().code(), StatusCode::kDeadlineExceeded) << stream.status().ToString();
  EXPECT_EQ(session_->QueryTable(context, "SELECT 1").status().code(),
            StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(Run("SELECT 1").ok());
}

TEST_F(DatabaseTest, ReportsProgress) {
  Connect();
  int64_t reports = 0;
  auto result =
      session_->Query({}, "CREATE TABLE big AS SELECT i, hash(i) AS h FROM range(4000000) t(i)", {},
                      [&](const Progress& progress) {
                        ++reports;
                        EXPECT_GE(progress.rows_total, 0);
                      });
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_GT(reports, 0);
}

TEST_F(DatabaseTest, TransactionsConflictAndAreTriedAgain) {
  Connect();
  ASSERT_TRUE(Run("CREATE TABLE t (id INT, v INT); INSERT INTO t VALUES (1, 0)").ok());
  auto other = NewSession();
  ASSERT_TRUE(Run("BEGIN; UPDATE t SET v = 1 WHERE id = 1").ok());
  ASSERT_TRUE(other->QueryTable({}, "BEGIN").ok());
  const auto conflict = other->QueryTable({}, "UPDATE t SET v = 2 WHERE id = 1");
  EXPECT_EQ(conflict.status().code(), StatusCode::kAborted) << conflict.status().ToString();
  EXPECT_TRUE(other->QueryTable({}, "ROLLBACK").ok());
  ASSERT_TRUE(Run("COMMIT").ok());
  EXPECT_TRUE(other->QueryTable({}, "UPDATE t SET v = 2 WHERE id = 1").ok());
  EXPECT_EQ(Rows("SELECT v FROM t"), std::vector<std::string>{"2"});
}

TEST_F(DatabaseTest, TablesStayAcrossARestart) {
  Open({.path = path()});
  Connect();
  ASSERT_TRUE(Run("CREATE TABLE t AS SELECT i FROM range(1000) r(i)").ok());
  ASSERT_TRUE(Run("BEGIN; INSERT INTO t VALUES (5000)").ok());
  session_.reset();
  database_.reset();
  Open({.path = path()});
  Connect();
  EXPECT_EQ(Rows("SELECT count(*), max(i) FROM t"), std::vector<std::string>{"1000|999"});
}

TEST_F(DatabaseTest, ReadOnlyReadsAndRefusesToWrite) {
  Open({.path = path()});
  Connect();
  ASSERT_TRUE(Run("CREATE TABLE t AS SELECT 7 AS i").ok());
  session_.reset();
  database_.reset();
  Open({.path = path(), .read_only = true});
  Connect();
  EXPECT_EQ(Rows("SELECT i FROM t"), std::vector<std::string>{"7"});
  const Status write = Run("INSERT INTO t VALUES (8)");
  EXPECT_FALSE(write.ok());
  EXPECT_THAT(write.message(), HasSubstr("read-only"));
  auto second = Database::Open({.path = path(), .read_only = true});
  EXPECT_TRUE(second.ok()) << second.status().ToString();
}

TEST_F(DatabaseTest, ASecondOpenInThisProcessIsRefused) {
  Open({.path = path()});
  EXPECT_EQ(Database::Open({.path = path()}).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Database::Open({.path = path(), .read_only = true}).status().code(),
            StatusCode::kFailedPrecondition);
  database_.reset();
  Open({.path = path()});
}

TEST_F(DatabaseTest, FilesThatAreNoDatabaseAreNamed) {
  std::ofstream(path()) << std::string(20000, 'x');
  const Status garbage = Database::Open({.path = path()}).status();
  EXPECT_EQ(garbage.code(), StatusCode::kDataLoss) << garbage.ToString();
  EXPECT_THAT(garbage.message(), HasSubstr(path()));
  const Status missing =
      Database::Open({.path = (folder_ / "none.duckdb").string(), .read_only = true}).status();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound) << missing.ToString();
}

TEST_F(DatabaseTest, AFileOfANewerReleaseIsRefusedByName) {
  Open({.path = path()});
  database_.reset();
  const auto write = [&](int64_t offset, uint64_t value) {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file.write(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  write(12, 200);  // after the checksum and "DUCK": the storage version
  // The refusal of a wrong checksum tells the right one.
  const std::string refusal = Database::Open({.path = path()}).status().message();
  const std::string before = "computed checksum ";
  const size_t at = refusal.find(before);
  ASSERT_NE(at, std::string::npos) << refusal;
  write(0, std::stoull(refusal.substr(at + before.size())));
  const Status newer = Database::Open({.path = path()}).status();
  EXPECT_EQ(newer.code(), StatusCode::kUnimplemented) << newer.ToString();
  EXPECT_THAT(newer.message(), HasSubstr("newer release"));
}

TEST_F(DatabaseTest, AnotherProcessHoldingTheFileIsNamed) {
  int ready[2], done[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(done), 0);
  Open({.path = path()});
  database_.reset();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::close(done[1]);
    auto held = Database::Open({.path = path()});
    char byte = held.ok() ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) != 1 || ::read(done[0], &byte, 1) < 0) ::_exit(1);
    ::_exit(0);
  }
  // Whoever dies is noticed: only the other holds the writing end of its pipe.
  ::close(ready[1]);
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  const Status status = Database::Open({.path = path()}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr("PID " + std::to_string(child)));
  ASSERT_EQ(::write(done[1], &byte, 1), 1);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(Database::Open({.path = path()}).ok());
}

TEST_F(DatabaseTest, CommittedRowsOfAKilledWriterAreRead) {
  Open({.path = path()});
  database_.reset();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto database = Database::Open({.path = path()});
    auto session = (*database)->Connect();
    const bool done =
        (*session)
            ->QueryTable({}, "CREATE TABLE t AS SELECT 5 AS i; INSERT INTO t VALUES (6)")
            .ok();
    ::_exit(done ? 0 : 1);  // without closing: as after a kill, the log is not yet in the file
  }
  int state = 0;
  ::waitpid(child, &state, 0);
  ASSERT_EQ(state, 0);
  Open({.path = path(), .read_only = true});
  Connect();
  EXPECT_EQ(Rows("SELECT sum(i) FROM t"), std::vector<std::string>{"11"});
}

TEST_F(DatabaseTest, ManySessionsAtOnce) {
  Connect();
  ASSERT_TRUE(Run("CREATE TABLE t AS SELECT i FROM range(100000) r(i)").ok());
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      auto session = NewSession();
      for (int round = 0; round < 5; ++round) {
        auto table = session->QueryTable({}, "SELECT sum(i)::BIGINT FROM t");
        if (!table.ok() ||
            (*table)->column(0)->GetScalar(0).ValueOrDie()->ToString() != "4999950000") {
          ++wrong;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(QuoteTest, DoublesQuotes) {
  EXPECT_EQ(QuoteIdentifier("odd \"name\""), "\"odd \"\"name\"\"\"");
  EXPECT_EQ(QuoteLiteral("it's"), "'it''s'");
}

}  // namespace
}  // namespace iolite::sql
