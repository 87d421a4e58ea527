#include "iolite/columnar/vector_array.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace iolite::columnar {
namespace {

template <typename ValueBuilder, typename Value>
std::shared_ptr<arrow::Array> ListsOf(const std::vector<std::vector<Value>>& rows) {
  auto values = std::make_shared<ValueBuilder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), values);
  for (const auto& row : rows) {
    EXPECT_TRUE(lists.Append().ok());
    EXPECT_TRUE(values->AppendValues(row).ok());
  }
  return lists.Finish().ValueOrDie();
}

std::vector<float> AsVector(std::span<const float> values) {
  return {values.begin(), values.end()};
}

TEST(VectorArray, WrapsFloatsWithoutCopyingAndViewsThemBack) {
  const std::vector<float> floats = {1, 2, 3, 4, 5, 6};
  const auto array = MakeVectorArray(arrow::Buffer::Wrap(floats), 3).value();
  ASSERT_TRUE(array->ValidateFull().ok());
  EXPECT_EQ(array->length(), 2);
  const auto block = ReadVectors(*array).value();
  EXPECT_EQ(block.dimension, 3);
  EXPECT_EQ(block.values.data(), floats.data());
  EXPECT_EQ(AsVector(block.row(1)), (std::vector<float>{4, 5, 6}));
}

TEST(VectorArray, AHalfRowIsRefused) {
  const std::vector<float> floats(7);
  EXPECT_EQ(MakeVectorArray(arrow::Buffer::Wrap(floats), 3).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_FALSE(MakeVectorArray(arrow::Buffer::Wrap(floats), 0).ok());
}

TEST(VectorArray, SlicesBeginWhereTheyBegin) {
  const std::vector<float> floats = {1, 2, 3, 4, 5, 6};
  const auto array = MakeVectorArray(arrow::Buffer::Wrap(floats), 2).value()->Slice(1, 2);
  EXPECT_EQ(AsVector(ReadVectors(*array)->values), (std::vector<float>{3, 4, 5, 6}));
  const auto lists = ListsOf<arrow::FloatBuilder, float>({{1, 2}, {3, 4}, {5, 6}})->Slice(2);
  EXPECT_EQ(AsVector(ReadVectors(*lists)->values), (std::vector<float>{5, 6}));
}

TEST(VectorArray, ReadsOtherListsOfNumbers) {
  const auto doubles = ListsOf<arrow::DoubleBuilder, double>({{1.5, 2}, {3, 4}});
  EXPECT_EQ(AsVector(ReadVectors(*doubles)->values), (std::vector<float>{1.5, 2, 3, 4}));
  const auto halves = ListsOf<arrow::HalfFloatBuilder, uint16_t>({{0x3C00, 0xC000}});
  EXPECT_EQ(AsVector(ReadVectors(*halves)->values), (std::vector<float>{1, -2}));
  const auto none = ListsOf<arrow::FloatBuilder, float>({});
  EXPECT_EQ(ReadVectors(*none)->row_count, 0);
}

TEST(VectorArray, NamesTheRowThatIsWrong) {
  const auto uneven = ListsOf<arrow::FloatBuilder, float>({{1, 2}, {3, 4}, {5}});
  auto read = ReadVectors(*uneven, 0, /*first_row=*/1000);
  EXPECT_EQ(read.status().message(), "Row 1002 has a vector of 1 numbers, the others have 2");
  EXPECT_EQ(ReadVectors(*uneven, 3).status().message(),
            "Row 0 has a vector of 2 numbers, the others have 3");

  auto values = std::make_shared<arrow::FloatBuilder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), values);
  ASSERT_TRUE(lists.Append().ok() && values->Append(1).ok() && lists.AppendNull().ok());
  EXPECT_EQ(ReadVectors(*lists.Finish().ValueOrDie()).status().message(), "Row 1 has no vector");
  ASSERT_TRUE(lists.Append().ok() && values->AppendNull().ok());
  EXPECT_EQ(ReadVectors(*lists.Finish().ValueOrDie()).status().message(),
            "Row 0 has a vector whose number 0 is null");
}

TEST(VectorArray, OtherTypesAreRefused) {
  const auto integers = ListsOf<arrow::Int32Builder, int32_t>({{1, 2}});
  EXPECT_EQ(ReadVectors(*integers).status().code(), StatusCode::kInvalidArgument);
  const auto text = arrow::StringBuilder().Finish().ValueOrDie();
  EXPECT_NE(ReadVectors(*text).status().message().find("string"), std::string::npos);
}

TEST(VectorArray, FindsNumbersThatAreNone) {
  const std::vector<float> floats = {1, 2, 3, INFINITY, NAN, 6};
  const auto array = MakeVectorArray(arrow::Buffer::Wrap(floats), 2).value();
  EXPECT_EQ(CheckFinite(*ReadVectors(*array), 10).message(), "Row 11 has a vector with infinity");
  EXPECT_EQ(CheckFinite(*ReadVectors(*array->Slice(2))).message(), "Row 0 has a vector with NaN");
  EXPECT_TRUE(CheckFinite(*ReadVectors(*array->Slice(0, 1))).ok());
}

}  // namespace
}  // namespace iolite::columnar
