#include "iolite/models/tokenizer.h"

#include <gtest/gtest.h>

namespace iolite::models {
namespace {

constexpr const char* kMiniLm = IOLITE_DEPS_DIR "/models/all-MiniLM-L6-v2";

TEST(Tokenizer, EncodesWithSpecialTokens) {
  auto tokenizer = Tokenizer::OpenFolder(kMiniLm, {.token_count_max = 256});
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  const std::vector<std::string_view> texts = {"Hello world!", "", "a pirate"};
  Encodings out;
  ASSERT_TRUE((*tokenizer)->EncodeBatch({}, texts, &out).ok());
  EXPECT_EQ(out.offsets, (std::vector<uint32_t>{0, 5, 7, 11}));
  EXPECT_EQ(out.ids,
            (std::vector<int32_t>{101, 7592, 2088, 999, 102, 101, 102, 101, 1037, 11304, 102}));
}

}  // namespace
}  // namespace iolite::models
