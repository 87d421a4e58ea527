#include "iolite/segments/segment.h"

#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include "iolite/segments/testing/sample_rows.h"
#include "iolite/storage/memory_store.h"

namespace iolite::segments {
namespace {

using testing::MakeSampleRows;
using testing::SampleRows;

constexpr uint64_t kSeed = 20261121;

class SegmentTest : public ::testing::Test {
 protected:
  SegmentTest() { RecordProperty("seed", std::to_string(kSeed)); }

  Result<SegmentManifest> Build(const std::string& stem, const SampleRows& rows,
                                SegmentBuildOptions build = {}) {
    build.dimension = rows.dimension;
    IOLITE_ASSIGN_OR_RETURN(auto builder, SegmentBuilder::Make(options_, stem, build));
    auto batch = rows.SegmentBatch();
    for (int64_t begin = 0; begin < batch->num_rows(); begin += 1000) {
      IOLITE_RETURN_IF_ERROR(builder->Add(context_, *batch->Slice(begin, 1000)));
    }
    return builder->Seal(context_);
  }

  std::shared_ptr<const Segment> Open(const std::string& stem) {
    auto segment = Segment::Open(options_, stem);
    EXPECT_TRUE(segment.ok()) << segment.status().ToString();
    return segment.ok() ? *segment : nullptr;
  }

  // Replaces an object by what `change` makes of its bytes.
  void Change(const std::string& path, const std::function<void(std::string&)>& change) {
    auto object = store_->Get(path);
    ASSERT_TRUE(object.ok()) << path;
    change(object->bytes);
    ASSERT_TRUE(store_->PutIfMatch(path, object->bytes, object->etag).ok());
  }

  // The ids of the nearest rows.
  std::vector<std::string> Nearest(const Segment& segment, const std::vector<float>& query,
                                   size_t k) {
    auto index = segment.index();
    EXPECT_TRUE(index.ok()) << index.status().ToString();
    if (!index.ok()) return {};
    std::vector<vector::Neighbor> out(k);
    auto count = (*index)->Search(context_, {.query = query, .k = k}, out);
    EXPECT_TRUE(count.ok()) << count.status().ToString();
    std::vector<std::string> row_ids;
    for (size_t i = 0; i < *count; ++i) {
      row_ids.emplace_back(segment.row_id(out[i].row).value());
    }
    return row_ids;
  }

  // The index of `t` does not work: a scan finds the same rows near row 5, and a warning says so.
  void ExpectScanned(const SampleRows& rows, const std::vector<std::string>& expected,
                     std::string_view warning = "") {
    auto segment = Open("t");
    EXPECT_EQ(Nearest(*segment, rows.vector(5), 10), expected);
    EXPECT_NE(segment->index_warning(), "");
    EXPECT_NE(segment->index_warning().find(warning), std::string::npos);
  }

  std::unique_ptr<storage::ObjectStore> store_ = storage::MakeMemoryStore();
  std::unique_ptr<Random> random_ = Random::Seeded(kSeed);
  SegmentOptions options_{.store = store_.get(), .executor = &Executor::Inline()};
  RequestContext context_;
};

TEST_F(SegmentTest, GivesBackWhatWentIn) {
  auto rows = MakeSampleRows(*random_, 3000, 16);
  auto manifest = Build("results/t", rows);
  ASSERT_TRUE(manifest.ok()) << manifest.status().ToString();
  EXPECT_EQ(manifest->row_count, 3000);
  auto segment = Open("results/t");
  EXPECT_EQ(segment->index_warning(), "");
  EXPECT_EQ(segment->row_id(2999).value(), "row-2999");
  EXPECT_EQ(segment->FindRow("row-17").value(), std::optional<uint32_t>(17));
  EXPECT_EQ(segment->FindRow("nobody").value(), std::nullopt);
  EXPECT_EQ(segment->row_id(3000).status().code(), StatusCode::kOutOfRange);
  std::vector<float> vector(16);
  ASSERT_TRUE(segment->ReadVector(1234, vector).ok());
  EXPECT_EQ(vector, rows.vector(1234));
  EXPECT_EQ(Nearest(*segment, rows.vector(42), 1), std::vector<std::string>{"row-42"});
  EXPECT_TRUE(segment->Verify(context_).ok());
}

TEST_F(SegmentTest, SpansRowGroups) {
  auto rows = MakeSampleRows(*random_, 140'000, 2);
  ASSERT_TRUE(Build("t", rows, {.build_index = false}).ok());
  auto segment = Open("t");
  std::vector<float> vector(2);
  for (uint32_t row : {0u, 65'535u, 65'536u, 131'072u, 139'999u}) {
    ASSERT_TRUE(segment->ReadVector(row, vector).ok());
    EXPECT_EQ(vector, rows.vector(row));
    EXPECT_EQ(segment->row_id(row).value(), rows.row_ids[row]);
  }
}

TEST_F(SegmentTest, NarrowIndexesKeepExactVectorsInTheRows) {
  auto rows = MakeSampleRows(*random_, 500, 32);
  ASSERT_TRUE(Build("t", rows, {.element_type = vector::ElementType::kBF16}).ok());
  auto segment = Open("t");
  std::vector<float> vector(32);
  ASSERT_TRUE(segment->ReadVector(499, vector).ok());
  EXPECT_EQ(vector, rows.vector(499));
}

TEST_F(SegmentTest, WithoutAnIndexSearchScansTheRows) {
  auto rows = MakeSampleRows(*random_, 800, 8);
  ASSERT_TRUE(Build("t", rows).ok());
  auto expected = Nearest(*Open("t"), rows.vector(5), 10);
  ASSERT_TRUE(store_->Delete("t.idx.qg").ok());
  ExpectScanned(rows, expected, "t.idx.qg");
  EXPECT_EQ(Open("t")->Verify(context_).code(), StatusCode::kDataLoss);
}

TEST_F(SegmentTest, ATruncatedIndexIsNotTrusted) {
  auto rows = MakeSampleRows(*random_, 800, 8);
  ASSERT_TRUE(Build("t", rows).ok());
  auto expected = Nearest(*Open("t"), rows.vector(5), 10);
  for (size_t kept : {size_t{0}, size_t{10}, size_t{2000}}) {
    Change("t.idx.qg", [&](std::string& bytes) { bytes.resize(kept); });
    ExpectScanned(rows, expected);
  }
}

TEST_F(SegmentTest, AnIndexOfTheRightSizeAndTheWrongBytesIsNotTrusted) {
  auto rows = MakeSampleRows(*random_, 800, 8);
  ASSERT_TRUE(Build("t", rows).ok());
  auto expected = Nearest(*Open("t"), rows.vector(5), 10);
  Change("t.idx.qg", [](std::string& bytes) { bytes.assign(bytes.size(), '\x7f'); });
  ExpectScanned(rows, expected);
}

TEST_F(SegmentTest, DamageThatASearchMeetsIsAnsweredByAScan) {
  auto rows = MakeSampleRows(*random_, 4000, 32);
  ASSERT_TRUE(Build("t", rows).ok());
  auto expected = Nearest(*Open("t"), rows.vector(5), 10);
  // Past the header, where opening does not look.
  Change("t.idx.qg", [](std::string& bytes) {
    std::fill(bytes.begin() + static_cast<ptrdiff_t>(bytes.size() / 8), bytes.end(), '\x7f');
  });
  auto segment = Open("t");
  auto index = segment->index().value();
  EXPECT_EQ(index->kind(), "qg");
  EXPECT_EQ(segment->index_warning(), "");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] { EXPECT_EQ(Nearest(*segment, rows.vector(5), 10), expected); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(index->kind(), "flat");
  EXPECT_NE(segment->index_warning().find("t.idx.qg"), std::string::npos);
  EXPECT_NE(segment->index_warning().find("until the table is repaired"), std::string::npos);
  std::vector<float> queries = rows.vector(5);
  queries.insert(queries.end(), rows.vectors.begin(), rows.vectors.begin() + 32);
  std::vector<vector::Neighbor> found(20);
  std::vector<size_t> counts(2);
  auto fresh = Open("t");
  ASSERT_TRUE((*fresh->index())
                  ->SearchBatch(context_, Executor::Inline(), queries, {.k = 10}, found, counts)
                  .ok());
  EXPECT_EQ(fresh->row_id(found[0].row).value(), expected[0]);
  EXPECT_EQ(found[10].row, 0u);
  EXPECT_NE(fresh->index_warning(), "");
}

TEST_F(SegmentTest, AScanThatDoesNotFitIsNoAnswerToDamage) {
  auto rows = MakeSampleRows(*random_, 4000, 32);
  ASSERT_TRUE(Build("t", rows).ok());
  Change("t.idx.qg", [](std::string& bytes) {
    std::fill(bytes.begin() + static_cast<ptrdiff_t>(bytes.size() / 8), bytes.end(), '\x7f');
  });
  Budget budget("search", 100'000);
  options_.budget = &budget;
  auto segment = Open("t");
  auto index = segment->index().value();
  std::vector<vector::Neighbor> out(1);
  std::vector<float> query = rows.vector(5);
  EXPECT_EQ(index->Search(context_, {.query = query, .k = 1}, out).status().code(),
            StatusCode::kResourceExhausted);
  EXPECT_EQ(segment->index_warning(), "");
}

TEST_F(SegmentTest, EveryKindIsSearchedByItsOwnFile) {
  auto rows = MakeSampleRows(*random_, 700, 16);
  for (const char* kind : {"qg", "usearch", "flat"}) {
    auto manifest = Build(kind, rows, {.index_kind = kind});
    ASSERT_TRUE(manifest.ok()) << manifest.status().ToString();
    EXPECT_EQ(manifest->index_kind, kind);
    std::string path = std::string(kind) + ".idx." + kind;
    EXPECT_TRUE(store_->Head(path).ok());
    auto paths = SegmentPaths(kind);
    EXPECT_NE(std::find(paths.begin(), paths.end(), path), paths.end());
    auto segment = Open(kind);
    EXPECT_EQ((*segment->index())->kind(), kind);
    EXPECT_EQ(Nearest(*segment, rows.vector(42), 1), std::vector<std::string>{"row-42"});
    std::vector<float> vector(16);
    ASSERT_TRUE(segment->ReadVector(699, vector).ok());
    EXPECT_EQ(vector, rows.vector(699));
    EXPECT_EQ(segment->index_warning(), "");
    EXPECT_TRUE(segment->Verify(context_).ok());
  }
}

TEST_F(SegmentTest, AKindOfANewerReleaseIsScanned) {
  auto rows = MakeSampleRows(*random_, 700, 8);
  ASSERT_TRUE(Build("t", rows).ok());
  auto expected = Nearest(*Open("t"), rows.vector(5), 10);
  Change("t.idx.manifest.json", [](std::string& bytes) {
    for (size_t at = 0; (at = bytes.find("\"qg\"")) != std::string::npos;) {
      bytes.replace(at, 4, "\"tree\"");
    }
    bytes.replace(bytes.find("t.idx.qg"), 8, "t.idx.tree");
  });
  ASSERT_TRUE(store_->PutIfAbsent("t.idx.tree", store_->Get("t.idx.qg")->bytes).ok());
  ASSERT_TRUE(store_->Delete("t.idx.qg").ok());
  ExpectScanned(rows, expected, "'tree' is no kind of index file");
  EXPECT_TRUE(CheckSegment(context_, options_, "t")->empty());
  ASSERT_TRUE(RebuildIndex(context_, options_, "t", {.dimension = 8}).ok());
  EXPECT_FALSE(store_->Head("t.idx.tree").ok());
  EXPECT_EQ((*Open("t")->index())->kind(), "qg");
}

TEST_F(SegmentTest, ARebuildMakesTheKindThatIsWished) {
  auto rows = MakeSampleRows(*random_, 700, 8);
  ASSERT_TRUE(
      Build("t", rows, {.element_type = vector::ElementType::kI8, .index_kind = "usearch"}).ok());
  // An index that stays of its kind keeps its element type.
  ASSERT_TRUE(RebuildIndex(context_, options_, "t", {.index_kind = "usearch"}).ok());
  EXPECT_EQ(Open("t")->manifest().element_type, vector::ElementType::kI8);
  // A kind that does not have it takes what is wished.
  ASSERT_TRUE(RebuildIndex(context_, options_, "t", {}).ok());
  EXPECT_EQ(Open("t")->manifest().index_kind, "qg");
  EXPECT_EQ(Open("t")->manifest().element_type, vector::ElementType::kF32);
  EXPECT_FALSE(store_->Head("t.idx.usearch").ok());
  EXPECT_TRUE(CheckSegment(context_, options_, "t")->empty());
  // What cannot be built leaves all as it was.
  Status refused = RebuildIndex(context_, options_, "t",
                                {.element_type = vector::ElementType::kBits, .index_kind = "tree"});
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(CheckSegment(context_, options_, "t")->empty());
  ASSERT_TRUE(RebuildIndex(context_, options_, "t", {.build_index = false}).ok());
  EXPECT_EQ(Open("t")->manifest().index_kind, "");
  EXPECT_EQ(Open("t")->index_warning(), "");
  EXPECT_EQ(Nearest(*Open("t"), rows.vector(42), 1), std::vector<std::string>{"row-42"});
}

TEST_F(SegmentTest, WhatAKindDoesNotHaveIsRefusedWithoutRows) {
  SegmentBuildOptions build{.element_type = vector::ElementType::kI8, .dimension = 8};
  Status refused = CheckBuildOptions(build);
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(refused.message().find("i8"), std::string::npos);
  EXPECT_NE(refused.message().find("index.element_type"), std::string::npos);
  build.index_kind = "usearch";
  EXPECT_TRUE(CheckBuildOptions(build).ok());
  build.metric = vector::Metric::kL1;
  EXPECT_FALSE(CheckBuildOptions(build).ok());
  EXPECT_NE(CheckBuildOptions(build).message().find("The metric l1 is had by flat f32"),
            std::string::npos)
      << CheckBuildOptions(build).message();
  build.build_index = false;
  EXPECT_TRUE(CheckBuildOptions(build).ok());
}

TEST_F(SegmentTest, BitsAreScannedAsBits) {
  auto rows = MakeSampleRows(*random_, 500, 64);
  for (float& value : rows.vectors) value = value > 0 ? 1.0f : 0.0f;
  ASSERT_TRUE(Build("t", rows,
                    {.metric = vector::Metric::kHamming,
                     .element_type = vector::ElementType::kBits,
                     .index_kind = "flat"})
                  .ok());
  auto expected = Nearest(*Open("t"), rows.vector(5), 10);
  EXPECT_EQ(expected[0], "row-5");
  ASSERT_TRUE(store_->Delete("t.idx.flat").ok());
  ExpectScanned(rows, expected);
}

TEST_F(SegmentTest, ALostRowMapIsReadFromTheRows) {
  auto rows = MakeSampleRows(*random_, 300, 4);
  ASSERT_TRUE(Build("t", rows).ok());
  ASSERT_TRUE(store_->Delete("t.idx.rowmap").ok());
  auto segment = Open("t");
  EXPECT_EQ(segment->row_id(299).value(), "row-299");
  EXPECT_EQ(segment->FindRow("row-5").value(), std::optional<uint32_t>(5));
  EXPECT_NE(segment->index_warning().find("t.idx.rowmap"), std::string::npos);
}

TEST_F(SegmentTest, RebuildingMakesItSoundAgain) {
  auto rows = MakeSampleRows(*random_, 700, 8);
  ASSERT_TRUE(Build("t", rows).ok());
  auto expected = Nearest(*Open("t"), rows.vector(5), 10);
  for (const char* lost : {"t.idx.qg", "t.idx.rowmap", "t.idx.manifest.json"}) {
    ASSERT_TRUE(store_->Delete(lost).ok());
    auto damages = CheckSegment(context_, options_, "t");
    ASSERT_EQ(damages->size(), 1u) << lost;
    EXPECT_EQ((*damages)[0].path, lost);
    EXPECT_FALSE((*damages)[0].rows);
    ASSERT_TRUE(RebuildIndex(context_, options_, "t", {.dimension = 8}).ok()) << lost;
    auto segment = Open("t");
    EXPECT_EQ(Nearest(*segment, rows.vector(5), 10), expected);
    EXPECT_EQ(segment->index_warning(), "");
    EXPECT_TRUE(segment->Verify(context_).ok());
  }
}

TEST_F(SegmentTest, DamagedRowsAreNamedAndRefused) {
  auto rows = MakeSampleRows(*random_, 700, 8);
  ASSERT_TRUE(Build("results/t", rows).ok());
  auto sound = Open("results/t");
  Change("results/t.parquet", [](std::string& bytes) { bytes[bytes.size() / 2] ^= 1; });
  Status verified = sound->Verify(context_);
  EXPECT_EQ(verified.code(), StatusCode::kDataLoss);
  EXPECT_NE(verified.message().find("results/t.parquet"), std::string::npos);
  EXPECT_TRUE(CheckSegment(context_, options_, "results/t")->at(0).rows);
  EXPECT_EQ(RebuildIndex(context_, options_, "results/t", {}).code(), StatusCode::kDataLoss);

  Change("results/t.parquet", [](std::string& bytes) { bytes.resize(100); });
  Status opened = Segment::Open(options_, "results/t").status();
  EXPECT_EQ(opened.code(), StatusCode::kDataLoss);
  EXPECT_NE(opened.message().find("results/t.parquet"), std::string::npos);

  ASSERT_TRUE(store_->Delete("results/t.parquet").ok());
  EXPECT_EQ(Segment::Open(options_, "results/t").status().code(), StatusCode::kDataLoss);
}

TEST_F(SegmentTest, ANewerFormatIsRefusedByName) {
  ASSERT_TRUE(Build("t", MakeSampleRows(*random_, 10, 4)).ok());
  Change("t.idx.manifest.json", [](std::string& bytes) {
    bytes.replace(bytes.find("\"format\": 1"), 11, "\"format\": 2");
  });
  Status opened = Segment::Open(options_, "t").status();
  EXPECT_EQ(opened.code(), StatusCode::kUnimplemented);
  EXPECT_NE(opened.message().find("t.idx.manifest.json has format 2"), std::string::npos);
}

TEST_F(SegmentTest, ADamagedManifestIsNamed) {
  ASSERT_TRUE(Build("t", MakeSampleRows(*random_, 10, 4)).ok());
  Change("t.idx.manifest.json", [](std::string& bytes) { bytes.resize(bytes.size() / 2); });
  EXPECT_EQ(Segment::Open(options_, "t").status().code(), StatusCode::kDataLoss);
  EXPECT_TRUE(RebuildIndex(context_, options_, "t", {.dimension = 4}).ok());
  EXPECT_TRUE(Segment::Open(options_, "t").ok());
}

TEST_F(SegmentTest, AnAbandonedBuilderLeavesNothingToSee) {
  {
    auto builder = SegmentBuilder::Make(options_, "t", {.dimension = 4});
    ASSERT_TRUE(builder.ok());
    auto rows = MakeSampleRows(*random_, 100, 4);
    ASSERT_TRUE((*builder)->Add(context_, *rows.SegmentBatch()).ok());
  }
  EXPECT_TRUE(store_->List("")->empty());
  EXPECT_EQ(Segment::Open(options_, "t").status().code(), StatusCode::kNotFound);
}

TEST_F(SegmentTest, NumbersThatAreNoneAreRefused) {
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), HUGE_VALF}) {
    auto rows = MakeSampleRows(*random_, 20, 4);
    rows.vectors[4 * 7 + 2] = bad;
    auto built = Build("t", rows);
    EXPECT_EQ(built.status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(SegmentTest, HiddenRowsBelongToAVersion) {
  ASSERT_TRUE(Build("t", MakeSampleRows(*random_, 10, 4)).ok());
  std::vector<uint32_t> hidden = {1, 5};
  ASSERT_TRUE(
      store_->PutIfAbsent(HiddenPath("t", 3), columnar::RowSet::Of(hidden).Serialize()).ok());
  auto segment = Open("t");
  EXPECT_EQ(segment->Hidden(0).value(), nullptr);
  EXPECT_EQ(segment->Hidden(3).value()->ToVector(), hidden);
  EXPECT_EQ(segment->Hidden(4).status().code(), StatusCode::kNotFound);
}

TEST_F(SegmentTest, AScanDrawsItsMemoryFromTheBudget) {
  auto rows = MakeSampleRows(*random_, 5000, 16);
  ASSERT_TRUE(Build("t", rows, {.build_index = false}).ok());
  Budget budget("search", 100'000);
  options_.budget = &budget;
  auto segment = Open("t");
  EXPECT_EQ(segment->index().status().code(), StatusCode::kResourceExhausted);
}

TEST_F(SegmentTest, ManyThreadsMayBeTheFirstToSearch) {
  auto rows = MakeSampleRows(*random_, 2000, 8);
  ASSERT_TRUE(Build("t", rows).ok());
  auto segment = Open("t");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      EXPECT_EQ(Nearest(*segment, rows.vector(t), 1)[0], rows.row_ids[t]);
      EXPECT_EQ(segment->FindRow(rows.row_ids[t]).value(), std::optional<uint32_t>(t));
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace iolite::segments
