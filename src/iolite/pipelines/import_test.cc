#include "iolite/pipelines/import.h"

#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "iolite/pipelines/testing/pipeline_fixture.h"

namespace iolite::pipelines {
namespace {

using ::testing::HasSubstr;
using testing::PipelineTest;

// Rows 0..n-1 with vectors [i + 1, 2, 3].
std::string VectorRowsSql(int count) {
  return fmt::format(
      "SELECT 'k' || i AS id, 't' || i AS title, [i + 1, 2, 3]::FLOAT[] AS vector FROM range({}) "
      "t(i)",
      count);
}

template <typename T>
void AppendNumber(std::string& bytes, T number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string Fvecs(const std::vector<std::vector<float>>& rows) {
  std::string bytes;
  for (const auto& row : rows) {
    AppendNumber(bytes, static_cast<int32_t>(row.size()));
    for (float number : row) AppendNumber(bytes, number);
  }
  return bytes;
}

template <typename T>
std::string Npy(const std::string& descr, const std::string& shape, const std::vector<T>& numbers,
                int version = 1, const std::string& order = "False") {
  std::string dictionary =
      "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
  dictionary.resize((dictionary.size() / 64 + 1) * 64, ' ');
  std::string bytes("\x93NUMPY");
  bytes += {static_cast<char>(version), 0};
  if (version == 1) {
    AppendNumber(bytes, static_cast<uint16_t>(dictionary.size()));
  } else {
    AppendNumber(bytes, static_cast<uint32_t>(dictionary.size()));
  }
  bytes += dictionary;
  for (T number : numbers) AppendNumber(bytes, number);
  return bytes;
}

class ImportTest : public PipelineTest {
 protected:
  Result<EmbedSummary> Run() { return Import(context_, options_, import_, nullptr); }

  EmbedSummary MustRun() {
    auto summary = Run();
    EXPECT_TRUE(summary.ok()) << summary.status().ToString();
    return summary.ok() ? *summary : EmbedSummary();
  }

  void ExpectRefused(const std::string& text, StatusCode code = StatusCode::kInvalidArgument) {
    Status status = Run().status();
    EXPECT_EQ(status.code(), code) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr(text));
    EXPECT_TRUE(ResultFiles().empty());
    EXPECT_TRUE(catalog_->ListTables()->empty());
  }

  std::string WriteFile(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }

  // Writes the rows of a SELECT statement as an Arrow file.
  std::string WriteArrow(const std::string& name, const std::string& rows) {
    auto table = database_->Connect().value()->QueryTable(context_, rows).value();
    auto file = arrow::io::FileOutputStream::Open(folder_ / name).ValueOrDie();
    auto writer = arrow::ipc::MakeFileWriter(file, table->schema()).ValueOrDie();
    EXPECT_TRUE(writer->WriteTable(*table).ok() && writer->Close().ok() && file->Close().ok());
    return folder_ / name;
  }

  std::vector<float> VectorOf(const std::string& table, const std::string& row_id) {
    auto snapshot = results_->Get(table).value();
    for (const auto& part : snapshot->parts) {
      auto ordinal = part.segment->FindRow(row_id).value();
      if (!ordinal || (part.hidden && part.hidden->Contains(*ordinal))) continue;
      std::vector<float> vector(static_cast<size_t>(snapshot->materialization.dimension));
      EXPECT_TRUE(part.segment->ReadVector(*ordinal, vector).ok());
      return vector;
    }
    return {};
  }

  ImportRequest import_{.source = "things", .key = "id"};
};

TEST_F(ImportTest, AParquetFileBecomesASourceAndATable) {
  WriteParquet("v.parquet", VectorRowsSql(500));
  import_.vectors_path = folder_ / "v.parquet";
  auto summary = MustRun();
  EXPECT_EQ(summary.rows, 500);
  EXPECT_EQ(summary.embedded, 500);
  EXPECT_THAT(summary.table, ::testing::StartsWith("things__import__none__"));
  auto source = catalog_->GetSource("things").value();
  EXPECT_EQ(source.row_count, 500);
  EXPECT_EQ(source.patterns, std::vector<std::string>{folder_ / "v.parquet"});
  auto entry = catalog_->GetTable(summary.table).value();
  EXPECT_EQ(entry.task, "import");
  EXPECT_EQ(entry.key_column, "id");
  EXPECT_EQ(entry.dimension, 3);
  EXPECT_EQ(LastJob().kind, "import");
  float length = std::sqrt(1.f + 4.f + 9.f);
  EXPECT_THAT(VectorOf(summary.table, "k0"),
              ::testing::Pointwise(::testing::FloatEq(), {1 / length, 2 / length, 3 / length}));
}

TEST_F(ImportTest, OnlyCosineNormalises) {
  WriteParquet("v.parquet", VectorRowsSql(5));
  import_.vectors_path = folder_ / "v.parquet";
  for (const char* metric : {"ip", "l2"}) {
    import_.metric = metric;
    EXPECT_EQ(VectorOf(MustRun().table, "k4"), (std::vector<float>{5, 2, 3}));
  }
}

TEST_F(ImportTest, ImportingAgainTakesWhatChanged) {
  WriteParquet("v.parquet", VectorRowsSql(100));
  import_.vectors_path = folder_ / "v.parquet";
  auto first = MustRun();
  WriteParquet("v.parquet",
               "SELECT 'k' || i AS id, 't' AS title, "
               "[if(i = 7, 0, i + 1), 2, 3]::FLOAT[] AS vector FROM range(2, 101) t(i)");
  auto second = MustRun();
  EXPECT_EQ(second.table, first.table);
  EXPECT_EQ(second.embedded, 2);
  EXPECT_EQ(second.unchanged, 97);
  EXPECT_EQ(second.hidden, 3);
  EXPECT_EQ(Visible(second.table).size(), 99u);
}

TEST_F(ImportTest, VectorsBelongToAKnownSourceByKey) {
  AddSource("things", "SELECT i AS id, 'thing ' || i AS title FROM range(10) t(i)");
  WriteParquet("v.parquet",
               "SELECT (9 - i)::BIGINT AS id, [i, 1]::DOUBLE[] AS emb FROM range(10) t(i)");
  import_.vectors_path = folder_ / "v.parquet";
  import_.column = "emb";
  import_.metric = "l2";
  auto summary = MustRun();
  EXPECT_EQ(VectorOf(summary.table, "2"), (std::vector<float>{7, 1}));
  EXPECT_EQ(results_->Get(summary.table).value()->materialization.inputs[0].path,
            folder_ / "things.parquet");
}

TEST_F(ImportTest, AnArrowFileIsCopiedForSql) {
  import_.vectors_path = WriteArrow("v.arrow", VectorRowsSql(50));
  auto summary = MustRun();
  EXPECT_EQ(summary.embedded, 50);
  auto source = catalog_->GetSource("things").value();
  EXPECT_EQ(source.patterns, std::vector<std::string>{folder_ / "db/imports/things.parquet"});
  EXPECT_EQ(MustRun().unchanged, 50);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "db/imports/things.parquet"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "db/imports"), {}), 1);
}

TEST_F(ImportTest, BareVectorsGetTheirPositionAsKey) {
  import_.key = "";
  import_.metric = "l2";
  import_.vectors_path = WriteFile("v.fvecs", Fvecs({{1, 2}, {3, 4}, {5, 6}}));
  auto fvecs = MustRun();
  EXPECT_EQ(VectorOf(fvecs.table, "2"), (std::vector<float>{5, 6}));
  EXPECT_EQ(catalog_->GetSource("things")->columns[0].name, "id");
  EXPECT_EQ(catalog_->GetTable(fvecs.table)->key_column, "id");

  import_.source = "bytes";
  import_.vectors_path = WriteFile("v.bvecs", std::string("\2\0\0\0\1\xff"
                                                          "\2\0\0\0\7\x80",
                                                          12));
  EXPECT_EQ(VectorOf(MustRun().table, "1"), (std::vector<float>{7, 128}));

  import_.source = "arrays";
  import_.vectors_path = WriteFile("v.npy", Npy<double>("<f8", "(2, 3)", {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(VectorOf(MustRun().table, "1"), (std::vector<float>{4, 5, 6}));
}

TEST_F(ImportTest, EveryNumberTypeOfNpyIsRead) {
  import_.key = "";
  import_.metric = "ip";
  auto expect = [&](const std::string& name, const std::string& bytes) {
    import_.source = name;
    import_.vectors_path = WriteFile(name + ".npy", bytes);
    EXPECT_EQ(VectorOf(MustRun().table, "1"), (std::vector<float>{2, 1})) << name;
  };
  expect("f4", Npy<float>("<f4", "(2, 2)", {0, 1, 2, 1}));
  expect("f2", Npy<uint16_t>("<f2", "(2, 2)", {0x3c00, 0x3c00, 0x4000, 0x3c00}));
  expect("u1", Npy<uint8_t>("|u1", "(2, 2)", {0, 1, 2, 1}, 2));
  expect("i1", Npy<int8_t>("|i1", "(2, 2)", {-3, 1, 2, 1}, 3));
}

TEST_F(ImportTest, BareVectorsOfAKnownSourceFollowItsRows) {
  AddSource("things", "SELECT 'x' || i AS id FROM range(3) t(i)");
  import_.metric = "l2";
  import_.vectors_path = WriteFile("v.fvecs", Fvecs({{1, 2}, {3, 4}, {5, 6}}));
  EXPECT_EQ(VectorOf(MustRun().table, "x1"), (std::vector<float>{3, 4}));
}

TEST_F(ImportTest, BareVectorsThatDoNotFitTheSourceAreRefused) {
  AddSource("things", "SELECT 'x' || i AS id FROM range(3) t(i)");
  import_.vectors_path = WriteFile("v.fvecs", Fvecs({{1, 2}, {3, 4}}));
  ExpectRefused("has 2 vectors, 'things' has 3 rows");
  import_.key = "";
  ExpectRefused("Name the key with which the rows of");
}

TEST_F(ImportTest, BadRowsAreNamedAndNothingIsImported) {
  options_.part_row_count = 1000;
  auto write = [&](const std::string& key, const std::string& vector) {
    WriteParquet("v.parquet",
                 fmt::format("SELECT {} AS id, {} AS vector FROM range(5000) t(i)", key, vector));
    import_.vectors_path = folder_ / "v.parquet";
  };
  const std::string good = "[i, 1]::FLOAT[]";
  write("i", "[if(i = 4123, 'nan'::FLOAT, i), 1]::FLOAT[]");
  ExpectRefused("Row 4124 has a vector with NaN");
  write("i", "[if(i = 4123, 'inf'::FLOAT, i), 1]::FLOAT[]");
  ExpectRefused("Row 4124 has a vector with infinity");
  write("i", "CASE WHEN i <> 3000 THEN [i, 1]::FLOAT[] END");
  ExpectRefused("Row 3001 has no vector");
  write("i", "CASE WHEN i = 3000 THEN [i]::FLOAT[] ELSE [i, 1]::FLOAT[] END");
  ExpectRefused("Row 3001 has a vector of 1 numbers, the others have 2");
  write("i", "[if(i = 77, NULL, i), 1]::FLOAT[]");
  ExpectRefused("Row 78 has a vector whose number 0 is null");
  write("CASE WHEN i <> 17 THEN i END", good);
  ExpectRefused("is null in 1 row, first in row 18");
  write("i % 4999", good);
  ExpectRefused("is not unique: '0' 2 times");
  write("i", "'text'");
  ExpectRefused("cannot be read as vectors");
  EXPECT_FALSE(catalog_->GetSource("things").ok());
}

TEST_F(ImportTest, WrongRequestsSayWhatIsWrong) {
  WriteParquet("v.parquet", VectorRowsSql(5));
  auto good = ImportRequest{.source = "things", .vectors_path = folder_ / "v.parquet", .key = "id"};
  import_ = good;
  import_.column = "embedding";
  ExpectRefused("has no column 'embedding'. Columns: id, title, vector");
  import_ = good;
  import_.key = "key";
  ExpectRefused("has no column 'key'");
  import_ = good;
  import_.key = "";
  ExpectRefused("Name the key");
  import_ = good;
  import_.metric = "chebyshev";
  ExpectRefused("chebyshev");
  import_ = good;
  import_.metric = "l1";
  ExpectRefused("The metric l1 is had by flat");
  import_ = good;
  import_.model = "N";
  ExpectRefused("There is no model 'N'", StatusCode::kNotFound);
  import_ = good;
  import_.model = "M";
  ExpectRefused("has vectors of dimension 3, the model 'M' makes 8");
  import_ = good;
  import_.vectors_path = folder_ / "nothing.parquet";
  ExpectRefused("nothing.parquet", StatusCode::kNotFound);
  import_.vectors_path = folder_ / "nothing.fvecs";
  ExpectRefused("There is no file", StatusCode::kNotFound);
  import_.vectors_path = folder_ / "v.csv";
  ExpectRefused("endings are .parquet, .arrow, .npy, .fvecs, .bvecs");
  import_.vectors_path = WriteFile("broken.parquet", "PAR1 nothing of the kind PAR1");
  ExpectRefused("broken.parquet");
  import_.vectors_path = WriteFile("broken.arrow", "nothing of the kind");
  ExpectRefused("broken.arrow is no Arrow file");
  EXPECT_FALSE(catalog_->GetSource("things").ok());
  EXPECT_TRUE(store_->List("imports/")->empty());
}

TEST_F(ImportTest, AKeyThatTheSourceDoesNotHaveIsNamed) {
  AddSource("things", "SELECT 'k' || i AS id FROM range(3) t(i)");
  WriteParquet("v.parquet", VectorRowsSql(4));
  import_.vectors_path = folder_ / "v.parquet";
  ExpectRefused("for the key 'k3', which 'things' does not have");
}

TEST_F(ImportTest, BrokenVectorFilesAreNamed) {
  import_.key = "";
  auto expect = [&](const std::string& name, const std::string& bytes, const std::string& text) {
    import_.vectors_path = WriteFile(name, bytes);
    ExpectRefused(name);
    ExpectRefused(text);
  };
  std::string whole = Fvecs({{1, 2}, {3, 4}});
  expect("cut.fvecs", whole.substr(0, whole.size() - 1), "ends within row 2");
  expect("cut2.fvecs", whole.substr(0, 14), "ends within row 2");
  expect("mixed.fvecs", whole + Fvecs({{1, 2, 3}}), "dimension 3 in row 3");
  expect("empty.fvecs", "", "has no rows");
  expect("wild.fvecs", "\xff\xff\xff\xff....", "dimension -1");
  expect("nan.fvecs", Fvecs({{1, 2}, {std::nanf(""), 4}}), "Row 2 has a vector with NaN");
  std::string npy = Npy<float>("<f4", "(2, 2)", {0, 1, 2, 3});
  expect("cut.npy", npy.substr(0, npy.size() - 1), "ends within row 2 of 2");
  expect("header.npy", npy.substr(0, 40), "ends within its header");
  expect("no.npy", "hello", "is no NPY file");
  expect("type.npy", Npy<int64_t>("<i8", "(1, 1)", {1}), "'<i8'");
  expect("big.npy", Npy<float>(">f4", "(1, 1)", {1}), "'>f4'");
  expect("fortran.npy", Npy<float>("<f4", "(1, 1)", {1}, 1, "True"), "Fortran order");
  expect("flat.npy", Npy<float>("<f4", "(1,)", {1}), "has 1 dimensions");
  expect("none.npy", Npy<float>("<f4", "(0, 4)", {}), "has no rows");
}

}  // namespace
}  // namespace iolite::pipelines
