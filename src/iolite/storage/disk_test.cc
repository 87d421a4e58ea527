#include "iolite/storage/disk.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "iolite/storage/testing/simulated_disk.h"
#include "iolite/storage/testing/temporary_folder.h"

/// What both disks promise, so that what passes on the simulated one may pass on the machine's.

namespace iolite::storage {
namespace {

class DiskContract : public ::testing::TestWithParam<bool> {
 protected:
  DiskContract() { EXPECT_TRUE(MakeFolders(simulated_, folder_.path()).ok()); }
  Disk& disk() { return GetParam() ? static_cast<Disk&>(simulated_) : Disk::System(); }
  std::string At(const std::string& name) const { return folder_ / name; }
  std::string Content(const std::string& name) {
    return ReadWhole(*disk().Open(At(name), OpenMode::kRead).value()).value();
  }
  void Make(const std::string& name, std::string_view bytes) {
    ASSERT_TRUE(disk().Open(At(name), OpenMode::kCreate).value()->Append(bytes).ok());
  }

 private:
  testing::TemporaryFolder folder_;
  testing::SimulatedDisk simulated_;
};

TEST_P(DiskContract, ReadsWhatWasWritten) {
  auto file = disk().Open(At("a"), OpenMode::kReadWrite).value();
  ASSERT_TRUE(file->Append("hello").ok());
  ASSERT_TRUE(file->WriteAt(3, "p me").ok());
  ASSERT_TRUE(file->WriteAt(9, "!").ok());  // leaves a hole
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(Content("a"), std::string("help me\0\0!", 10));
  ASSERT_TRUE(file->Truncate(4).ok());
  ASSERT_TRUE(file->Append("ed").ok());
  EXPECT_EQ(Content("a"), "helped");
  char buffer[10];
  EXPECT_EQ(file->ReadAt(4, buffer).value(), 2u);
  EXPECT_EQ(file->ReadAt(60, buffer).value(), 0u);
  ASSERT_TRUE(file->SetModified(1'234'567'890'123'456'789).ok());
  EXPECT_EQ(file->Stat()->modified_ns, 1'234'567'890'123'456'789);
  EXPECT_EQ(file->Stat()->size_bytes, 6);
}

TEST_P(DiskContract, OpensAsAsked) {
  EXPECT_EQ(disk().Open(At("a"), OpenMode::kRead).status().code(), StatusCode::kNotFound);
  Make("a", "x");
  EXPECT_EQ(disk().Open(At("a"), OpenMode::kCreate).status().code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(disk().Open(At("a"), OpenMode::kReadWrite).ok());
  EXPECT_EQ(Content("a"), "x");
  EXPECT_FALSE(disk().Open(At("a"), OpenMode::kRead).value()->Append("y").ok());
  EXPECT_EQ(disk().Open(At("no/a"), OpenMode::kCreate).status().code(), StatusCode::kNotFound);
  const auto status = disk().Open(At("missing"), OpenMode::kRead).status();
  EXPECT_NE(status.message().find(At("missing")), std::string::npos);
}

TEST_P(DiskContract, RenamesOverOrToANewNameOnly) {
  Make("a", "A");
  Make("b", "B");
  EXPECT_EQ(disk().RenameToNew(At("a"), At("b")).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Content("b"), "B");
  EXPECT_TRUE(disk().RenameToNew(At("a"), At("c")).ok());
  EXPECT_EQ(Content("c"), "A");
  EXPECT_TRUE(disk().Rename(At("c"), At("b")).ok());
  EXPECT_EQ(Content("b"), "A");
  EXPECT_EQ(disk().Rename(At("c"), At("b")).code(), StatusCode::kNotFound);
  EXPECT_EQ(disk().RenameToNew(At("c"), At("d")).code(), StatusCode::kNotFound);
}

TEST_P(DiskContract, ListsAndRemoves) {
  ASSERT_TRUE(MakeFolders(disk(), At("x/y")).ok());
  ASSERT_TRUE(MakeFolders(disk(), At("x/y")).ok());
  EXPECT_EQ(disk().MakeFolder(At("x")).code(), StatusCode::kAlreadyExists);
  Make("x/b", "");
  Make("x/a", "");
  const auto entries = disk().ListFolder(At("x")).value();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].name, "a");
  EXPECT_FALSE(entries[0].is_folder);
  EXPECT_EQ(entries[2].name, "y");
  EXPECT_TRUE(entries[2].is_folder);
  EXPECT_TRUE(disk().Remove(At("x/a")).ok());
  EXPECT_EQ(disk().Remove(At("x/a")).code(), StatusCode::kNotFound);
  EXPECT_EQ(disk().Stat(At("x/a")).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(disk().Stat(At("x"))->is_folder);
  EXPECT_TRUE(disk().SyncFolder(At("x")).ok());
  EXPECT_EQ(disk().ListFolder(At("nothing")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(MakeFolders(disk(), At("x/b")).code(), StatusCode::kFailedPrecondition);
}

TEST_P(DiskContract, LocksKeepOthersOut) {
  auto one = disk().Open(At("lock"), OpenMode::kReadWrite).value();
  auto two = disk().Open(At("lock"), OpenMode::kReadWrite).value();
  EXPECT_TRUE(one->TryLock(LockKind::kShared).value());
  EXPECT_TRUE(two->TryLock(LockKind::kShared).value());
  EXPECT_FALSE(two->TryLock(LockKind::kExclusive).value());
  two = disk().Open(At("lock"), OpenMode::kReadWrite).value();
  EXPECT_TRUE(one->TryLock(LockKind::kExclusive).value());
  EXPECT_FALSE(two->TryLock(LockKind::kShared).value());
  std::atomic<bool> entered = false;
  std::thread waiting([&] {
    EXPECT_TRUE(two->Lock(LockKind::kExclusive).ok());
    entered = true;
  });
  EXPECT_FALSE(entered);
  one.reset();  // closing gives the lock back
  waiting.join();
  EXPECT_TRUE(entered);
}

TEST(ParentFolder, IsWhatStandsBeforeTheLastSlash) {
  EXPECT_EQ(ParentFolder("a/b/c"), "a/b");
  EXPECT_EQ(ParentFolder("/a"), "/");
  EXPECT_EQ(ParentFolder("a"), ".");
}

INSTANTIATE_TEST_SUITE_P(Disks, DiskContract, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Simulated" : "System"; });

}  // namespace
}  // namespace iolite::storage
