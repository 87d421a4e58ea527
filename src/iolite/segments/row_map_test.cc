#include "iolite/segments/row_map.h"

#include <gtest/gtest.h>

#include <thread>

namespace iolite::segments {
namespace {

std::shared_ptr<std::string> MapBytes(const std::vector<std::string>& row_ids) {
  auto bytes = std::make_shared<std::string>();
  AppendRowMapHeader(*bytes);
  for (const auto& row_id : row_ids) AppendRowMapEntry(*bytes, row_id);
  return bytes;
}

Result<std::unique_ptr<RowMap>> Open(std::shared_ptr<std::string> bytes, int64_t row_count) {
  std::string_view view = *bytes;
  return RowMap::Make(view, bytes, row_count);
}

uint32_t FindOne(const RowMap& map, std::string_view row_id) {
  uint32_t ordinal = 0;
  map.Find({&row_id, 1}, {&ordinal, 1});
  return ordinal;
}

TEST(RowMapTest, HasTheBytesOfItsDescription) {
  EXPECT_EQ(*MapBytes({"a", "bcd"}), std::string("\1\0\0\0"
                                                 "\1\0\0\0"
                                                 "a"
                                                 "\3\0\0\0"
                                                 "bcd",
                                                 16));
}

TEST(RowMapTest, FindsEveryRowBothWays) {
  std::vector<std::string> row_ids = {"", "ключ", "a b", std::string(1000, 'x')};
  for (int i = 0; i < 10'000; ++i) row_ids.push_back("row " + std::to_string(i * 7919));
  auto map = Open(MapBytes(row_ids), static_cast<int64_t>(row_ids.size()));
  ASSERT_TRUE(map.ok()) << map.status().ToString();
  std::vector<std::string_view> asked(row_ids.begin(), row_ids.end());
  std::vector<uint32_t> ordinals(asked.size());
  (*map)->Find(asked, ordinals);
  for (uint32_t i = 0; i < row_ids.size(); ++i) {
    ASSERT_EQ(ordinals[i], i);
    ASSERT_EQ((*map)->row_id(i), row_ids[i]);
  }
  EXPECT_EQ(FindOne(**map, "row"), RowMap::kNoRow);
  EXPECT_EQ(FindOne(**map, "row 1"), RowMap::kNoRow);
}

TEST(RowMapTest, AnEmptyMapFindsNothing) {
  auto map = Open(MapBytes({}), 0);
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(FindOne(**map, ""), RowMap::kNoRow);
}

TEST(RowMapTest, RefusesEveryTruncation) {
  auto whole = MapBytes({"first", "second", "third"});
  for (size_t size = 0; size < whole->size(); ++size) {
    auto map = Open(std::make_shared<std::string>(whole->substr(0, size)), 3);
    EXPECT_EQ(map.status().code(), StatusCode::kDataLoss) << size;
  }
  EXPECT_FALSE(Open(std::make_shared<std::string>(*whole + "x"), 3).ok());
  EXPECT_FALSE(Open(whole, 2).ok());
  EXPECT_FALSE(Open(whole, 4).ok());
}

TEST(RowMapTest, RefusesAnotherVersion) {
  auto bytes = MapBytes({"a"});
  (*bytes)[0] = 2;
  auto map = Open(bytes, 1);
  ASSERT_FALSE(map.ok());
  EXPECT_NE(map.status().message().find("version 2"), std::string::npos);
}

TEST(RowMapTest, ManyThreadsMayBeTheFirstToSearch) {
  std::vector<std::string> row_ids;
  for (int i = 0; i < 5000; ++i) row_ids.push_back(std::to_string(i));
  auto map = Open(MapBytes(row_ids), 5000);
  ASSERT_TRUE(map.ok());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = t; i < 5000; i += 4) EXPECT_EQ(FindOne(**map, row_ids[i]), uint32_t(i));
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace iolite::segments
