#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "iolite/vector/testing/random_vectors.h"
#include "iolite/vector/usearch_builder.h"
#include "iolite/vector/usearch_index.h"

namespace iolite::vector {
namespace {

constexpr size_t kDimension = 4;
constexpr size_t kRowCount = 120;

std::string BuildSmall(ElementType type = ElementType::kF32) {
  const auto rows = testing::GaussianRows(1, kRowCount, kDimension);
  auto builder = MakeUsearchBuilder({.metric = Metric::kCosine,
                                     .element_type = type,
                                     .dimension = kDimension,
                                     .connectivity = 4})
                     .value();
  EXPECT_TRUE(builder->Add(RequestContext{}, rows, kRowCount).ok());
  return builder->FinishInMemory(RequestContext{}).value();
}

// Opens and searches in every way. Whatever the bytes say, there is an error or an answer of rows
// that exist; returns whether anything was refused.
bool Survives(std::string_view bytes) {
  // A copy of its own, so that a sanitizer sees any read past the end.
  auto copy = std::make_unique<char[]>(bytes.size());
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  auto index = UsearchIndex::OpenBytes({copy.get(), bytes.size()}, {});
  if (!index.ok()) {
    EXPECT_FALSE(index.status().message().empty());
    return false;
  }
  bool sound = (*index)->Verify(RequestContext{}).ok();
  const auto row_count = static_cast<uint32_t>((*index)->row_count());
  std::vector<float> query((*index)->dimension(), 0.5f);
  const auto half = columnar::RowSet::Range(0, row_count / 2 + 1);
  for (size_t k : {1ul, 10ul}) {
    for (const columnar::RowSet* allowed : {(const columnar::RowSet*)nullptr, &half}) {
      // ef of 1 walks even a table as small as this.
      VectorSearch request{.query = query, .k = k, .ef = 1, .allowed = allowed};
      std::vector<Neighbor> out(std::min<size_t>(k, row_count));
      auto found = (*index)->Search(RequestContext{}, request, out);
      if (!found.ok()) {
        EXPECT_EQ(found.status().code(), StatusCode::kDataLoss) << found.status().ToString();
        sound = false;
        continue;
      }
      EXPECT_LE(*found, out.size());
      for (size_t i = 0; i < *found; ++i) EXPECT_LT(out[i].row, row_count);
    }
  }
  return sound;
}

TEST(UsearchDamage, EveryFlippedByteIsRefusedOrHarmless) {
  for (ElementType type : {ElementType::kF32, ElementType::kI8}) {
    const std::string whole = BuildSmall(type);
    ASSERT_TRUE(Survives(whole));
    for (size_t at = 0; at < whole.size(); ++at) {
      for (char flip : {'\x01', '\x80', '\xff'}) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        Survives(damaged);
      }
    }
  }
}

TEST(UsearchDamage, EveryTruncationIsRefused) {
  const std::string whole = BuildSmall();
  for (size_t size = 0; size < whole.size(); size += 1 + size / 97) {
    auto index = UsearchIndex::OpenBytes(std::string_view(whole).substr(0, size), {});
    ASSERT_EQ(index.status().code(), StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(UsearchIndex::OpenBytes(whole + "x", {}).status().code(), StatusCode::kDataLoss);
}

TEST(UsearchDamage, RandomBytesInManyPlaces) {
  constexpr uint64_t kSeed = 7;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937_64 random(kSeed);
  const std::string whole = BuildSmall();
  // Behind the vectors and heads, where the graph is.
  const size_t graph = 8 + kRowCount * kDimension * 4 + 104;
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 8; ++i) {
      damaged[graph + random() % (whole.size() - graph)] = static_cast<char>(random());
    }
    Survives(damaged);
  }
}

TEST(UsearchDamage, VerifyNamesTheRow) {
  std::string damaged = BuildSmall();
  // The last vertex: its last bytes are links.
  const uint32_t nowhere = 4'000'000'000;
  const size_t vertex = damaged.size() - (10 + 4 + 4 * 8);
  uint32_t count;
  std::memcpy(&count, damaged.data() + vertex + 10, 4);
  ASSERT_GT(count, 0u);
  std::memcpy(damaged.data() + vertex + 14, &nowhere, 4);
  auto index = UsearchIndex::OpenBytes(damaged, {}).value();
  const Status status = index->Verify(RequestContext{});
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(status.message(),
            "Row 119 of the usearch index links to row 4000000000 of 120 at level 0");
}

TEST(UsearchDamage, ForeignFilesAreNamed) {
  EXPECT_EQ(UsearchIndex::OpenBytes("", {}).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(UsearchIndex::OpenBytes(std::string(1000, 'x'), {}).status().code(),
            StatusCode::kDataLoss);
  std::string newer = BuildSmall();
  newer[8 + kRowCount * kDimension * 4 + 7] = 3;
  EXPECT_EQ(UsearchIndex::OpenBytes(newer, {}).status().code(), StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace iolite::vector
