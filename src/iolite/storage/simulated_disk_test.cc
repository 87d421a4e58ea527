#include "iolite/storage/testing/simulated_disk.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace iolite::storage::testing {
namespace {

void Write(Disk& disk, const std::string& path, std::string_view bytes, bool sync) {
  auto file = disk.Open(path, OpenMode::kReadWrite).value();
  ASSERT_TRUE(file->Append(bytes).ok());
  ASSERT_TRUE(!sync || file->Sync().ok());
}

std::string Content(Disk& disk, const std::string& path) {
  auto file = disk.Open(path, OpenMode::kRead);
  return file.ok() ? ReadWhole(**file).value() : "(none)";
}

/// What a file holds after crashes with many seeds.
std::set<std::string> AfterCrashes(bool sync_file, bool sync_folder) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SimulatedDisk disk;
    Write(disk, "/a", "old", true);
    EXPECT_TRUE(disk.SyncFolder("/").ok());
    Write(disk, "/draft", "new", sync_file);
    EXPECT_TRUE(disk.Rename("/draft", "/a").ok());
    EXPECT_TRUE(!sync_folder || disk.SyncFolder("/").ok());
    disk.Crash(*Random::Seeded(seed));
    seen.insert(Content(disk, "/a"));
  }
  return seen;
}

TEST(SimulatedDisk, LosesWhatWasNotSynced) {
  EXPECT_EQ(AfterCrashes(true, true), (std::set<std::string>{"new"}));
  EXPECT_EQ(AfterCrashes(true, false), (std::set<std::string>{"new", "old"}));
  const auto torn = AfterCrashes(false, true);
  EXPECT_TRUE(torn.contains("") && torn.contains("new") && torn.contains("n"));
  EXPECT_FALSE(torn.contains("old"));
}

TEST(SimulatedDisk, AFileWhoseNameWasNotSyncedMayBeGone) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimulatedDisk disk;
    Write(disk, "/a", "x", true);
    disk.Crash(*Random::Seeded(seed));
    seen.insert(Content(disk, "/a"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"(none)", "x"}));
}

TEST(SimulatedDisk, AFailedSyncLosesWhatItShouldHaveKept) {
  SimulatedDisk disk;
  auto file = disk.Open("/a", OpenMode::kCreate).value();
  ASSERT_TRUE(disk.SyncFolder("/").ok());
  ASSERT_TRUE(file->Append("lost").ok());
  disk.FailOperation(1, EIO);
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_TRUE(file->Sync().ok());  // the lie that real disks tell
  EXPECT_EQ(Content(disk, "/a"), "lost");
  disk.Crash(*Random::Seeded(1));
  EXPECT_EQ(Content(disk, "/a"), "");
}

TEST(SimulatedDisk, FailsTheOperationChosenAndOnlyThat) {
  SimulatedDisk disk;
  disk.FailOperation(2, EACCES);
  EXPECT_TRUE(disk.MakeFolder("/a").ok());
  EXPECT_EQ(disk.MakeFolder("/b").code(), StatusCode::kPermissionDenied);
  EXPECT_TRUE(disk.MakeFolder("/b").ok());
}

TEST(SimulatedDisk, StopsAndWakesAfterTheCrash) {
  SimulatedDisk disk;
  auto file = disk.Open("/a", OpenMode::kCreate).value();
  disk.StopAtOperation(1);
  EXPECT_FALSE(file->Append("x").ok());
  EXPECT_FALSE(disk.Stat("/a").ok());
  disk.Crash(*Random::Seeded(1));
  EXPECT_FALSE(file->Append("x").ok()) << "open files end with the crash";
  EXPECT_TRUE(disk.Open("/b", OpenMode::kCreate).ok());
}

TEST(SimulatedDisk, IsFullWhenToldSo) {
  SimulatedDisk disk;
  disk.SetFreeBytes(5);
  auto file = disk.Open("/a", OpenMode::kCreate).value();
  EXPECT_TRUE(file->Append("123").ok());
  EXPECT_EQ(file->Append("456").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(Content(disk, "/a"), "12345");
  EXPECT_TRUE(file->WriteAt(0, "abc").ok()) << "what does not grow needs no space";
  disk.SetFreeBytes(std::nullopt);
  EXPECT_TRUE(file->Append("6").ok());
}

}  // namespace
}  // namespace iolite::storage::testing
