#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "iolite/pipelines/testing/pipeline_fixture.h"
#include "iolite/storage/local_store.h"
#include "iolite/storage/testing/simulated_disk.h"

// A run may be killed at any moment, and the disk may fill: the next run goes on from the last
// part.

extern char** environ;

namespace iolite::pipelines {
namespace {

using ::testing::HasSubstr;
using testing::PipelineTest;

constexpr int kRowCount = 3000;
constexpr const char* kFolderVariable = "IOLITE_EMBED_KILL_TEST_FOLDER";

std::map<std::string, std::string> Titles() {
  std::map<std::string, std::string> titles;
  for (int i = 0; i < kRowCount; ++i) titles[std::to_string(i)] = "title " + std::to_string(i);
  return titles;
}

std::string SourceSql() {
  return fmt::format("SELECT i AS id, 'title ' || i AS title FROM range({}) t(i)", kRowCount);
}

class EmbedKillTest : public PipelineTest {
 protected:
  int PartCount() {
    int count = 0;
    std::error_code none;
    for (const auto& entry :
         std::filesystem::directory_iterator(database_folder_ + "/results", none)) {
      if (entry.path().filename().string().find(".part-") != std::string::npos) ++count;
    }
    return count;
  }

  // This program, running only the test below, on this test's database.
  pid_t SpawnEmbedding() {
    setenv(kFolderVariable, database_folder_.c_str(), 1);
    std::string program = std::filesystem::read_symlink("/proc/self/exe");
    std::string filter = "--gtest_filter=EmbedKillTest.DISABLED_EmbedsSlowly";
    std::string disabled = "--gtest_also_run_disabled_tests";
    char* arguments[] = {program.data(), filter.data(), disabled.data(), nullptr};
    pid_t pid = -1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0);
    EXPECT_EQ(posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    unsetenv(kFolderVariable);
    return pid;
  }

  // Kills the embedding process once there are more than `part_count` parts; false when it ended
  // before.
  bool KillAfterParts(int part_count) {
    pid_t pid = SpawnEmbedding();
    while (PartCount() <= part_count) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      int status = 0;
      if (waitpid(pid, &status, WNOHANG) == pid) return false;
    }
    kill(pid, SIGKILL);
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status);
  }
};

// Not a test by itself: the process that KillAfterParts kills.
TEST_F(EmbedKillTest, DISABLED_EmbedsSlowly) {
  const char* folder = std::getenv(kFolderVariable);
  if (!folder) GTEST_SKIP() << "runs only inside another test";
  database_folder_ = folder;
  Reopen();
  models_.models["M"].on_text = [](std::string_view) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    return Status::Ok();
  };
  EXPECT_TRUE(Embed(context_, options_, request_, nullptr).ok());
}

TEST_F(EmbedKillTest, AKilledRunIsContinuedFromItsLastPart) {
  AddSource("papers", SourceSql());
  Close();
  int parts = 0;
  for (int round = 0; round < 4; ++round) {
    ASSERT_TRUE(KillAfterParts(parts + 2)) << "round " << round;
    ASSERT_GT(PartCount(), parts);
    parts = PartCount();
  }
  Reopen();
  auto abandoned = catalog_->FailAbandonedJobs();
  ASSERT_TRUE(abandoned.ok());
  EXPECT_EQ(abandoned->size(), 4u);
  EXPECT_TRUE(catalog_->ListTables()->empty());
  auto summary = Embed(context_, options_, request_, nullptr);
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_GE(summary->unchanged, parts * 8);
  EXPECT_EQ(summary->embedded, kRowCount - summary->unchanged);
  EXPECT_EQ(models_.texts().size(), static_cast<size_t>(summary->embedded));
  ExpectVectors(summary->table, Titles());
  EXPECT_EQ(PartCount(), 0);
}

class EmbedFullDiskTest : public PipelineTest {
 protected:
  EmbedFullDiskTest() {
    store_ = storage::OpenLocalStore({.root = "/db", .disk = &disk_}).value();
    OpenResults();
    AddSource("papers", SourceSql());
  }

  void OpenResults() {
    results_ =
        results::ResultStore::Open({.store = store_.get(), .executor = executor_.get()}).value();
    options_.results = results_.get();
  }

  storage::testing::SimulatedDisk disk_;
};

TEST_F(EmbedFullDiskTest, TheErrorSaysSoAndTheNextRunGoesOn) {
  bool kept_some = false;
  for (int64_t free_bytes : {int64_t{500}, int64_t{50'000}, int64_t{150'000}, int64_t{300'000}}) {
    disk_.SetFreeBytes(free_bytes);
    Status full = Embed(context_, options_, request_, nullptr).status();
    ASSERT_EQ(full.code(), StatusCode::kResourceExhausted) << full.ToString();
    EXPECT_TRUE(catalog_->ListTables()->empty());
    EXPECT_TRUE(results_->List()->empty());
    EXPECT_EQ(LastJob().state, catalog::JobState::kFailed);
    if (free_bytes >= 50'000) {
      EXPECT_THAT(full.message(), HasSubstr("the same command continues from there"));
    }
    OpenResults();
  }
  disk_.SetFreeBytes(std::nullopt);
  models_.Forget();
  auto summary = Embed(context_, options_, request_, nullptr);
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  kept_some = summary->unchanged > 0;
  EXPECT_TRUE(kept_some);
  EXPECT_EQ(models_.texts().size(), static_cast<size_t>(kRowCount - summary->unchanged));
  EXPECT_EQ(results_->Get(summary->table).value()->row_count, kRowCount);
}

TEST_F(EmbedFullDiskTest, ATableThatIsThereStaysAsItWas) {
  auto first = Embed(context_, options_, request_, nullptr);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  AddSource("papers", "SELECT i AS id, 'other ' || i AS title FROM range(2000) t(i)");
  for (int64_t free_bytes = 1000; free_bytes < 200'000; free_bytes += 30'000) {
    disk_.SetFreeBytes(free_bytes);
    Status full = Embed(context_, options_, request_, nullptr).status();
    ASSERT_EQ(full.code(), StatusCode::kResourceExhausted) << full.ToString();
    auto snapshot = results_->Get(first->table).value();
    EXPECT_EQ(snapshot->version, 1);
    EXPECT_EQ(snapshot->row_count, kRowCount);
  }
  disk_.SetFreeBytes(std::nullopt);
  auto second = Embed(context_, options_, request_, nullptr);
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_EQ(second->table, first->table);
  EXPECT_EQ(results_->Get(first->table).value()->row_count, 2000);
}

}  // namespace
}  // namespace iolite::pipelines
