#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <optional>
#include <set>

#include "iolite/storage/local_store.h"
#include "iolite/storage/testing/simulated_disk.h"

/// Crashes and faults at every operation of a workload: what was acknowledged stays, what was not
/// is the old object or the new one, whole.

namespace iolite::storage {
namespace {

constexpr uint64_t kSeedCount = 8;
constexpr char kRoot[] = "/db/store";

using Value = std::optional<std::string>;  // nullopt: no object

/// Changes objects and remembers what each may hold.
class Workload {
 public:
  explicit Workload(ObjectStore& store) : store_(store) {}

  void Run() {
    Put("a", "first");
    Write("results/rows", std::string(300'000, 'r'));
    Replace("a", "second");
    Put("results/manifest", "{}");
    Replace("a", "third, and longer than the ones before");
    Replace("results/manifest", std::string(5'000, 'm'));
    Delete("results/rows");
    Put("results/rows", "again");
    Delete("a");
  }

  const std::map<std::string, std::set<Value>>& may_hold() const { return may_hold_; }

 private:
  void Put(const std::string& path, const std::string& bytes) {
    Settle(path, bytes, store_.PutIfAbsent(path, bytes).status());
  }
  void Replace(const std::string& path, const std::string& bytes) {
    const auto info = store_.Head(path);
    if (info.ok()) Settle(path, bytes, store_.PutIfMatch(path, bytes, info->etag).status());
  }
  void Write(const std::string& path, const std::string& bytes) {
    auto writer = store_.Write(path);
    Status status = writer.status();
    for (size_t i = 0; status.ok() && i < bytes.size(); i += 60'000) {
      status = (*writer)->Append(std::string_view(bytes).substr(i, 60'000));
    }
    if (status.ok()) status = (*writer)->Seal().status();
    Settle(path, bytes, status);
  }
  void Delete(const std::string& path) { Settle(path, std::nullopt, store_.Delete(path)); }

  void Settle(const std::string& path, Value value, const Status& status) {
    auto& values = may_hold_.try_emplace(path, std::set<Value>{std::nullopt}).first->second;
    if (status.ok()) values.clear();
    values.insert(std::move(value));
  }

  ObjectStore& store_;
  std::map<std::string, std::set<Value>> may_hold_;
};

void ExpectKept(const ObjectStore& store, const Workload& workload) {
  for (const auto& [path, values] : workload.may_hold()) {
    const auto object = store.Get(path);
    ASSERT_TRUE(object.ok() || object.status().code() == StatusCode::kNotFound)
        << object.status().ToString();
    const Value found = object.ok() ? Value(object->bytes) : std::nullopt;
    EXPECT_TRUE(values.contains(found))
        << path << " holds " << (found ? found->substr(0, 40) : "nothing");
  }
}

/// Nothing but objects and locks is left, and the store works.
void ExpectHealthy(Disk& disk, ObjectStore& store) {
  const auto objects = store.List("").value();
  for (const auto& folder : {std::string(kRoot), std::string(kRoot) + "/results"}) {
    const auto entries = disk.ListFolder(folder);
    for (const auto& entry : entries.value_or({})) {
      EXPECT_FALSE(entry.name.starts_with(".iolite-draft-")) << folder << "/" << entry.name;
    }
  }
  for (const auto& object : objects) EXPECT_TRUE(store.Delete(object.path).ok());
  EXPECT_TRUE(store.PutIfAbsent("results/new", "works").ok());
  EXPECT_EQ(store.Get("results/new")->bytes, "works");
}

std::unique_ptr<ObjectStore> Open(Disk& disk, Random& random) {
  return OpenLocalStore({.root = kRoot, .disk = &disk, .random = &random}).value();
}

int64_t OperationCountOfWorkload() {
  testing::SimulatedDisk disk;
  const auto random = Random::Seeded(1);
  const auto store = Open(disk, *random);
  const auto before = disk.operation_count();
  Workload(*store).Run();
  return disk.operation_count() - before;
}

TEST(LocalStoreCrash, KeepsWhatWasAcknowledgedAtEveryOperation) {
  const auto operation_count = OperationCountOfWorkload();
  ASSERT_GT(operation_count, 50);
  for (int64_t index = 1; index <= operation_count + 1; ++index) {
    for (uint64_t seed = 0; seed < kSeedCount; ++seed) {
      SCOPED_TRACE(::testing::Message() << "crash at operation " << index << ", seed " << seed);
      testing::SimulatedDisk disk;
      const auto random = Random::Seeded(seed);
      auto store = Open(disk, *random);
      disk.StopAtOperation(index);
      Workload workload(*store);
      workload.Run();
      store.reset();
      disk.Crash(*random);
      store = Open(disk, *random);
      ExpectKept(*store, workload);
      ExpectHealthy(disk, *store);
      if (HasFailure()) return;
    }
  }
}

TEST(LocalStoreCrash, OneFailedOperationNeverShowsHalfAnObject) {
  const auto operation_count = OperationCountOfWorkload();
  for (int64_t index = 1; index <= operation_count; ++index) {
    for (const int error : {EIO, ENOSPC, EACCES}) {
      SCOPED_TRACE(::testing::Message() << "operation " << index << " fails with errno " << error);
      testing::SimulatedDisk disk;
      const auto random = Random::Seeded(index);
      auto store = Open(disk, *random);
      disk.FailOperation(index, error);
      Workload workload(*store);
      workload.Run();
      ExpectKept(*store, workload);
      store.reset();
      disk.Crash(*random);
      store = Open(disk, *random);
      ExpectKept(*store, workload);
      ExpectHealthy(disk, *store);
      if (HasFailure()) return;
    }
  }
}

TEST(LocalStoreCrash, AFullDiskRefusesAndKeepsTheOldObject) {
  testing::SimulatedDisk disk;
  const auto random = Random::Seeded(1);
  auto store = Open(disk, *random);
  const auto etag = store->PutIfAbsent("a", "old").value();
  disk.SetFreeBytes(1000);
  EXPECT_EQ(store->PutIfMatch("a", std::string(2000, 'x'), etag).status().code(),
            StatusCode::kResourceExhausted);
  auto writer = store->Write("b").value();
  ASSERT_TRUE(writer->Append(std::string(2000, 'x')).ok()) << "still in the buffer";
  EXPECT_EQ(writer->Seal().status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(writer->Append("y").code(), StatusCode::kResourceExhausted);
  writer.reset();
  EXPECT_EQ(store->Get("a")->bytes, "old");
  EXPECT_EQ(store->List("")->size(), 1u);
  disk.SetFreeBytes(std::nullopt);
  EXPECT_TRUE(store->PutIfMatch("a", "new", etag).ok());
}

}  // namespace
}  // namespace iolite::storage
