#include "iolite/sql/source.h"

#include <arrow/api.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "iolite/sql/condition.h"

namespace iolite::sql {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("iolite-sql-source-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  std::string Write(const std::string& name, std::string_view content) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return Path(name);
  }
  std::string WriteParquet(const std::string& name, const std::string& select,
                           const std::string& options = "") {
    std::filesystem::create_directories((folder_ / name).parent_path());
    const auto status =
        session_->QueryTable({}, "COPY (" + select + ") TO " + QuoteLiteral(Path(name)) +
                                     " (FORMAT parquet" + options + ")");
    EXPECT_TRUE(status.ok()) << status.status().ToString();
    return Path(name);
  }
  Result<catalog::SourceEntry> Read(std::vector<std::string> patterns, std::string format = "") {
    return ReadSource({}, *database_,
                      {.name = "papers", .patterns = std::move(patterns), .format = format});
  }
  catalog::SourceEntry Entry(std::vector<std::string> patterns, std::string format = "") {
    auto entry = Read(std::move(patterns), std::move(format));
    EXPECT_TRUE(entry.ok()) << entry.status().ToString();
    return entry.ok() ? *entry : catalog::SourceEntry{};
  }
  std::vector<std::string> Rows(const std::string& sql) {
    auto table = session_->QueryTable({}, sql);
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
  static std::vector<std::string> Columns(const catalog::SourceEntry& entry) {
    std::vector<std::string> columns;
    for (const auto& column : entry.columns) columns.push_back(column.name + " " + column.type);
    return columns;
  }

  std::filesystem::path folder_;
  std::unique_ptr<Database> database_ = std::move(Database::Open({.thread_count = 2})).value();
  std::unique_ptr<Session> session_ = std::move(database_->Connect()).value();
};

TEST_F(SourceTest, ParquetTellsSchemaAndCount) {
  const auto path = WriteParquet("p.parquet",
                                 "SELECT i AS id, 'title ' || i AS title, [i, i]::FLOAT[2] AS v "
                                 "FROM range(5000) t(i)");
  const auto entry = Entry({path});
  EXPECT_EQ(entry.format, "parquet");
  EXPECT_EQ(entry.row_count, 5000);
  EXPECT_THAT(Columns(entry), ElementsAre("id BIGINT", "title VARCHAR", HasSubstr("v FLOAT[")));
  ASSERT_EQ(entry.files.size(), 1u);
  EXPECT_EQ(entry.files[0].path, path);
  EXPECT_GT(entry.files[0].size_bytes, 0);
  EXPECT_EQ(Rows("SELECT count(*), sum(id)::BIGINT FROM (" + SourceSelect(entry) + ")"),
            std::vector<std::string>{"5000|12497500"});
}

TEST_F(SourceTest, ManyFilesRowGroupsAndThreadsGiveEveryRowOnce) {
  for (int file = 0; file < 5; ++file) {
    WriteParquet("part" + std::to_string(file) + ".parquet",
                 "SELECT i AS id, 'text ' || i AS text FROM range(" + std::to_string(file * 20000) +
                     ", " + std::to_string((file + 1) * 20000) + ") t(i)",
                 ", ROW_GROUP_SIZE 2048");
  }
  // The same file twice, by name and by pattern, counts once.
  const auto entry = Entry({Path("*.parquet"), Path("part3.parquet")});
  EXPECT_EQ(entry.files.size(), 5u);
  EXPECT_EQ(entry.row_count, 100000);
  EXPECT_EQ(Rows("SELECT count(*), count(DISTINCT id), sum(id)::BIGINT FROM (" +
                 SourceSelect(entry) + ")"),
            std::vector<std::string>{"100000|100000|4999950000"});
  const auto folder = Entry({folder_.string()});
  EXPECT_EQ(folder.row_count, 100000);
  EXPECT_EQ(folder.patterns[0], Path("*.parquet"));
}

TEST_F(SourceTest, ACsvOfTwentyMegabytesIsReadWhole) {
  std::string text = "id,title,note\n";
  int64_t rows = 0;
  while (text.size() < (20u << 20)) {
    text += std::to_string(rows) + ",\"title, with \"\"quotes\"\" " + std::to_string(rows) +
            "\",\"several\nlines of a longer note that takes some room\"\n";
    ++rows;
  }
  // The last value does not fit what the beginning promised.
  text += "late,x,y\n";
  const auto entry = Entry({Write("big.csv", text)});
  EXPECT_EQ(entry.row_count, rows + 1);
  EXPECT_THAT(Columns(entry), ElementsAre("id VARCHAR", "title VARCHAR", "note VARCHAR"));
  EXPECT_EQ(Rows("SELECT count(*), count(DISTINCT id), sum(TRY_CAST(id AS BIGINT))::BIGINT FROM (" +
                 SourceSelect(entry) + ")"),
            std::vector<std::string>{std::to_string(rows + 1) + "|" + std::to_string(rows + 1) +
                                     "|" + std::to_string(rows * (rows - 1) / 2)});
}

TEST_F(SourceTest, CsvWithOddColumnNames) {
  const auto entry = Entry({Write("odd.csv",
                                  "id,my col,\"quo\"\"te\",größe,a,a,\n1,x,y,2.5,1,2,3\n"
                                  "2,,z,3,4,5,6\n")});
  EXPECT_THAT(Columns(entry),
              ElementsAre("id BIGINT", "my col VARCHAR", "quo\"te VARCHAR", "größe DOUBLE",
                          "a BIGINT", "a_1 BIGINT", "column6 BIGINT"));
  EXPECT_EQ(Rows(SourceSelect(entry)),
            (std::vector<std::string>{"1|x|y|2.5|1|2|3", "2|null|z|3|4|5|6"}));
}

TEST_F(SourceTest, CsvOfManyKinds) {
  EXPECT_EQ(Rows(SourceSelect(Entry({Write("semi.csv", "a;b\n1;x\n2;y\n")}))),
            (std::vector<std::string>{"1|x", "2|y"}));
  EXPECT_EQ(Rows(SourceSelect(Entry({Write("tab.tsv", "a\tb\n1\tx\n")}))),
            std::vector<std::string>{"1|x"});
  EXPECT_EQ(Rows(SourceSelect(Entry({Write("dos.csv", "a,b\r\n1,x\r\n2,y\r\n")}))),
            (std::vector<std::string>{"1|x", "2|y"}));
  EXPECT_EQ(Rows(SourceSelect(Entry({Write("text.csv", "title,body\nFoo,Bar\n#no,comment\n")}))),
            (std::vector<std::string>{"Foo|Bar", "#no|comment"}));
  EXPECT_EQ(Rows(SourceSelect(Entry({Write("bare.csv", "1,x\n2,y\n")}))),
            (std::vector<std::string>{"1|x", "2|y"}));
  EXPECT_EQ(Rows(SourceSelect(Entry({Write("one.csv", "only\nfoo\n")}))),
            std::vector<std::string>{"foo"});
  EXPECT_EQ(Rows(SourceSelect(Entry({Write("date.csv", "d,n\n31/12/2020,1\n")}))),
            std::vector<std::string>{"2020-12-31|1"});
  EXPECT_EQ(Rows(SourceSelect(Entry({Write("data.txt", "a,b\n1,2\n")}, "csv"))),
            std::vector<std::string>{"1|2"});
  EXPECT_EQ(Rows(SourceSelect(Entry({Write("we[1]*.csv", "a,b\n3,4\n")}))),
            std::vector<std::string>{"3|4"});
}

TEST_F(SourceTest, CsvFilesWithDifferentTypesFindACommonOne) {
  Write("c/1.csv", "id,v,w\n1,1,1\n");
  Write("c/2.csv", "id,v,w\n2,2.5,n/a\n");
  const auto entry = Entry({Path("c")});
  EXPECT_THAT(Columns(entry), ElementsAre("id BIGINT", "v DOUBLE", "w VARCHAR"));
  EXPECT_EQ(Rows(SourceSelect(entry)), (std::vector<std::string>{"1|1|1", "2|2.5|n/a"}));
}

TEST_F(SourceTest, JsonOfBothKinds) {
  const auto lines =
      Entry({Write("x.jsonl", "{\"a\": 1, \"b\": {\"c\": [1, 2]}}\n{\"a\": 2.5}\n")});
  EXPECT_EQ(lines.format, "jsonl");
  EXPECT_EQ(lines.row_count, 2);
  EXPECT_THAT(Columns(lines), ElementsAre("a DOUBLE", "b STRUCT(c BIGINT[])"));
  EXPECT_EQ(Entry({Write("x.json", "[{\"a\": 1}, {\"a\": 2}]")}).row_count, 2);
  EXPECT_EQ(Entry({Write("x.ndjson", "{\"a\": 1}\n")}).row_count, 1);
  // A late value of another type.
  std::string late;
  for (int i = 0; i < 30000; ++i) late += "{\"a\": " + std::to_string(i) + "}\n";
  const auto entry = Entry({Write("late.jsonl", late + "{\"a\": \"text\"}\n")});
  EXPECT_EQ(entry.row_count, 30001);
  EXPECT_EQ(Rows("SELECT count(a) FROM (" + SourceSelect(entry) + ")"),
            std::vector<std::string>{"30001"});
}

TEST_F(SourceTest, GlobsReachFolders) {
  Write("a/1.csv", "id\n1\n");
  Write("a/b/2.csv", "id\n2\n");
  Write("a/.hidden.csv", "id\n3\n");
  EXPECT_EQ(Entry({Path("**/*.csv")}).row_count, 2);
  EXPECT_EQ(Entry({Path("a/[0-9].csv")}).row_count, 1);
  EXPECT_EQ(Entry({Path("*/?.csv"), Path("a/b/2.csv")}).row_count, 2);
}

TEST_F(SourceTest, BadInputIsNamed) {
  const auto expect = [&](std::vector<std::string> patterns, StatusCode code,
                          const std::string& part, const std::string& format = "") {
    const Status status = Read(std::move(patterns), format).status();
    EXPECT_EQ(status.code(), code) << status.ToString();
    EXPECT_THAT(status.message(),
                AllOf(HasSubstr(part), Not(HasSubstr("LINE ")), Not(HasSubstr("Possible"))));
  };
  expect({Path("none.csv")}, StatusCode::kNotFound, Path("none.csv"));
  expect({Path("*.csv")}, StatusCode::kNotFound, Path("*.csv"));
  std::filesystem::create_directories(folder_ / "empty");
  expect({Path("empty")}, StatusCode::kNotFound, Path("empty"));
  expect({Write("x.xlsx", "x")}, StatusCode::kInvalidArgument, "--format");
  expect({Write("y.csv", "a\n1\n")}, StatusCode::kInvalidArgument, "no format 'xml'", "xml");
  expect({Write("bad.parquet", "not parquet at all")}, StatusCode::kInvalidArgument,
         Path("bad.parquet"));
  expect({Write("rag.csv", "a,b\n1,2\n3\n4,5\n")}, StatusCode::kInvalidArgument, "Line: 3");
  expect({Write("open.csv", "a,b\n1,\"open\n2,x\n")}, StatusCode::kInvalidArgument, "unterminated");
  expect({Write("bad.jsonl", "{\"a\": 1}\n{\"a\":\n")}, StatusCode::kInvalidArgument,
         Path("bad.jsonl"));
  expect({Write("bad.json", "[{\"a\": 1}, {\"a\"")}, StatusCode::kInvalidArgument,
         Path("bad.json"));
  expect({Write("utf8.csv", "a,b\n1,\xff\xfe\n")}, StatusCode::kInvalidArgument, Path("utf8.csv"));
  expect({Write("none.jsonl", "")}, StatusCode::kInvalidArgument, "no rows");
  expect({Write("zero.csv", "")}, StatusCode::kInvalidArgument, "no rows");
  expect({Write("head.csv", "a,b\n")}, StatusCode::kInvalidArgument, "no rows");
  expect({WriteParquet("zero.parquet", "SELECT 1 AS a WHERE false")}, StatusCode::kInvalidArgument,
         "no rows");
  expect({Write("k1.csv", "a,b\n1,2\n"), Write("k2.csv", "a,c\n1,2\n")},
         StatusCode::kInvalidArgument, "k2.csv has \"a\", \"c\"");
  expect({WriteParquet("t1.parquet", "SELECT 1::BIGINT AS a"),
          WriteParquet("t2.parquet", "SELECT 'x' AS a")},
         StatusCode::kInvalidArgument, "Column \"a\" is BIGINT in");
  expect({Path("k1.csv"), Path("t1.parquet")}, StatusCode::kInvalidArgument, "one format");
  expect({folder_.string()}, StatusCode::kInvalidArgument, "Name one kind");
  expect({"https://example.org/x.csv"}, StatusCode::kUnimplemented, "address");
  expect({}, StatusCode::kInvalidArgument, "at least one file");
  ASSERT_EQ(::mkfifo(Path("pipe.csv").c_str(), 0600), 0);
  expect({Path("pipe.csv")}, StatusCode::kInvalidArgument, "not a regular file");
  if (::geteuid() != 0) {
    ::chmod(Path("y.csv").c_str(), 0);
    expect({Path("y.csv")}, StatusCode::kPermissionDenied, Path("y.csv"));
  }
  for (const auto& name : std::vector<std::string>{"", "a\nb", " x", std::string(500, 'x')}) {
    EXPECT_EQ(
        ReadSource({}, *database_, {.name = name, .patterns = {Path("k1.csv")}}).status().code(),
        StatusCode::kInvalidArgument);
  }
}

TEST_F(SourceTest, ChangesAreSeen) {
  const auto path = Write("c/a.csv", "id,title\n1,x\n");
  const auto entry = Entry({Path("c/*.csv")});
  EXPECT_EQ(*CheckSource(entry), SourceState::kUnchanged);
  std::string detail;
  Write("c/b.csv", "id,title\n2,y\n");
  EXPECT_EQ(*CheckSource(entry, &detail), SourceState::kChanged);
  EXPECT_THAT(detail, HasSubstr("b.csv is new"));
  const auto fresh = RefreshSource({}, *database_, entry);
  ASSERT_TRUE(fresh.ok()) << fresh.status().ToString();
  EXPECT_EQ(fresh->row_count, 2);
  EXPECT_EQ(fresh->created_us, entry.created_us);

  Write("c/b.csv", "id,other,title\n2,y,z\n");
  EXPECT_EQ(*CheckSource(*fresh, &detail), SourceState::kChanged);
  EXPECT_EQ(RefreshSource({}, *database_, *fresh).status().code(), StatusCode::kInvalidArgument);
  Write("c/a.csv", "id,other\n1,x\n");
  Write("c/b.csv", "id,other\n2,y\n");
  const Status lost = RefreshSource({}, *database_, *fresh).status();
  EXPECT_EQ(lost.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(lost.message(), HasSubstr("lost its column \"title\""));

  std::filesystem::remove(path);
  EXPECT_EQ(*CheckSource(*fresh, &detail), SourceState::kGone);
  EXPECT_THAT(detail, HasSubstr(path));
  const Status gone = RefreshSource({}, *database_, *fresh).status();
  EXPECT_EQ(gone.code(), StatusCode::kNotFound);
  EXPECT_THAT(gone.message(), HasSubstr(path));
}

TEST_F(SourceTest, PositionsFindTheirRowsAgain) {
  WriteParquet("p/1.parquet", "SELECT i AS id, i % 7 AS m FROM range(10000) t(i)",
               ", ROW_GROUP_SIZE 2048");
  WriteParquet("p/2.parquet", "SELECT i AS id, i % 7 AS m FROM range(10000, 15000) t(i)");
  std::string csv = "id,m\n";
  for (int i = 0; i < 15000; ++i) csv += std::to_string(i) + "," + std::to_string(i % 7) + "\n";
  Write("c.csv", csv);
  const std::vector<std::string> columns = {"id"};
  for (const auto& entry : {Entry({Path("p")}), Entry({Path("c.csv")})}) {
    const std::string where = "m = 3 AND papers.id > 12340 -- late";
    ASSERT_TRUE(CheckCondition({}, *session_, SourceSelect(entry), entry.name, where).ok());
    const auto select = SourcePositionSelect(entry, columns, where);
    const bool parquet = entry.format == "parquet";
    EXPECT_EQ(Rows("SELECT count(*), bool_and(_file_index * 10000 + _file_row = id) FROM (" +
                   select + ")"),
              std::vector<std::string>{"380|true"})
        << select;
    EXPECT_EQ(Rows("SELECT count(*), count(DISTINCT (_file_index, _file_row)) FROM (" +
                   SourcePositionSelect(entry, columns, "") + ")"),
              std::vector<std::string>{"15000|15000"});
    const std::vector<SourcePosition> positions = {
        {0, 5}, {0, 9999}, parquet ? SourcePosition{1, 4000} : SourcePosition{0, 14000}};
    EXPECT_EQ(
        Rows("SELECT id FROM (" + SourceFetchSelect(entry, columns, positions) + ") ORDER BY id"),
        (std::vector<std::string>{"5", "9999", "14000"}));
    EXPECT_TRUE(Rows(SourceFetchSelect(entry, columns, {})).empty());
  }
}

TEST_F(SourceTest, AColumnThatHidesPositionsDoesNotMislead) {
  const auto entry = Entry(
      {WriteParquet("f.parquet", "SELECT i AS id, 99 AS file_row_number FROM range(10) t(i)")});
  const std::vector<std::string> columns = {"id"};
  EXPECT_EQ(Rows(SourcePositionSelect(entry, columns, "id = 4")),
            std::vector<std::string>{"0|4|4"});
}

TEST_F(SourceTest, CancellingStopsReading) {
  const auto path = Write("x.csv", "a\n1\n");
  RequestContext context;
  context.cancel.Cancel();
  EXPECT_EQ(ReadSource(context, *database_, {.name = "x", .patterns = {path}}).status().code(),
            StatusCode::kCancelled);
}

}  // namespace
}  // namespace iolite::sql
