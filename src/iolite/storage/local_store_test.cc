#include "iolite/storage/local_store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "iolite/base/testing/fake_clock.h"
#include "iolite/storage/testing/temporary_folder.h"

namespace iolite::storage {
namespace {

namespace fs = std::filesystem;

void WriteFile(const std::string& path, std::string_view bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::map<std::string, fs::file_time_type> FilesIn(const std::string& folder) {
  std::map<std::string, fs::file_time_type> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    files[entry.path().string()] = entry.last_write_time();
  }
  return files;
}

TEST(LocalStore, RemovesDraftsOfTheDead) {
  const testing::TemporaryFolder folder;
  WriteFile(folder / ".iolite-draft-0123", "half");
  WriteFile(folder / "results/.iolite-draft-4567", "half");
  WriteFile(folder / "results/kept", "whole");
  const auto store = OpenLocalStore({.root = folder.path()}).value();
  EXPECT_FALSE(fs::exists(folder / ".iolite-draft-0123"));
  EXPECT_FALSE(fs::exists(folder / "results/.iolite-draft-4567"));
  EXPECT_EQ(store->Get("results/kept")->bytes, "whole");
}

TEST(LocalStore, LeavesDraftsOfTheLivingAlone) {
  const testing::TemporaryFolder folder;
  const auto store = OpenLocalStore({.root = folder.path()}).value();
  auto writer = store->Write("a").value();
  ASSERT_TRUE(writer->Append("slow").ok());
  const auto other = OpenLocalStore({.root = folder.path()}).value();
  ASSERT_TRUE(writer->Seal().ok());
  EXPECT_EQ(other->Get("a")->bytes, "slow");
}

TEST(LocalStore, ReadOnlyChangesNothing) {
  const testing::TemporaryFolder folder;
  WriteFile(folder / "a", "1");
  WriteFile(folder / ".iolite-draft-0123", "half");
  const auto before = FilesIn(folder.path());
  const auto store = OpenLocalStore({.root = folder.path(), .read_only = true}).value();
  EXPECT_EQ(store->Get("a")->bytes, "1");
  EXPECT_EQ(store->List("")->size(), 1u);
  EXPECT_EQ(store->PutIfAbsent("b", "").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(store->PutIfMatch("a", "", store->Head("a")->etag).status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(store->Write("b").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(store->Delete("a").code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(FilesIn(folder.path()), before);
}

TEST(LocalStore, OpensOnlyFolders) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(OpenLocalStore({.root = folder / "none", .read_only = true}).status().code(),
            StatusCode::kNotFound);
  WriteFile(folder / "file", "");
  EXPECT_EQ(OpenLocalStore({.root = folder / "file"}).status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(OpenLocalStore({.root = folder / "file", .read_only = true}).status().code(),
            StatusCode::kFailedPrecondition);
}

TEST(LocalStore, NoticesAForeignHandOfAnySize) {
  const testing::TemporaryFolder folder;
  const auto store = OpenLocalStore({.root = folder.path()}).value();
  for (const size_t size : {size_t{10}, size_t{2} << 20}) {
    const auto path = "object-" + std::to_string(size);
    const auto etag = store->PutIfAbsent(path, std::string(size, 'a')).value();
    WriteFile(folder / path, std::string(size, 'b'));
    EXPECT_EQ(store->PutIfMatch(path, "", etag).status().code(), StatusCode::kAborted) << size;
  }
}

TEST(LocalStore, TagsOfLargeObjectsDifferWithinOneMicrosecondOfTheClock) {
  const testing::TemporaryFolder folder;
  iolite::testing::FakeClock clock;
  const auto store = OpenLocalStore({.root = folder.path(), .clock = &clock}).value();
  const auto first = store->PutIfAbsent("a", std::string(2 << 20, 'a')).value();
  clock.Advance(std::chrono::nanoseconds(1));
  const auto second = store->PutIfMatch("a", std::string(2 << 20, 'b'), first).value();
  EXPECT_NE(first, second);
}

TEST(LocalStore, GivesPathsToLibrariesThatReadFiles) {
  const testing::TemporaryFolder folder;
  const auto store = OpenLocalStore({.root = folder.path()}).value();
  ASSERT_TRUE(store->PutIfAbsent("results/T.parquet", "rows").ok());
  std::ifstream file(*store->LocalPath("results/T.parquet"));
  std::string bytes;
  file >> bytes;
  EXPECT_EQ(bytes, "rows");
}

/// Adds one to a counter `rounds` times by compare-and-set.
bool CountUp(const std::string& root, int rounds) {
  auto store = OpenLocalStore({.root = root});
  if (!store.ok()) return false;
  while (rounds > 0) {
    const auto object = (*store)->Get("counter");
    if (!object.ok()) return false;
    const auto next = std::to_string(std::stoi(object->bytes) + 1);
    const auto put = (*store)->PutIfMatch("counter", next, object->etag);
    if (put.ok()) --rounds;
    if (!put.ok() && put.status().code() != StatusCode::kAborted) return false;
  }
  return true;
}

TEST(LocalStore, ProcessesLoseNoUpdateToEachOther) {
  const testing::TemporaryFolder folder;
  {
    const auto store = OpenLocalStore({.root = folder.path()}).value();
    ASSERT_TRUE(store->PutIfAbsent("counter", "0").ok());
  }
  constexpr int kProcesses = 3, kRounds = 20;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(CountUp(folder.path(), kRounds) ? 0 : 1);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  const auto store = OpenLocalStore({.root = folder.path()}).value();
  EXPECT_EQ(store->Get("counter")->bytes, std::to_string(kProcesses * kRounds));
}

}  // namespace
}  // namespace iolite::storage
