#include "iolite/results/table_name.h"

#include <gtest/gtest.h>

#include "iolite/base/testing/fake_clock.h"
#include "iolite/results/internal/table_files.h"

namespace iolite::results {
namespace {

TEST(TableNameTest, SaysWhatMadeTheTable) {
  iolite::testing::FakeClock clock;
  EXPECT_EQ(TableName("papers", "embedding", "org/model v1.5", clock.unix_us(), "1a2b3c4d"),
            "papers__embedding__model-v1.5__20260101T000000Z_1a2b3c4d");
  EXPECT_EQ(TableName("papers", "embedding", "local:/models/mini/", clock.unix_us(), "1a2b3c4d"),
            "papers__embedding__mini__20260101T000000Z_1a2b3c4d");
  EXPECT_EQ(TableName("p", "import", "", clock.unix_us(), "0"),
            "p__import__none__20260101T000000Z_0");
}

TEST(TableNameTest, FitsAFileNameWhateverTheNames) {
  std::string odd = TableName(std::string(500, 'x'), "embedding", "../../Größe\n", 0, "12345678");
  EXPECT_LT(odd.size(), 220u);
  EXPECT_EQ(odd.find('/'), std::string::npos);
  EXPECT_EQ(odd.find('\n'), std::string::npos);
  EXPECT_EQ(TableName(".hidden", "t", "m", 0, "0")[0], '-');
}

TEST(TableFilesTest, NamesAreReadBack) {
  EXPECT_EQ(TableOfManifest(TableManifestPath("t")), "t");
  EXPECT_EQ(TableOfManifest("results/t.idx.manifest.json"), std::nullopt);
  EXPECT_EQ(TableOfManifest("results/t.materialization.json"), std::nullopt);
  EXPECT_EQ(TableOfRun(RunPath("a.b")), "a.b");
  EXPECT_EQ(TableOfDropped(DroppedPath("t")), "t");
  EXPECT_EQ(PartIndex("t", PartPath("t", 12)), 12);
  EXPECT_EQ(PartIndex("t", "results/t.part-x.arrow"), std::nullopt);
  EXPECT_EQ(PartIndex("t", "results/tt.part-1.arrow"), std::nullopt);
}

TEST(TableFilesTest, OnlyATablesOwnSegmentsAreItsOwn) {
  EXPECT_EQ(StemOf("t", "results/t.parquet"), "results/t");
  EXPECT_EQ(StemOf("t", "results/t.hidden-4"), "results/t");
  EXPECT_EQ(StemOf("t", "results/t__seg3.idx.qg"), "results/t__seg3");
  for (const char* other :
       {"results/t.manifest.json", "results/t.run.json", "results/t.part-1.arrow",
        "results/t.materialization.json", "results/t2.parquet", "results/t__seg0.parquet",
        "results/t__segment.parquet", "results/t__seg1", "elsewhere/t.parquet"}) {
    EXPECT_EQ(StemOf("t", other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace iolite::results
