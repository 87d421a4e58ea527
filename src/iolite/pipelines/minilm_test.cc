#include <gmock/gmock.h>

#include "iolite/pipelines/testing/pipeline_fixture.h"
#include "iolite/program/runtime.h"

// The whole way with a real transformer: Parquet, all-MiniLM-L6-v2, a sealed table, a search in it.

namespace iolite::pipelines {
namespace {

class MiniLmTest : public testing::PipelineTest {
 protected:
  MiniLmTest() {
    transformers_ = models::ModelStore::Open({.folder = folder_ / "db/models",
                                              .offline = true,
                                              .runtime = program::OpenVinoRuntime().value(),
                                              .executor = executor_.get()})
                        .value();
    options_.models = transformers_.get();
    request_.model = IOLITE_DEPS_DIR "/models/all-MiniLM-L6-v2";
    request_.precision = "f32";
  }

  std::unique_ptr<models::ModelStore> transformers_;
};

TEST_F(MiniLmTest, HelloWorldIsWhatThePublishedModelSays) {
  AddSource("papers",
            "SELECT * FROM (VALUES (1, 'hello world'), (2, 'a bird that cannot fly'), "
            "(3, 'penguins and ostriches walk'), (4, 'interest rates rise')) t(id, title)");
  auto summary = Embed(context_, options_, request_, nullptr);
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->embedded, 4);
  EXPECT_GT(summary->tokens, 4 * 3);
  auto snapshot = results_->Get(summary->table).value();
  EXPECT_EQ(snapshot->materialization.precision, "f32");
  ASSERT_EQ(snapshot->materialization.dimension, 384);
  const auto& segment = *snapshot->parts[0].segment;
  std::vector<float> vector(384);
  ASSERT_TRUE(segment.ReadVector(*segment.FindRow("1").value(), vector).ok());
  const float expected[] = {-0.034478f, 0.03102f, 0.00673f, 0.02611f, -0.039362f};
  for (int i = 0; i < 5; ++i) EXPECT_NEAR(vector[i], expected[i], 1e-5) << i;

  ASSERT_TRUE(segment.ReadVector(*segment.FindRow("2").value(), vector).ok());
  vector::Neighbor near[2];
  auto index = segment.index().value();
  ASSERT_EQ(index->Search(context_, {.query = vector, .k = 2}, near).value(), 2u);
  EXPECT_EQ(segment.row_id(near[0].row).value(), "2");
  EXPECT_EQ(segment.row_id(near[1].row).value(), "3");
}

TEST_F(MiniLmTest, ARefreshRunsOnlyWhatChanged) {
  AddSource("papers", "SELECT i AS id, 'paper number ' || i AS title FROM range(40) t(i)");
  auto first = Embed(context_, options_, request_, nullptr);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  AddSource("papers", "SELECT i AS id, 'paper number ' || i AS title FROM range(1, 42) t(i)");
  auto second = Embed(context_, options_, request_, nullptr);
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_EQ(second->table, first->table);
  EXPECT_EQ(second->embedded, 2);
  EXPECT_EQ(second->unchanged, 39);
  EXPECT_EQ(second->hidden, 1);
}

}  // namespace
}  // namespace iolite::pipelines
