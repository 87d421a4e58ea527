#include "iolite/columnar/parquet.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>

#include "iolite/base/random.h"
#include "iolite/columnar/arrow_status.h"
#include "iolite/columnar/vector_array.h"

namespace iolite::columnar {
namespace {

std::shared_ptr<arrow::Schema> Schema() {
  return arrow::schema({arrow::field("_row_id", arrow::utf8()),
                        arrow::field("vector", arrow::fixed_size_list(arrow::float32(), 4)),
                        arrow::field("year", arrow::int32())});
}

/// Rows first, first + 1, …
std::shared_ptr<arrow::RecordBatch> Rows(int64_t first, int64_t count) {
  arrow::StringBuilder ids;
  arrow::Int32Builder years;
  arrow::FloatBuilder floats;
  for (int64_t i = first; i < first + count; ++i) {
    EXPECT_TRUE(ids.Append("row " + std::to_string(i)).ok());
    EXPECT_TRUE(years.Append(static_cast<int32_t>(i)).ok());
    for (int j = 0; j < 4; ++j) EXPECT_TRUE(floats.Append(static_cast<float>(i) + .25f * j).ok());
  }
  const auto numbers = floats.Finish().ValueOrDie();
  auto vectors = MakeVectorArray(numbers->data()->buffers[1], 4);
  EXPECT_TRUE(vectors.ok() || count == 0);
  return arrow::RecordBatch::Make(
      Schema(), count, {ids.Finish().ValueOrDie(), *vectors, years.Finish().ValueOrDie()});
}

std::string Written(std::initializer_list<int64_t> batch_sizes,
                    const ParquetWriteOptions& options = {}) {
  std::string bytes;
  auto sink = [&](std::string_view piece) {
    bytes += piece;
    return Status();
  };
  auto writer = ParquetWriter::Make(Schema(), sink, options).value();
  for (const auto size : batch_sizes) {
    EXPECT_TRUE(writer->Write(*Rows(writer->row_count(), size)).ok());
  }
  EXPECT_TRUE(writer->Finish().ok());
  EXPECT_EQ(writer->size_bytes(), static_cast<int64_t>(bytes.size()));
  return bytes;
}

Result<std::shared_ptr<arrow::Table>> ReadBack(const std::string& bytes,
                                               const ParquetReadOptions& options = {}) {
  IOLITE_ASSIGN_OR_RETURN(
      auto reader, ReadParquetBuffer(arrow::Buffer::FromString(bytes), "T.parquet", options));
  return FromArrow(reader->ToTable());
}

TEST(Parquet, GivesBackRowsAndTypes) {
  const auto table = ReadBack(Written({10, 300, 1})).value();
  EXPECT_EQ(table->num_rows(), 311);
  EXPECT_TRUE(table->schema()->Equals(*Schema()));
  const auto expected = arrow::Table::FromRecordBatches({Rows(0, 311)}).ValueOrDie();
  EXPECT_TRUE(table->CombineChunks().ValueOrDie()->Equals(*expected));
}

TEST(Parquet, RowGroupsHaveTheSizeAskedFor) {
  const auto bytes = Written({700, 700, 100}, {.row_group_row_count = 600});
  const auto file = parquet::ParquetFileReader::Open(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes)));
  const auto metadata = file->metadata();
  ASSERT_EQ(metadata->num_row_groups(), 3);
  EXPECT_EQ(metadata->RowGroup(0)->num_rows(), 600);
  EXPECT_EQ(metadata->RowGroup(1)->num_rows(), 600);
  EXPECT_EQ(metadata->RowGroup(2)->num_rows(), 300);
  EXPECT_EQ(metadata->RowGroup(0)->ColumnChunk(1)->compression(), parquet::Compression::ZSTD);
  EXPECT_FALSE(metadata->RowGroup(0)->ColumnChunk(1)->has_dictionary_page());
}

TEST(Parquet, ReadsOnlyTheColumnsAskedFor) {
  const auto table = ReadBack(Written({20}), {.columns = {"year", "_row_id"}}).value();
  EXPECT_EQ(table->schema()->field_names(), (std::vector<std::string>{"_row_id", "year"}));
  const auto unknown = ReadBack(Written({20}), {.columns = {"title"}});
  EXPECT_EQ(unknown.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(unknown.status().message(),
            "T.parquet has no column 'title'; it has _row_id, vector, year");
}

TEST(Parquet, AFileWithoutRowsKeepsItsSchema) {
  const auto table = ReadBack(Written({})).value();
  EXPECT_EQ(table->num_rows(), 0);
  EXPECT_TRUE(table->schema()->Equals(*Schema()));
}

TEST(Parquet, PassesTheSinksErrorOn) {
  auto full = [](std::string_view) { return ResourceExhausted("the disk is full"); };
  auto writer = ParquetWriter::Make(Schema(), full);
  Status status = writer.status();
  if (status.ok()) status = (*writer)->Write(*Rows(0, 10));
  if (status.ok()) status = (*writer)->Finish();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "the disk is full");
}

TEST(Parquet, IsSpentWhenFinished) {
  auto writer = ParquetWriter::Make(Schema(), [](std::string_view) { return Status(); }).value();
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_EQ(writer->Write(*Rows(0, 1)).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(writer->Finish().code(), StatusCode::kFailedPrecondition);
}

TEST(Parquet, NamesWhatIsMissingOrDamaged) {
  const auto missing = ReadParquetFile("/nonexistent/T.parquet");
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_NE(missing.status().message().find("/nonexistent/T.parquet"), std::string::npos);
  const auto bytes = Written({500});
  for (const size_t size : {size_t{0}, size_t{3}, size_t{8}, bytes.size() / 2, bytes.size() - 1}) {
    const auto cut = ReadBack(bytes.substr(0, size));
    ASSERT_EQ(cut.status().code(), StatusCode::kDataLoss) << size;
    EXPECT_NE(cut.status().message().find("T.parquet"), std::string::npos);
  }
}

TEST(Parquet, DamageInsideNeverEndsTheProcess) {
  constexpr uint64_t kSeed = 7;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  const auto random = Random::Seeded(kSeed);
  const auto bytes = Written({500});
  for (int round = 0; round < 300; ++round) {
    auto damaged = bytes;
    // From the middle on lie pages and the footer.
    const size_t at = damaged.size() - 1 - random->NextBelow(damaged.size() * 3 / 4);
    damaged[at] ^= static_cast<char>(1 + random->NextBelow(255));
    const auto table = ReadBack(damaged);
    if (!table.ok()) {
      EXPECT_NE(table.status().code(), StatusCode::kInternal);
    }
  }
}

}  // namespace
}  // namespace iolite::columnar
