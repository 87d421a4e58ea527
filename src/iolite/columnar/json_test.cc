#include "iolite/columnar/json.h"

#include <arrow/api.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "iolite/columnar/csv.h"

namespace iolite::columnar {
namespace {

std::string Json(const std::shared_ptr<arrow::Scalar>& scalar) {
  std::string out;
  AppendJsonValue(*arrow::MakeArrayFromScalar(*scalar, 1).ValueOrDie(), 0, out);
  return out;
}
template <typename Value>
std::string Json(Value value) {
  return Json(arrow::MakeScalar(value));
}
template <typename Scalar, typename... Args>
std::string JsonOf(Args... args) {
  return Json(std::make_shared<Scalar>(args...));
}

TEST(Json, Numbers) {
  EXPECT_EQ(Json(int8_t{-128}), "-128");
  EXPECT_EQ(Json(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(Json(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(Json(0.1), "0.1");
  EXPECT_EQ(Json(0.1f), "0.1");
  EXPECT_EQ(Json(1.0), "1.0");
  EXPECT_EQ(Json(-0.0), "-0.0");
  EXPECT_EQ(Json(1e300), "1e+300");
  EXPECT_EQ(Json(true), "true");
  EXPECT_EQ(JsonOf<arrow::Decimal128Scalar>(arrow::Decimal128("-12345678901234567890.50"),
                                            arrow::decimal128(38, 2)),
            "-12345678901234567890.50");
}

TEST(Json, WhatIsNoNumberIsNull) {
  EXPECT_EQ(Json(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(Json(-std::numeric_limits<float>::infinity()), "null");
  EXPECT_EQ(JsonOf<arrow::HalfFloatScalar>(uint16_t{0x7C00}), "null");
  EXPECT_EQ(JsonOf<arrow::HalfFloatScalar>(uint16_t{0x3E00}), "1.5");
  EXPECT_EQ(Json(arrow::MakeNullScalar(arrow::int32())), "null");
  EXPECT_EQ(Json(arrow::MakeNullScalar(arrow::null())), "null");
  std::string out;
  AppendJsonNumber(NAN, out);
  EXPECT_EQ(out, "null");
}

TEST(Json, StringsAreEscapedAndAlwaysUtf8) {
  EXPECT_EQ(Json(std::string("a\"b\\c\n\r\t\x01\x1f")), R"("a\"b\\c\n\r\t\u0001\u001f")");
  EXPECT_EQ(Json(std::string("zero\0in", 7)), R"("zero\u0000in")");
  EXPECT_EQ(Json(std::string("Ελλ 日本 😀")), "\"Ελλ 日本 😀\"");
  EXPECT_EQ(Json(std::string("a\xFF\xC3")), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(Json(std::string("\xED\xA0\x80")),  // a surrogate
            "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(Json(std::string("\xC0\xAF")), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");  // overlong
  EXPECT_EQ(JsonOf<arrow::LargeStringScalar>("x"), "\"x\"");
}

TEST(Json, BinaryIsBase64) {
  const auto base64 = [](const std::string& bytes) {
    return JsonOf<arrow::BinaryScalar>(arrow::Buffer::FromString(bytes));
  };
  EXPECT_EQ(base64(""), "\"\"");
  EXPECT_EQ(base64("f"), "\"Zg==\"");
  EXPECT_EQ(base64("fo"), "\"Zm8=\"");
  EXPECT_EQ(base64("foo"), "\"Zm9v\"");
  EXPECT_EQ(base64("\xFF\xFE\xFD"), "\"//79\"");
}

TEST(Json, DatesAndTimes) {
  EXPECT_EQ(JsonOf<arrow::Date32Scalar>(0), "\"1970-01-01\"");
  EXPECT_EQ(JsonOf<arrow::Date32Scalar>(-1), "\"1969-12-31\"");
  EXPECT_EQ(JsonOf<arrow::Date32Scalar>(11016), "\"2000-02-29\"");
  EXPECT_EQ(JsonOf<arrow::Date64Scalar>(int64_t{86'400'000}), "\"1970-01-02\"");
  EXPECT_EQ(JsonOf<arrow::Time64Scalar>(int64_t{50'587'500'000}, arrow::TimeUnit::MICRO),
            "\"14:03:07.5\"");
  const auto timestamp = [](int64_t value, arrow::TimeUnit::type unit, std::string zone = {}) {
    return JsonOf<arrow::TimestampScalar>(value, arrow::timestamp(unit, zone));
  };
  EXPECT_EQ(timestamp(1'795'269'787, arrow::TimeUnit::SECOND), "\"2026-11-21T14:03:07\"");
  EXPECT_EQ(timestamp(1'795'269'787'000'001, arrow::TimeUnit::MICRO, "UTC"),
            "\"2026-11-21T14:03:07.000001Z\"");
  EXPECT_EQ(timestamp(-1, arrow::TimeUnit::NANO), "\"1969-12-31T23:59:59.999999999\"");
  EXPECT_EQ(JsonOf<arrow::DurationScalar>(int64_t{-1500}, arrow::TimeUnit::MILLI), "\"PT-1.5S\"");
  EXPECT_EQ(JsonOf<arrow::MonthDayNanoIntervalScalar>(
                arrow::MonthDayNanoIntervalType::MonthDayNanos{1, 2, 500'000'000}),
            "\"P1M2DT0.5S\"");
}

std::shared_ptr<arrow::Array> Numbers(std::vector<int32_t> values) {
  arrow::Int32Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}
std::shared_ptr<arrow::Array> Texts(std::vector<std::string> values) {
  arrow::StringBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}
std::string JsonAt(const std::shared_ptr<arrow::Array>& array, int64_t row) {
  std::string out;
  AppendJsonValue(*array, row, out);
  return out;
}

TEST(Json, NestedValues) {
  const auto numbers = Numbers({1, 2, 3});
  const auto offsets = Numbers({0, 2, 2, 3});
  const auto lists = arrow::ListArray::FromArrays(*offsets, *numbers).ValueOrDie();
  EXPECT_EQ(JsonAt(lists, 0), "[1,2]");
  EXPECT_EQ(JsonAt(lists, 1), "[]");
  EXPECT_EQ(JsonAt(lists->Slice(2), 0), "[3]");
  const auto pairs =
      arrow::StructArray::Make({numbers, lists}, std::vector<std::string>{"n", "l"}).ValueOrDie();
  EXPECT_EQ(JsonAt(pairs, 2), R"({"n":3,"l":[3]})");
  EXPECT_EQ(JsonAt(pairs->Slice(1), 0), R"({"n":2,"l":[]})");
  const auto by_text =
      arrow::MapArray::FromArrays(offsets, Texts({"a", "b", "c"}), numbers).ValueOrDie();
  EXPECT_EQ(JsonAt(by_text, 0), R"({"a":1,"b":2})");
  const auto by_number = arrow::MapArray::FromArrays(offsets, numbers, numbers).ValueOrDie();
  EXPECT_EQ(JsonAt(by_number, 2), R"([{"key":3,"value":3}])");
  const auto words =
      arrow::DictionaryArray::FromArrays(arrow::dictionary(arrow::int32(), arrow::utf8()),
                                         Numbers({1, 0}), Texts({"x", "y"}))
          .ValueOrDie();
  EXPECT_EQ(JsonAt(words, 0), "\"y\"");
}

std::shared_ptr<arrow::RecordBatch> SomeRows() {
  arrow::StringBuilder texts;
  EXPECT_TRUE(texts.Append("plain").ok() && texts.AppendNull().ok() && texts.Append("").ok() &&
              texts.Append("a,\"b\"\n").ok());
  const auto lists =
      arrow::ListArray::FromArrays(*Numbers({0, 2, 2, 3, 3}), *Numbers({1, 2, 3})).ValueOrDie();
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("n", arrow::int32()), arrow::field("a \"text\"", arrow::utf8()),
                     arrow::field("l", lists->type())}),
      4, {Numbers({1, 2, 3, 4}), texts.Finish().ValueOrDie(), lists});
}

TEST(Json, RowsAreObjectsOnLines) {
  std::string out;
  AppendJsonLines(*SomeRows(), out);
  EXPECT_EQ(out, R"({"n":1,"a \"text\"":"plain","l":[1,2]}
{"n":2,"a \"text\"":null,"l":[]}
{"n":3,"a \"text\"":"","l":[3]}
{"n":4,"a \"text\"":"a,\"b\"\n","l":[]}
)");
}

TEST(Csv, QuotesWhatNeedsItAndTellsNullFromEmpty) {
  std::string out;
  AppendCsvHeader(*SomeRows()->schema(), out);
  AppendCsvRows(*SomeRows(), out);
  EXPECT_EQ(out,
            "n,\"a \"\"text\"\"\",l\n"
            "1,plain,\"[1,2]\"\n"
            "2,,[]\n"
            "3,\"\",[3]\n"
            "4,\"a,\"\"b\"\"\n\",[]\n");
}

TEST(Csv, SpellsOtherValuesAsJsonDoesWithoutItsQuotes) {
  const auto csv = [](const std::shared_ptr<arrow::Array>& array) {
    std::string out;
    AppendCsvRows(*arrow::RecordBatch::Make(arrow::schema({arrow::field("x", array->type())}),
                                            array->length(), {array}),
                  out);
    return out;
  };
  const auto one = [&](const std::shared_ptr<arrow::Scalar>& scalar) {
    return csv(arrow::MakeArrayFromScalar(*scalar, 1).ValueOrDie());
  };
  EXPECT_EQ(one(std::make_shared<arrow::Date32Scalar>(11016)), "2000-02-29\n");
  EXPECT_EQ(one(arrow::MakeScalar(true)), "true\n");
  EXPECT_EQ(one(arrow::MakeScalar(std::nan(""))), "NaN\n");
  EXPECT_EQ(one(std::make_shared<arrow::BinaryScalar>(arrow::Buffer::FromString("foo"))), "Zm9v\n");
  EXPECT_EQ(csv(arrow::DictionaryArray::FromArrays(arrow::dictionary(arrow::int32(), arrow::utf8()),
                                                   Numbers({0}), Texts({"x,y"}))
                    .ValueOrDie()),
            "\"x,y\"\n");
}

}  // namespace
}  // namespace iolite::columnar
