#include "iolite/storage/file_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "iolite/storage/testing/temporary_folder.h"

namespace iolite::storage {
namespace {

/// A process that holds the lock until it is killed.
class Holder {
 public:
  explicit Holder(const std::string& folder) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      const auto lock = FileLock::Acquire(folder);
      const char answer = lock.ok() ? 'y' : 'n';
      (void)!::write(ends[1], &answer, 1);
      for (;;) ::pause();
    }
    char answer = 0;
    EXPECT_EQ(::read(ends[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    ::close(ends[0]);
    ::close(ends[1]);
  }
  ~Holder() { Kill(); }
  void Kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

TEST(FileLock, TheSecondIsToldWhoHoldsIt) {
  const testing::TemporaryFolder folder;
  const Holder holder(folder.path());
  const auto lock = FileLock::Acquire(folder.path());
  ASSERT_EQ(lock.status().code(), StatusCode::kFailedPrecondition);
  const auto& message = lock.status().message();
  const auto expected = folder.path() + " is open for writing by process " +
                        std::to_string(holder.pid()) + " on host ";
  EXPECT_EQ(message.substr(0, expected.size()), expected);
}

TEST(FileLock, AKillFreesIt) {
  const testing::TemporaryFolder folder;
  Holder holder(folder.path());
  ASSERT_FALSE(FileLock::Acquire(folder.path()).ok());
  holder.Kill();
  EXPECT_TRUE(FileLock::Acquire(folder.path()).ok());
}

TEST(FileLock, IsGivenBackAndKeepsOthersOfThisProcessOutToo) {
  const testing::TemporaryFolder folder;
  auto lock = FileLock::Acquire(folder.path());
  ASSERT_TRUE(lock.ok());
  const auto second = FileLock::Acquire(folder.path());
  EXPECT_NE(second.status().message().find(std::to_string(::getpid())), std::string::npos);
  lock->reset();
  EXPECT_TRUE(FileLock::Acquire(folder.path()).ok());
}

TEST(FileLock, ALockedFileThatNamesNobodyAliveStillSaysSo) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "lock") << "garbage";
  auto file = Disk::System().Open(folder / "lock", OpenMode::kReadWrite).value();
  ASSERT_TRUE(file->TryLock(LockKind::kExclusive).value());
  const auto lock = FileLock::Acquire(folder.path());
  EXPECT_EQ(lock.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(lock.status().message().find("another process"), std::string::npos);
}

TEST(FileLock, NeedsTheFolder) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(FileLock::Acquire(folder / "none").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace iolite::storage
