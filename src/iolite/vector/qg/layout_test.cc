#include "iolite/vector/qg/layout.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "iolite/vector/qg/rotation.h"
#include "iolite/vector/qg/vertices.h"
#include "iolite/vector/testing/random_vectors.h"

namespace iolite::vector::qg {
namespace {

constexpr uint32_t kDimensions[] = {1, 25, 32, 33, 96, 384, 768, 784, 1025, 4096, 65'536};

void ExpectPlaces(const Layout& layout) {
  // Parts of a row.
  size_t at = 2 * size_t{layout.padded()};
  for (uint32_t block = 0; block < layout.block_count(); ++block) {
    EXPECT_EQ(layout.codes_at(block), at);
    EXPECT_EQ(layout.codes_at(block) % 64, 0u);
    EXPECT_EQ(layout.add_at(block), at + 4 * size_t{layout.padded()});
    EXPECT_EQ(layout.rescale_at(block), layout.add_at(block) + 128);
    at = layout.rescale_at(block) + 128;
  }
  EXPECT_EQ(layout.links_at(), at);
  EXPECT_LE(at + 4 * layout.lanes(), layout.row_bytes());
  EXPECT_EQ(layout.row_bytes() % 64, 0u);
  // Columns of an extent follow each other.
  at = layout.row_bytes() * layout.extent_rows();
  for (const Layout::Column* column :
       {&layout.low(), &layout.signs(), &layout.lengths(), &layout.fillers(), &layout.ids()}) {
    EXPECT_GE(column->offset, at);
    EXPECT_EQ(column->offset % 64, 0u);
    at = column->offset + column->bytes * layout.extent_rows();
  }
  EXPECT_GE(layout.extent_bytes(), at);
  EXPECT_LE(layout.extent_bytes(), at + 4096);
  EXPECT_EQ(layout.extent_bytes() % 4096, 0u);
  EXPECT_LE(at, layout.checksum_at());
  EXPECT_EQ(layout.signs().bytes, layout.sign_bits() / 8 + 8);
}

TEST(Layout, NothingOverlaps) {
  for (uint32_t dimension : kDimensions) {
    for (uint32_t lanes : {32u, 64u}) {
      for (bool exact : {true, false}) {
        for (int64_t rows : {0, 1, 100, 1'000'000}) {
          SCOPED_TRACE(::testing::Message() << dimension << " x " << lanes << ", " << rows);
          ExpectPlaces(Layout::For({Rotation::Padded(dimension), lanes, exact}, rows));
        }
      }
    }
  }
}

TEST(Layout, SlotsFollowEachOther) {
  const auto layout = Layout::For({96, 32, true}, 100'000);
  for (uint32_t slot : {0u, 1u, layout.extent_rows() - 1, layout.extent_rows(), 99'999u}) {
    EXPECT_EQ(layout.extent_of(slot) * layout.extent_rows() + layout.place_of(slot), slot);
  }
  EXPECT_EQ(layout.extent_count(0), 0u);
  EXPECT_EQ(layout.extent_count(1), 1u);
  EXPECT_EQ(layout.extent_count(layout.extent_rows()), 1u);
  EXPECT_EQ(layout.extent_count(layout.extent_rows() + 1), 2u);
}

TEST(Layout, SizesStayWithinWhatIsPromised) {
  EXPECT_LE(Layout::For({768, 32, true}, 0).bytes_per_slot(), 6900u);
  EXPECT_LE(Layout::For({768, 32, false}, 0).bytes_per_slot(), 5400u);
  for (uint32_t dimension : kDimensions) {
    const Layout::Shape shape{Rotation::Padded(dimension), 32, true};
    // An extent is about 2 MiB, or one row.
    const auto large = Layout::For(shape, 10'000'000);
    if (large.extent_rows() > 1) {
      EXPECT_LE(large.extent_bytes(), (2u << 20) + 8192);
    }
    // Small tables have small extents.
    const auto small = Layout::For(shape, 3);
    EXPECT_LE(small.extent_rows(), 4u);
    EXPECT_LE(small.extent_bytes(), 4 * small.bytes_per_slot() + 8192);
  }
}

TEST(Layout, FilesTellTheSame) {
  for (uint32_t dimension : kDimensions) {
    const auto made = Layout::For({Rotation::Padded(dimension), 64, false}, 5000);
    Layout read;
    ASSERT_TRUE(
        Layout::FromFile({made.padded(), made.lanes(), made.exact()}, made.extent_shift(), read));
    EXPECT_EQ(read.extent_bytes(), made.extent_bytes());
    EXPECT_EQ(read.ids().offset, made.ids().offset);
  }
  Layout read;
  EXPECT_FALSE(Layout::FromFile({0, 32, true}, 0, read));
  EXPECT_FALSE(Layout::FromFile({33, 32, true}, 0, read));
  EXPECT_FALSE(Layout::FromFile({1u << 20, 32, true}, 0, read));
  EXPECT_FALSE(Layout::FromFile({96, 0, true}, 0, read));
  EXPECT_FALSE(Layout::FromFile({96, 33, true}, 0, read));
  EXPECT_FALSE(Layout::FromFile({96, 1u << 20, true}, 0, read));
  EXPECT_FALSE(Layout::FromFile({96, 32, true}, 17, read));
}

// High and low bits give back every f32, also those that lie just between two bf16.
TEST(Vertices, GiveBackTheVectorsOfTheExactForm) {
  const auto layout = Layout::For({96, 32, true}, 4);
  ExtentMemory memory(Budget::Unlimited());
  Vertices vertices(layout);
  vertices.AddExtent(memory.Allocate(layout.extent_bytes(), 1).value());
  auto values = vector::testing::GaussianRows(1, 1, 96);
  const uint32_t between[] = {0x3f808000, 0x3f818000, 0xbf808000, 0xbf818000,
                              0x3f807fff, 0x3f808001, 0x00008000, 0x80008000};
  std::memcpy(values.data(), between, sizeof(between));
  values[20] = 0;
  std::vector<float> back(96);
  for (uint32_t slot = 0; slot < 4; ++slot) {
    auto* high = vertices.Edit(slot).high();
    vertices.WriteVector(slot, values.data(), high);
    vertices.ReadVector(slot, high, back.data());
    EXPECT_EQ(std::memcmp(values.data(), back.data(), 96 * sizeof(float)), 0) << slot;
  }
}

}  // namespace
}  // namespace iolite::vector::qg
