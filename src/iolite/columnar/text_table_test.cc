#include "iolite/columnar/text_table.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "iolite/columnar/text_width.h"

namespace iolite::columnar {
namespace {

std::shared_ptr<arrow::Table> Words() {
  arrow::StringBuilder texts;
  arrow::Int64Builder numbers;
  EXPECT_TRUE(texts.AppendValues({"pirate", "日本語", "two\nlines"}).ok() &&
              texts.AppendNull().ok());
  EXPECT_TRUE(numbers.AppendValues({1, 20, -300, 4}).ok());
  return arrow::Table::Make(
      arrow::schema({arrow::field("word", arrow::utf8()), arrow::field("count", arrow::int64())}),
      {texts.Finish().ValueOrDie(), numbers.Finish().ValueOrDie()});
}

TEST(TextTable, PadsByDisplayWidthWithNumbersToTheRight) {
  EXPECT_EQ(FormatTextTable(*Words()),
            "word       count\n"
            "─────────  ─────\n"
            "pirate         1\n"
            "日本語        20\n"
            "two lines   -300\n"
            "NULL           4\n");
}

TEST(TextTable, CutsWideCellsAndLongTables) {
  EXPECT_EQ(FormatTextTable(*Words(), {.cell_width_max = 5, .row_count_max = 2}),
            "word   count\n"
            "─────  ─────\n"
            "pira…      1\n"
            "日本…     20\n"
            "… and 2 more of 4 rows\n");
}

TEST(TextTable, FitsTheLine) {
  for (const size_t width : {12u, 14u, 16u}) {
    const auto text = FormatTextTable(*Words(), {.width_max = width});
    for (size_t begin = 0; begin < text.size();) {
      const auto end = text.find('\n', begin);
      EXPECT_LE(DisplayWidth(text.substr(begin, end - begin)), width);
      begin = end + 1;
    }
  }
}

TEST(TextTable, TablesWithoutRowsHaveAHeader) {
  EXPECT_EQ(FormatTextTable(*Words()->Slice(0, 0)), "word  count\n────  ─────\n");
  EXPECT_EQ(FormatTextTable(*arrow::Table::Make(arrow::schema({}), arrow::ChunkedArrayVector{}, 0)),
            "");
}

TEST(TextWidth, CountsColumns) {
  EXPECT_EQ(DisplayWidth("plain"), 5u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);
  EXPECT_EQ(DisplayWidth("日本"), 4u);
  EXPECT_EQ(DisplayWidth("😀"), 2u);
  EXPECT_EQ(DisplayWidth("a\xFFz"), 3u);
  EXPECT_EQ(DisplayWidth("\x1b[31m"), 4u);
}

TEST(TextWidth, CutsBetweenCharacters) {
  EXPECT_EQ(TruncateToWidth("pirate", 6), "pirate");
  EXPECT_EQ(TruncateToWidth("pirate", 5), "pira…");
  EXPECT_EQ(TruncateToWidth("日本語", 4), "日…");
  EXPECT_EQ(TruncateToWidth("日本語", 1), "…");
  EXPECT_EQ(TruncateToWidth("x", 0), "");
  EXPECT_EQ(TruncateToWidth("", 0), "");
  EXPECT_EQ(TruncateToWidth("ae\u0301", 2), "ae\u0301");
}

}  // namespace
}  // namespace iolite::columnar
