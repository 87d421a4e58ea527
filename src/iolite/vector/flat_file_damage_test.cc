#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "iolite/base/hash.h"
#include "iolite/vector/flat_builder.h"
#include "iolite/vector/flat_file_index.h"
#include "iolite/vector/testing/index_calls.h"
#include "iolite/vector/testing/random_vectors.h"

namespace iolite::vector {
namespace {

using testing::Same;

constexpr size_t kDimension = 4;
constexpr size_t kRowCount = 120;
constexpr size_t kHeaderBytes = 4096;

std::string BuildSmall(IndexBuildOptions options = {}) {
  options.dimension = kDimension;
  const auto rows = options.element_type == ElementType::kBits
                        ? testing::WholeRows(1, kRowCount, kDimension, 1)
                        : testing::GaussianRows(1, kRowCount, kDimension);
  auto builder = MakeFlatBuilder(options).value();
  EXPECT_TRUE(builder->Add(RequestContext{}, rows, kRowCount).ok());
  return builder->FinishInMemory(RequestContext{}).value();
}

// What searches of the whole file found.
using Answers = std::vector<std::vector<Neighbor>>;

// Opens and searches in every way. Whatever the bytes say, there is an error or an answer of as
// many rows, that exist, and where `truth` is at hand this answer (an empty one is filled first);
// returns whether nothing was refused.
bool Survives(std::string_view bytes, Answers* truth = nullptr) {
  // A copy of its own, so that a sanitizer sees any read past the end.
  auto copy = std::make_unique<char[]>(bytes.size());
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  auto index = OpenFlatIndexBytes({copy.get(), bytes.size()}, {});
  if (!index.ok()) {
    EXPECT_TRUE(index.status().code() == StatusCode::kDataLoss ||
                index.status().code() == StatusCode::kUnimplemented)
        << index.status().ToString();
    return false;
  }
  const auto row_count = static_cast<uint32_t>((*index)->row_count());
  const std::vector<float> query((*index)->dimension(), 1.0f);
  const auto most = columnar::RowSet::Range(0, kRowCount - 1);
  const auto few = columnar::RowSet::Range(40, 69);
  const bool first = truth != nullptr && truth->empty();
  size_t search = 0;
  for (const columnar::RowSet* allowed : {(const columnar::RowSet*)nullptr, &most, &few}) {
    // An ef of 5 asks codes even in a table as small as this.
    const VectorSearch request{.query = query, .k = 3, .ef = 5, .allowed = allowed};
    std::vector<Neighbor> out(3);
    const size_t at = search++;
    auto found = (*index)->Search(RequestContext{}, request, out);
    if (!found.ok()) {
      EXPECT_EQ(found.status().code(), StatusCode::kDataLoss) << found.status().ToString();
      continue;
    }
    const auto all = columnar::RowSet::Range(0, row_count);
    EXPECT_EQ(*found,
              std::min<uint64_t>(3, allowed == nullptr ? row_count : all.AndCardinality(*allowed)));
    out.resize(*found);
    for (const Neighbor& neighbor : out) {
      EXPECT_LT(neighbor.row, row_count);
      EXPECT_TRUE(allowed == nullptr || allowed->Contains(neighbor.row));
    }
    if (first) truth->push_back(out);
    if (truth != nullptr) {
      EXPECT_TRUE(Same(out, (*truth)[at]));
    }
  }
  const Status status = (*index)->Verify(RequestContext{});
  EXPECT_TRUE(status.ok() || status.code() == StatusCode::kDataLoss);
  return status.ok();
}

TEST(FlatFileDamage, EveryFlippedByteIsFound) {
  const IndexBuildOptions forms[] = {
      {.metric = Metric::kL2},
      {.element_type = ElementType::kBF16, .code_bits = 4},
      {.metric = Metric::kInnerProduct, .code_bits = 8, .keep_vectors = false},
      {.metric = Metric::kHamming, .element_type = ElementType::kBits}};
  for (const IndexBuildOptions& form : forms) {
    const std::string whole = BuildSmall(form);
    Answers truth;
    ASSERT_TRUE(Survives(whole, &truth));
    ASSERT_EQ(truth.size(), 3u);
    for (size_t at = 0; at < whole.size(); ++at) {
      // Most of a page is filled up with zeros: a part of these is enough.
      if (whole[at] == 0 && at % 61 != 0) continue;
      for (char flip : {'\x01', '\x80'}) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        ASSERT_FALSE(Survives(damaged, &truth)) << "byte " << at;
      }
    }
  }
}

TEST(FlatFileDamage, EveryTruncationIsRefused) {
  const std::string whole = BuildSmall();
  for (size_t size = 0; size < whole.size(); size += 1 + size / 97) {
    auto index = OpenFlatIndexBytes(std::string_view(whole).substr(0, size), {});
    ASSERT_EQ(index.status().code(), StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(OpenFlatIndexBytes(whole + "x", {}).status().code(), StatusCode::kDataLoss);
}

TEST(FlatFileDamage, RandomBytesInManyPlaces) {
  constexpr uint64_t kSeed = 7;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937_64 random(kSeed);
  const std::string whole = BuildSmall({.code_bits = 4});
  for (int round = 0; round < 1000; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 200; ++i) {
      damaged[kHeaderBytes + random() % (whole.size() - kHeaderBytes)] =
          static_cast<char>(random());
    }
    Survives(damaged);
  }
}

// A header whose checksum is right may still say what no index has.
std::string WithHeader(std::string bytes, size_t at, char value) {
  bytes[at] = value;
  const uint32_t sum = Crc32c(std::string_view(bytes).substr(0, kHeaderBytes - 4));
  std::memcpy(bytes.data() + kHeaderBytes - 4, &sum, 4);
  return bytes;
}

TEST(FlatFileDamage, HeadersThatSayWhatCannotBe) {
  const std::string whole = BuildSmall();
  for (size_t at = 8; at < 40; ++at) {
    for (int value = 0; value < 256; value += 5) {
      if (at >= 24 && at < 32) continue;  // any seed will do
      const std::string damaged = WithHeader(whole, at, static_cast<char>(value));
      if (damaged != whole) Survives(damaged);
    }
  }
  const Status newer = OpenFlatIndexBytes(WithHeader(whole, 8, 2), {}).status();
  EXPECT_EQ(newer.code(), StatusCode::kUnimplemented);
  EXPECT_EQ(newer.message(), "The flat index has version 2, this release reads up to 1");
  EXPECT_EQ(OpenFlatIndexBytes("", {}).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(OpenFlatIndexBytes(std::string(9000, 'x'), {}).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace iolite::vector
