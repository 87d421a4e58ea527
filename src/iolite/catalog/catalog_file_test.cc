#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <thread>

#include "iolite/base/random.h"
#include "iolite/catalog/catalog.h"

/// The catalog as a file that processes share, lose and damage.

namespace iolite::catalog {
namespace {

namespace fs = std::filesystem;

class CatalogFileTest : public ::testing::Test {
 protected:
  CatalogFileTest() { fs::create_directories(folder_); }
  ~CatalogFileTest() override { fs::remove_all(folder_); }

  std::string path() const { return (folder_ / "catalog.sqlite").string(); }
  Result<std::unique_ptr<Catalog>> Open(bool read_only = false) const {
    return Catalog::Open({.path = path(), .read_only = read_only});
  }
  /// A closed catalog with these models.
  void MakeWith(int model_count) const {
    const auto catalog = Open().value();
    for (int i = 0; i < model_count; ++i) {
      ASSERT_TRUE(catalog->PutModel({.id = "model " + std::to_string(i)}).ok());
    }
  }
  std::string Bytes() const {
    std::ifstream file(path(), std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
  }
  void SetBytes(const std::string& bytes) const {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
  }
  /// Changes the file as another program would.
  void Sql(const char* sql) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
  }
  std::map<std::string, fs::file_time_type> Files() const {
    std::map<std::string, fs::file_time_type> files;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      files[entry.path().string()] = entry.last_write_time();
    }
    return files;
  }

  const fs::path folder_ =
      fs::temp_directory_path() / ("iolite-catalog-" + Random::System().NextHex(12));
};

TEST_F(CatalogFileTest, ReadOnlyWritesNothingWhileNobodyWrites) {
  MakeWith(3);
  const auto before = Files();
  const auto bytes = Bytes();
  {
    const auto reader = Open(/*read_only=*/true).value();
    EXPECT_EQ(reader->ListModels()->size(), 3u);
    EXPECT_TRUE(reader->Verify().ok());
    EXPECT_EQ(reader->PutModel({.id = "x"}).code(), StatusCode::kFailedPrecondition);
    EXPECT_EQ(reader->RequestCancel("x").code(), StatusCode::kFailedPrecondition);
    EXPECT_EQ(reader->RemoveModel("model 1").code(), StatusCode::kFailedPrecondition);
    EXPECT_EQ(Files(), before);
  }
  EXPECT_EQ(Files(), before);
  EXPECT_EQ(Bytes(), bytes);
}

TEST_F(CatalogFileTest, AReaderFollowsWritersThatComeAndGo) {
  MakeWith(1);
  const auto reader = Open(/*read_only=*/true).value();
  EXPECT_EQ(reader->ListModels()->size(), 1u);
  for (int round = 0; round < 3; ++round) {
    const auto id = "round " + std::to_string(round);
    auto writer = Open().value();
    ASSERT_TRUE(writer->PutModel({.id = id}).ok());
    EXPECT_TRUE(reader->GetModel(id).ok()) << "while the writer is there";
    ASSERT_TRUE(writer->PutModel({.id = id, .revision = "2"}).ok());
    EXPECT_EQ(reader->GetModel(id)->revision, "2");
    writer.reset();
    EXPECT_EQ(reader->GetModel(id)->revision, "2") << "after it left";
    EXPECT_EQ(reader->ListModels()->size(), static_cast<size_t>(round) + 2);
  }
}

/// Runs `body` in a process that may write nothing in `folder`; root first becomes nobody.
bool AsAStranger(const fs::path& folder, const std::function<bool()>& body) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    fs::permissions(entry.path(), fs::perms{0444});
  }
  fs::permissions(folder, fs::perms{0555});
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0 && ::setuid(kNobody) != 0) ::_exit(2);
    ::_exit(body() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  fs::permissions(folder, fs::perms{0755});
  for (const auto& entry : fs::directory_iterator(folder)) {
    fs::permissions(entry.path(), fs::perms{0644});
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// A process that has a catalog open, after `body`, until this goes.
class OtherProcess {
 public:
  explicit OtherProcess(const std::function<std::unique_ptr<Catalog>()>& body) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      const auto catalog = body();
      (void)!::write(ends[1], "r", 1);
      for (;;) ::pause();
    }
    char ready = 0;
    EXPECT_EQ(::read(ends[0], &ready, 1), 1);
    ::close(ends[0]);
    ::close(ends[1]);
  }
  ~OtherProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_ = 0;
};

TEST_F(CatalogFileTest, AFolderThatCannotBeWrittenCanBeRead) {
  MakeWith(3);
  const auto reads = [&](size_t count) {
    return AsAStranger(folder_, [&, count] {
      const auto reader = Open(/*read_only=*/true);
      return reader.ok() && (*reader)->ListModels().value_or({}).size() == count &&
             !(*reader)->PutModel({}).ok() && !Open().ok();
    });
  };
  EXPECT_TRUE(reads(3));
  {
    const OtherProcess writer([&] { return Open().value(); });
    EXPECT_TRUE(reads(3)) << "beside a writer that has not written";
  }
  {
    const OtherProcess writer([&] {
      auto catalog = Open().value();
      (void)catalog->PutModel({.id = "one more"});
      return catalog;
    });
    EXPECT_TRUE(reads(4)) << "beside a writer";
  }
  EXPECT_TRUE(reads(4)) << "beside the log of a writer that was killed";
}

TEST_F(CatalogFileTest, AReaderNeedsACatalog) {
  EXPECT_EQ(Open(/*read_only=*/true).status().code(), StatusCode::kNotFound);
  SetBytes("");
  EXPECT_EQ(Open(/*read_only=*/true).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Open().ok()) << "a writer makes one out of an empty file";
}

TEST_F(CatalogFileTest, ANewerFormatIsRefusedWithBothVersions) {
  MakeWith(1);
  Sql("PRAGMA user_version = 7");
  const auto bytes = Bytes();
  for (const bool read_only : {false, true}) {
    const auto status = Open(read_only).status();
    EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
    EXPECT_NE(status.message().find("format 7"), std::string::npos) << status.message();
    EXPECT_NE(status.message().find("format 2"), std::string::npos);
    EXPECT_NE(status.message().find(path()), std::string::npos);
  }
  EXPECT_EQ(Bytes(), bytes);
}

TEST_F(CatalogFileTest, AnOlderFormatIsReadAndGetsItsTablesFromAWriter) {
  fs::copy_file(IOLITE_SOURCE_DIR "/tests/compat/catalog/format_1.sqlite", path());
  const auto bytes = Bytes();
  {
    const auto reader = Open(/*read_only=*/true).value();
    EXPECT_EQ(reader->GetSource("things")->row_count, 2);
    EXPECT_EQ(reader->ListEvalRuns()->size(), 0u);
    EXPECT_EQ(reader->GetEvalRun("r").status().code(), StatusCode::kNotFound);
  }
  EXPECT_EQ(Bytes(), bytes);
  for (int opening = 0; opening < 2; ++opening) {
    const auto writer = Open().value();
    EXPECT_EQ(writer->GetSource("things")->row_count, 2);
    EXPECT_EQ(writer->GetJob("embed-1")->state, JobState::kSucceeded);
    ASSERT_TRUE(writer->AddEvalRun({.id = "run " + std::to_string(opening)}).ok());
    EXPECT_TRUE(writer->Verify().ok());
  }
  EXPECT_EQ(Open(/*read_only=*/true).value()->ListEvalRuns()->size(), 2u);
}

TEST_F(CatalogFileTest, AnotherProgramsDatabaseIsLeftAlone) {
  Sql("CREATE TABLE theirs (x)");
  const auto bytes = Bytes();
  EXPECT_EQ(Open().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Open(/*read_only=*/true).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Bytes(), bytes);
}

TEST_F(CatalogFileTest, DamageIsNamed) {
  MakeWith(500);
  const auto bytes = Bytes();
  const auto expect_loss = [&](const Status& status) {
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status.ToString();
    EXPECT_NE(status.message().find(path()), std::string::npos);
  };
  for (const bool read_only : {false, true}) {
    SetBytes(
        "this is not a database at all, it is a letter to a friend, twice as long as a header"
        "would be, so that nobody takes it for an empty one");
    expect_loss(Open(read_only).status());

    SetBytes(bytes.substr(0, bytes.size() / 2));
    auto cut = Open(read_only);
    expect_loss(cut.ok() ? (*cut)->Verify() : cut.status());
    cut = Unknown("closed");

    auto scribbled = bytes;
    for (size_t page = 4096; page < scribbled.size(); page += 4096) {
      std::memset(scribbled.data() + page, 0xAB, 200);
    }
    SetBytes(scribbled);
    auto catalog = Open(read_only);
    expect_loss(catalog.ok() ? (*catalog)->ListModels().status() : catalog.status());
    if (catalog.ok()) expect_loss((*catalog)->Verify());
  }
}

TEST_F(CatalogFileTest, AFolderThatIsMissingOrAFileIsAnError) {
  EXPECT_FALSE(Catalog::Open({.path = (folder_ / "no" / "catalog.sqlite").string()}).ok());
  EXPECT_FALSE(Catalog::Open({.path = folder_.string()}).ok());
}

TEST_F(CatalogFileTest, ThreadsAndProcessesShareIt) {
  constexpr int kProcesses = 2, kThreads = 3, kWrites = 15;
  const auto work = [&](const std::string& who) {
    const auto catalog = Open();
    if (!catalog.ok()) return false;
    std::atomic<bool> good = true;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kWrites; ++i) {
          const auto id = who + std::to_string(thread) + "-" + std::to_string(i);
          const bool put = (*catalog)->PutModel({.id = id, .files = {{id, i, i, ""}}}).ok();
          const auto got = (*catalog)->GetModel(id);
          if (!put || !got.ok() || got->files.size() != 1) good = false;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    return good.load();
  };
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(work("child" + std::to_string(i) + "-") ? 0 : 1);
    children.push_back(child);
  }
  EXPECT_TRUE(work("parent-"));
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  const auto reader = Open(/*read_only=*/true).value();
  EXPECT_EQ(reader->ListModels()->size(), size_t{(kProcesses + 1) * kThreads * kWrites});
  EXPECT_TRUE(reader->Verify().ok());
}

TEST_F(CatalogFileTest, AReaderSeesWholeTransactionsOfAWriterAtWork) {
  MakeWith(0);
  const pid_t child = ::fork();
  if (child == 0) {
    for (int i = 0; i < 10; ++i) {  // opens and closes, so that the log comes and goes
      const auto catalog = Open();
      for (int j = 0; catalog.ok() && j < 5; ++j) {
        (void)(*catalog)->PutModel({.id = "m", .files = {{"a", i, j, ""}, {"b", i, j, ""}}});
      }
    }
    ::_exit(0);
  }
  const auto reader = Open(/*read_only=*/true).value();
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    const auto model = reader->GetModel("m");
    if (model.status().code() == StatusCode::kNotFound) continue;
    ASSERT_TRUE(model.ok()) << model.status().ToString();
    ASSERT_EQ(model->files.size(), 2u);
    ASSERT_EQ(model->files[0].modified_us, model->files[1].modified_us);
  }
  EXPECT_EQ(reader->GetModel("m")->files[0].size_bytes, 9);
}

TEST_F(CatalogFileTest, WhatWasAcknowledgedOutlivesAKill) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto catalog = Open().value();
    for (int i = 0;; ++i) {
      if (!catalog->PutModel({.id = std::to_string(i)}).ok()) ::_exit(1);
      (void)!::write(ends[1], &i, sizeof(i));
    }
  }
  int last = 0;
  for (int i = 0; i < 25; ++i)
    ASSERT_EQ(::read(ends[0], &last, sizeof(last)), ssize_t{sizeof(last)});
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  // First a reader, which finds the dead writer's log, then a writer, which puts it in order.
  EXPECT_TRUE(Open(/*read_only=*/true).value()->GetModel(std::to_string(last)).ok());
  const auto catalog = Open().value();
  EXPECT_TRUE(catalog->GetModel(std::to_string(last)).ok());
  EXPECT_TRUE(catalog->Verify().ok());
}

}  // namespace
}  // namespace iolite::catalog
