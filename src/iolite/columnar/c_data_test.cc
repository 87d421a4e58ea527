#include "iolite/columnar/c_data.h"

#include <arrow/api.h>
#include <arrow/c/abi.h>
#include <gtest/gtest.h>

namespace iolite::columnar {
namespace {

std::shared_ptr<arrow::Table> Numbers() {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues({1, 2, 3}).ok());
  return arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64())}),
                            {builder.Finish().ValueOrDie()});
}

TEST(CData, TablesGoOutAndComeBack) {
  ArrowArrayStream stream{};
  ASSERT_TRUE(ExportTable(Numbers(), &stream).ok());
  ASSERT_NE(stream.release, nullptr);
  const auto table = ImportTable(&stream).value();
  EXPECT_TRUE(table->Equals(*Numbers()));
  EXPECT_EQ(stream.release, nullptr);
}

TEST(CData, AReleasedStreamIsRefused) {
  ArrowArrayStream stream{};
  EXPECT_EQ(ImportReader(&stream).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace iolite::columnar
