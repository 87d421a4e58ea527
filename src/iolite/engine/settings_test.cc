#include <arrow/scalar.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "iolite/columnar/c_data.h"
#include "iolite/engine/testing/engine_fixture.h"

// Every setting does something. The last test of this file compares the keys that were shown to
// work with those of spec/settings.json, so that a new key without a test fails.

namespace iolite::engine {
namespace {

using testing::EngineTest;
using ::testing::HasSubstr;
using ::testing::Not;

class SettingsTest : public EngineTest {
 protected:
  std::string OneValue(const std::string& sql) {
    auto stream = engine_->Sql(sql);
    if (!stream.ok()) return stream.status().ToString();
    auto table = columnar::ImportTable(stream->get());
    return table.ok() ? (*table)->column(0)->GetScalar(0).ValueOrDie()->ToString()
                      : table.status().ToString();
  }

  TableInfo TableMadeWith(std::vector<std::pair<std::string, std::string>> settings) {
    EXPECT_TRUE(OpenWith(settings).ok());
    EXPECT_TRUE(AddThings().ok());
    auto embedded = EmbedThings();
    EXPECT_TRUE(embedded.ok()) << embedded.status().ToString();
    if (!embedded.ok()) return {};
    return engine_->DescribeTable(embedded->table).value();
  }

  int64_t PartFileCount() {
    using Files = std::filesystem::recursive_directory_iterator;
    return std::count_if(Files(Path("db")), Files(), [](const auto& file) {
      return file.path().filename().string().find(".part-") != std::string::npos;
    });
  }

  std::string ExplanationOf(const SearchOptions& options) {
    auto found = engine_->Search(options);
    if (!found.ok()) return found.status().ToString();
    std::string text;
    for (const auto& step : found->steps) text += step.name + " " + step.detail + "\n";
    return text;
  }
};

TEST_F(SettingsTest, MemoryBudget) {
  ASSERT_TRUE(OpenWith({{"memory.budget_bytes", "4kB"}}).ok());
  ASSERT_TRUE(AddThings().ok());
  auto embedded = EmbedThings();
  ASSERT_FALSE(embedded.ok());
  EXPECT_EQ(embedded.status().code(), StatusCode::kResourceExhausted)
      << embedded.status().ToString();
}

TEST_F(SettingsTest, ThreadsAndSql) {
  ASSERT_TRUE(OpenWith({{"threads.count", "3"},
                        {"sql.memory_bytes_max", "256MiB"},
                        {"sql.temp_folder", Path("spill")}})
                  .ok());
  EXPECT_EQ(OneValue("SELECT current_setting('threads')"), "3");
  EXPECT_EQ(OneValue("SELECT current_setting('memory_limit')"), "256.0 MiB");
  EXPECT_EQ(OneValue("SELECT current_setting('temp_directory')"), Path("spill"));
}

TEST_F(SettingsTest, HubAndItsCache) {
  ASSERT_TRUE(OpenWith({{"models.hub_url", "http://127.0.0.1:9"},
                        {"models.hub_cache_folder", Path("cache")}})
                  .ok());
  auto unreachable = engine_->PullModel("some/model");
  ASSERT_FALSE(unreachable.ok());
  EXPECT_THAT(unreachable.status().message(), HasSubstr("127.0.0.1:9"));

  std::string commit(40, 'a');
  auto repository = std::filesystem::path(Path("cache")) / "models--some--model";
  std::filesystem::create_directories(repository / "refs");
  std::filesystem::create_directories(repository / "snapshots");
  std::ofstream(repository / "refs/main") << commit;
  std::filesystem::copy(std::filesystem::path(IOLITE_DEPS_DIR) / "models/all-MiniLM-L6-v2",
                        repository / "snapshots" / commit,
                        std::filesystem::copy_options::recursive);
  auto cached = engine_->ShowModel("some/model");
  ASSERT_TRUE(cached.ok()) << cached.status().ToString();
  EXPECT_EQ(cached->origin, "cache");
  EXPECT_EQ(cached->revision, commit);

  ASSERT_TRUE(
      OpenWith({{"models.offline", "true"}, {"models.hub_cache_folder", Path("none")}}).ok());
  auto offline = engine_->PullModel("some/model");
  ASSERT_FALSE(offline.ok());
  EXPECT_THAT(offline.status().message(), HasSubstr("models.offline"));
}

TEST_F(SettingsTest, ModelPrecision) {
  ASSERT_TRUE(OpenWith({{"models.precision", "bf16"}}).ok());
  ASSERT_TRUE(AddThings().ok());
  auto embedded = EmbedThings("");
  ASSERT_TRUE(embedded.ok()) << embedded.status().ToString();
  EXPECT_EQ(engine_->DescribeTable("things")->precision, "bf16");
}

TEST_F(SettingsTest, PartsAndWindows) {
  // A thousand texts, then blanks that wash them through SQL's buffers, then a row that cannot be
  // read: the run stops at the same row whatever else the machine does.
  const auto texts = [](const char* after) {
    return fmt::format(
        "CREATE OR REPLACE VIEW many AS SELECT i AS id, CASE WHEN i < 1000 THEN "
        "'text number ' || i WHEN i < 131072 THEN '' ELSE {} END AS text "
        "FROM range(133120) t(i)",
        after);
  };
  ASSERT_TRUE(OpenWith({{"embed.window_row_count", "64"}, {"embed.part_row_count", "50"}}).ok());
  ASSERT_TRUE(engine_->Sql(texts("error('row ' || i)")).ok());
  EmbedOptions options{.source = "many", .model = Model(), .columns = {"text"}, .key = "id"};
  auto stopped = engine_->Embed(options);
  ASSERT_THAT(stopped.status().message(), HasSubstr("row 131072")) << stopped.status().ToString();
  // Windows of 8, 16, 32 and 64 rows, and no row of the window that was not full. With those of the
  // defaults, nothing would be kept of a thousand rows.
  const int64_t kept = 8 + 16 + 32 + 14 * 64;
  EXPECT_EQ(PartFileCount(), (kept + 49) / 50);

  ASSERT_TRUE(engine_->Sql(texts("NULL")).ok());
  auto rest = engine_->Embed(options);
  ASSERT_TRUE(rest.ok()) << rest.status().ToString();
  EXPECT_EQ(rest->embedded, 1000 - kept);
  EXPECT_EQ(rest->unchanged, kept);
}

TEST_F(SettingsTest, IndexKindElementTypeAndShape) {
  EXPECT_EQ(TableMadeWith({}).index, "qg f32");
  std::filesystem::remove_all(Path("db"));
  EXPECT_EQ(TableMadeWith({{"index.element_type", "bf16"}}).index, "qg bf16");
  std::filesystem::remove_all(Path("db"));
  EXPECT_EQ(TableMadeWith({{"index.kind", "usearch"}, {"index.element_type", "f16"}}).index,
            "usearch f16");
  std::filesystem::remove_all(Path("db"));
  EXPECT_EQ(TableMadeWith({{"index.kind", "flat"}}).index, "flat f32");
  std::filesystem::remove_all(Path("db"));
  auto small = TableMadeWith({{"index.connectivity", "4"}, {"index.expansion_add", "8"}});
  std::filesystem::remove_all(Path("db"));
  auto large = TableMadeWith({{"index.connectivity", "48"}});
  EXPECT_LT(small.size_bytes, large.size_bytes);
}

TEST_F(SettingsTest, AnElementTypeThatTheKindLacksIsRefusedBeforeEmbedding) {
  ASSERT_TRUE(OpenWith({{"index.element_type", "i8"}}).ok());
  ASSERT_TRUE(AddThings().ok());
  auto refused = EmbedThings();
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.status().message(),
              ::testing::AllOf(HasSubstr("qg"), HasSubstr("i8"), HasSubstr("index.element_type")));
  EXPECT_EQ(engine_->ListTables()->size(), 0u);
}

TEST_F(SettingsTest, TablesOfAnotherKindStayAndAreSearched) {
  EXPECT_EQ(TableMadeWith({{"index.kind", "usearch"}}).index, "usearch f32");
  ASSERT_TRUE(OpenWith({}).ok());
  EXPECT_EQ(engine_->DescribeTable("things")->index, "usearch f32");
  EXPECT_THAT(ExplanationOf({.source = "things", .query = {.text = "sea"}, .k = 2}),
              HasSubstr("usearch f32"));
}

TEST_F(SettingsTest, IndexTargetRecall) {
  ASSERT_TRUE(OpenWith({{"index.target_recall", "0.75"}}).ok());
  ASSERT_TRUE(AddThings().ok());
  ASSERT_TRUE(EmbedThings().ok());
  SearchOptions options;
  options.source = "things";
  options.query.text = "sea";
  EXPECT_THAT(ExplanationOf(options), HasSubstr("recall 0.75"));
  options.target_recall = 0.9;
  EXPECT_THAT(ExplanationOf(options), HasSubstr("recall 0.9,"));
  options.target_recall = 0;
  options.ef = 20;
  EXPECT_THAT(ExplanationOf(options), Not(HasSubstr("recall")));
}

TEST_F(SettingsTest, IndexExpansionSearch) {
  ASSERT_TRUE(OpenWith({{"index.expansion_search", "177"}}).ok());
  ASSERT_TRUE(AddThings().ok());
  ASSERT_TRUE(EmbedThings().ok());
  EXPECT_THAT(ExplanationOf({.source = "things", .query = {.text = "sea"}, .k = 2}),
              HasSubstr("177"));
}

TEST_F(SettingsTest, SegmentRows) {
  EXPECT_EQ(TableMadeWith({{"segments.row_count_max", "3"}}).segment_count, 3);
  EXPECT_EQ(engine_->Search({.source = "things", .query = {.text = "sea"}, .k = 100})->hits.size(),
            8u);
}

TEST_F(SettingsTest, SearchCaches) {
  SearchOptions filtered;
  filtered.source = "things";
  filtered.query.text = "sea";
  filtered.where = "year > 2000";
  TableMadeWith({});
  ExplanationOf(filtered);
  std::string warm = ExplanationOf(filtered);
  ASSERT_TRUE(
      OpenWith({{"search.filter_cache_entry_count", "0"}, {"search.row_cache_bytes_max", "0"}})
          .ok());
  ExplanationOf(filtered);
  std::string uncached = ExplanationOf(filtered);
  EXPECT_THAT(warm, HasSubstr("cache"));
  EXPECT_NE(warm, uncached);
}

TEST_F(SettingsTest, FinishedJobs) {
  TableMadeWith({{"jobs.finished_count_max", "2"}});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(EmbedThings().ok());
  EXPECT_EQ(engine_->ListJobs()->size(), 2u);
}

TEST_F(SettingsTest, LogLevel) {
  ASSERT_TRUE(OpenWith({{"log.level", "off"}}).ok());
  ::testing::internal::CaptureStderr();
  EXPECT_FALSE(OpenWith({{"log.level", "loud"}}).ok());
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace iolite::engine
