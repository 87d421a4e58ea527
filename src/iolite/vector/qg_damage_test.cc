#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "iolite/base/hash.h"
#include "iolite/vector/qg/file.h"
#include "iolite/vector/qg_builder.h"
#include "iolite/vector/qg_index.h"
#include "iolite/vector/testing/index_calls.h"
#include "iolite/vector/testing/random_vectors.h"

namespace iolite::vector {
namespace {

using testing::Same;

constexpr size_t kDimension = 4;
constexpr size_t kRowCount = 40;

std::string BuildSmall() {
  const auto rows = testing::GaussianRows(1, kRowCount, kDimension);
  auto builder =
      MakeQgBuilder(
          {.metric = Metric::kCosine, .dimension = kDimension, .row_count_expected = kRowCount})
          .value();
  EXPECT_TRUE(builder->Add(RequestContext{}, rows, kRowCount).ok());
  return builder->FinishInMemory(RequestContext{}).value();
}

// What four searches find, or nothing when the bytes are refused, at opening or by a search.
std::optional<std::vector<Neighbor>> Answers(std::string_view bytes) {
  // A copy of its own, so that a sanitizer sees any read past the end.
  auto copy = std::make_unique<char[]>(bytes.size());
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  auto index = QgIndex::OpenBytes({copy.get(), bytes.size()}, {});
  if (!index.ok()) {
    EXPECT_FALSE(index.status().message().empty());
    return std::nullopt;
  }
  std::vector<Neighbor> answers;
  const std::vector<float> query((*index)->dimension(), 0.5f);
  const auto half = columnar::RowSet::Range(0, kRowCount / 2);
  for (const columnar::RowSet* allowed : {(const columnar::RowSet*)nullptr, &half}) {
    for (size_t ef : {0ul, 8ul}) {
      std::vector<Neighbor> out(10);
      auto found =
          (*index)->Search(RequestContext{}, {.query = query, .ef = ef, .allowed = allowed}, out);
      if (!found.ok()) {
        EXPECT_EQ(found.status().code(), StatusCode::kDataLoss) << found.status().ToString();
        return std::nullopt;
      }
      answers.insert(answers.end(), out.begin(), out.begin() + static_cast<ptrdiff_t>(*found));
    }
  }
  return answers;
}

TEST(QgDamage, EveryFlippedByteGivesAnErrorOrTheRightAnswer) {
  const std::string whole = BuildSmall();
  const auto right = Answers(whole);
  ASSERT_TRUE(right.has_value());
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    const auto answers = Answers(damaged);
    ASSERT_TRUE(!answers || Same(*answers, *right)) << "byte " << at;
    auto index = QgIndex::OpenBytes(damaged, {});
    ASSERT_FALSE(index.ok() && (*index)->Verify(RequestContext{}).ok()) << "byte " << at;
  }
}

TEST(QgDamage, EveryTruncationIsRefused) {
  const std::string whole = BuildSmall();
  for (size_t size = 0; size < whole.size(); size += 1 + size / 97) {
    auto index = QgIndex::OpenBytes(std::string_view(whole).substr(0, size), {});
    ASSERT_EQ(index.status().code(), StatusCode::kDataLoss) << size;
  }
}

// Damage whose checksum is right again: somebody's file, not somebody's disk.
TEST(QgDamage, WildLinksAndFactorsAreNeverFollowed) {
  constexpr uint64_t kSeed = 7;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937_64 random(kSeed);
  const std::string whole = BuildSmall();
  qg::Layout layout;
  const auto header = qg::Header::Decode(whole, layout).value();
  const size_t first = qg::Header::BytesFor(layout.padded());
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 8; ++i) {
      damaged[first + random() % layout.checksum_at()] = static_cast<char>(random());
    }
    qg::SumExtent(layout, damaged.data() + first);
    if (const auto answers = Answers(damaged)) {
      for (const Neighbor& neighbor : *answers) ASSERT_LT(neighbor.row, kRowCount);
    }
  }
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 3; ++i) damaged[8 + random() % 400] = static_cast<char>(random());
    const uint32_t sum = Crc32c(std::string_view(damaged).substr(0, first - 4));
    std::memcpy(damaged.data() + first - 4, &sum, sizeof(sum));
    (void)Answers(damaged);
  }
}

TEST(QgDamage, NewerAndForeignFilesAreNamed) {
  EXPECT_EQ(QgIndex::OpenBytes("", {}).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(QgIndex::OpenBytes(std::string(100'000, 'x'), {}).status().code(),
            StatusCode::kDataLoss);
  std::string newer = BuildSmall();
  newer[8] = 2;
  auto refused = QgIndex::OpenBytes(newer, {});
  EXPECT_EQ(refused.status().code(), StatusCode::kUnimplemented);
  EXPECT_EQ(refused.status().message(), "The qg index has format 2, this release reads up to 1");
}

}  // namespace
}  // namespace iolite::vector
