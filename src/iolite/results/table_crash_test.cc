#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <functional>

#include "iolite/results/result_table.h"
#include "iolite/results/testing/table_fixture.h"
#include "iolite/storage/local_store.h"
#include "iolite/storage/testing/fault_store.h"
#include "iolite/storage/testing/simulated_disk.h"

// Every operation of the disk in turn is the last one before the power goes. Whatever the moment,
// the table is the old version or the new one, what was acknowledged is found again, and the work
// can be finished.

namespace iolite::results {
namespace {

using segments::testing::MakeSampleRows;
using segments::testing::SampleRows;
using testing::CommitRows;
using testing::ReadVisible;
using testing::SampleMaterialization;
using testing::VisibleRows;

constexpr uint64_t kSeed = 99;

/// A database on a simulated disk.
struct Machine {
  storage::testing::SimulatedDisk disk;
  iolite::testing::FakeClock clock;
  std::unique_ptr<Random> names = Random::Seeded(kSeed);
  std::unique_ptr<Random> fate;
  std::unique_ptr<storage::ObjectStore> store;
  std::unique_ptr<ResultStore> results;

  explicit Machine(uint64_t seed) : fate(Random::Seeded(seed)) {}

  Status Start() {
    IOLITE_ASSIGN_OR_RETURN(
        store, storage::OpenLocalStore(
                   {.root = "/db", .disk = &disk, .clock = &clock, .random = names.get()}));
    IOLITE_ASSIGN_OR_RETURN(results, ResultStore::Open({.store = store.get(),
                                                        .executor = &Executor::Inline(),
                                                        .clock = &clock,
                                                        .random = names.get()}));
    return Status::Ok();
  }

  void Crash() {
    results.reset();
    store.reset();
    disk.Crash(*fate);
  }

  std::vector<std::string> Paths() const {
    std::vector<std::string> paths;
    auto objects = store->List("results/");
    if (!objects.ok()) return {objects.status().ToString()};
    for (const auto& object : *objects) paths.push_back(object.path);
    return paths;
  }
};

SampleRows Rows(int64_t count, int64_t first, const std::string& hash) {
  auto random = Random::Seeded(kSeed + static_cast<uint64_t>(first));
  auto rows = MakeSampleRows(*random, count, 4, first);
  for (auto& content_hash : rows.content_hashes) content_hash = hash;
  return rows;
}

VisibleRows Old() {
  VisibleRows rows;
  for (int i = 0; i < 30; ++i) rows["row-" + std::to_string(i)] = "old";
  return rows;
}

VisibleRows New() {
  VisibleRows rows = Old();
  for (int i = 20; i < 40; ++i) rows["row-" + std::to_string(i)] = "new";
  rows.erase("row-3");
  return rows;
}

Status CommitOld(Machine& machine) {
  return CommitRows(*machine.results, "t", Rows(30, 0, "old"), {}, 10);
}

// Goes on from whatever was recovered; counts the rows whose part was acknowledged.
Status CommitNew(Machine& machine, int64_t& acknowledged) {
  IOLITE_ASSIGN_OR_RETURN(auto run, machine.results->StartRun("t", "definition"));
  int64_t recovered = 0;
  IOLITE_RETURN_IF_ERROR(run->ForEachRecovered([&](auto, auto) { ++recovered; }));
  if (recovered < acknowledged)
    return Internal("{} of {} rows are lost", acknowledged - recovered, acknowledged);
  auto batch = Rows(20, 20, "new").PartBatch();
  for (int64_t begin = recovered; begin < 20; begin += 10) {
    IOLITE_RETURN_IF_ERROR(run->AppendPart(RequestContext(), *batch->Slice(begin, 10)));
    acknowledged = begin + 10;
  }
  std::vector<std::string> gone = {"row-3"};
  IOLITE_RETURN_IF_ERROR(run->Hide(gone));
  IOLITE_RETURN_IF_ERROR(run->Commit(RequestContext(), SampleMaterialization(), nullptr).status());
  acknowledged = 0;
  return Status::Ok();
}

const std::vector<std::string> kSealed = {
    "results/t.hidden-2",      "results/t.idx.manifest.json",
    "results/t.idx.qg",        "results/t.idx.rowmap",
    "results/t.manifest.json", "results/t.materialization.json",
    "results/t.parquet",       "results/t__seg1.idx.manifest.json",
    "results/t__seg1.idx.qg",  "results/t__seg1.idx.rowmap",
    "results/t__seg1.parquet"};

/// Operations of the disk that `work` takes after `prepare`.
int64_t CountOperations(const std::function<Status(Machine&)>& prepare,
                        const std::function<Status(Machine&)>& work) {
  Machine machine(kSeed);
  Status status = machine.Start();
  if (status.ok()) status = prepare(machine);
  int64_t before = machine.disk.operation_count();
  if (status.ok()) status = work(machine);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return machine.disk.operation_count() - before;
}

Status Nothing(Machine&) { return Status::Ok(); }

/// Calls `check` once for every operation of `work`: the machine has crashed there and started
/// again.
void CrashEverywhere(const std::function<Status(Machine&)>& prepare,
                     const std::function<Status(Machine&, int64_t& acknowledged)>& work,
                     const std::function<void(Machine&, bool done, int64_t acknowledged)>& check) {
  ::testing::Test::RecordProperty("seed", std::to_string(kSeed));
  int64_t ignored = 0;
  int64_t count =
      CountOperations(prepare, [&](Machine& machine) { return work(machine, ignored); });
  for (int64_t operation = 1; operation <= count + 1; ++operation) {
    SCOPED_TRACE(fmt::format("operation {} of {}, seed {}", operation, count, kSeed + operation));
    Machine machine(kSeed + static_cast<uint64_t>(operation));
    ASSERT_TRUE(machine.Start().ok());
    ASSERT_TRUE(prepare(machine).ok());
    machine.disk.StopAtOperation(operation);
    int64_t acknowledged = 0;
    bool done = work(machine, acknowledged).ok();
    machine.Crash();
    Status started = machine.Start();
    ASSERT_TRUE(started.ok()) << started.ToString();
    check(machine, done, acknowledged);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(TableCrashTest, TheFirstCommitIsAllOrNothing) {
  auto work = [](Machine& machine, int64_t&) { return CommitOld(machine); };
  CrashEverywhere(Nothing, work, [](Machine& machine, bool done, int64_t) {
    auto rows = ReadVisible(*machine.results, "t");
    if (rows.ok()) {
      ASSERT_EQ(*rows, Old());
    } else {
      ASSERT_EQ(rows.status().code(), StatusCode::kNotFound) << rows.status().ToString();
      ASSERT_FALSE(done);
      Status again = CommitOld(machine);
      ASSERT_TRUE(again.ok()) << again.ToString();
    }
    ASSERT_EQ(ReadVisible(*machine.results, "t").value(), Old());
    ASSERT_TRUE(machine.results->Verify(RequestContext(), "t")->empty());
    ASSERT_EQ(machine.Paths().size(), 6u);
  });
}

TEST(TableCrashTest, ALaterCommitIsAllOrNothing) {
  CrashEverywhere(CommitOld, CommitNew, [](Machine& machine, bool done, int64_t acknowledged) {
    auto rows = ReadVisible(*machine.results, "t");
    ASSERT_TRUE(rows.ok()) << rows.status().ToString();
    if (*rows != New()) {
      ASSERT_EQ(*rows, Old());
      ASSERT_FALSE(done);
      Status again = CommitNew(machine, acknowledged);
      ASSERT_TRUE(again.ok()) << again.ToString();
    }
    ASSERT_EQ(ReadVisible(*machine.results, "t").value(), New());
    ASSERT_TRUE(machine.results->Verify(RequestContext(), "t")->empty());
    ASSERT_EQ(machine.Paths(), kSealed);
  });
}

TEST(TableCrashTest, ADropIsFinished) {
  auto work = [](Machine& machine, int64_t&) { return machine.results->Drop("t"); };
  CrashEverywhere(CommitOld, work, [](Machine& machine, bool done, int64_t) {
    auto rows = ReadVisible(*machine.results, "t");
    if (rows.ok()) {
      ASSERT_FALSE(done);
      ASSERT_EQ(*rows, Old());
    } else {
      ASSERT_EQ(rows.status().code(), StatusCode::kNotFound);
      ASSERT_EQ(machine.Paths(), std::vector<std::string>{});
    }
  });
}

TEST(TableCrashTest, ARepairMayBeRepeated) {
  auto prepare = [](Machine& machine) {
    IOLITE_RETURN_IF_ERROR(CommitOld(machine));
    return machine.store->Delete("results/t.idx.qg");
  };
  auto work = [](Machine& machine, int64_t&) {
    return machine.results->Repair(RequestContext(), "t");
  };
  CrashEverywhere(prepare, work, [](Machine& machine, bool, int64_t) {
    auto snapshot = machine.results->Get("t");
    ASSERT_TRUE(snapshot.ok()) << snapshot.status().ToString();
    ASSERT_EQ((*snapshot)->row_count, 30);
    ASSERT_TRUE((*snapshot)->parts[0].segment->index().ok());
    Status again = machine.results->Repair(RequestContext(), "t");
    ASSERT_TRUE(again.ok()) << again.ToString();
    ASSERT_EQ(ReadVisible(*machine.results, "t").value(), Old());
    ASSERT_TRUE(machine.results->Verify(RequestContext(), "t")->empty());
  });
}

TEST(TableCrashTest, ANewRunLosesNothingOfTheTable) {
  auto work = [](Machine& machine, int64_t& acknowledged) {
    IOLITE_ASSIGN_OR_RETURN(auto run, machine.results->StartRun("t", "another"));
    IOLITE_RETURN_IF_ERROR(run->AppendPart(RequestContext(), *Rows(5, 100, "x").PartBatch()));
    acknowledged = 5;
    return Status::Ok();
  };
  CrashEverywhere(CommitOld, work, [](Machine& machine, bool, int64_t acknowledged) {
    ASSERT_EQ(ReadVisible(*machine.results, "t").value(), Old());
    auto run = machine.results->StartRun("t", "another");
    ASSERT_TRUE(run.ok()) << run.status().ToString();
    int64_t recovered = 0;
    ASSERT_TRUE((*run)->ForEachRecovered([&](auto, auto) { ++recovered; }).ok());
    ASSERT_GE(recovered, acknowledged);
  });
}

// The same from the store's side: one operation fails, or is done and its answer lost; the process
// lives on.
TEST(TableFaultTest, AFailedOperationChangesNothingThatCannotBeFinished) {
  using storage::testing::FaultStore;
  for (auto moment : {FaultStore::Moment::kBefore, FaultStore::Moment::kAfter}) {
    bool failed = true;
    for (int64_t operation = 1; failed; ++operation) {
      SCOPED_TRACE(fmt::format("operation {}", operation));
      Machine machine(kSeed);
      ASSERT_TRUE(machine.Start().ok());
      ASSERT_TRUE(CommitOld(machine).ok());
      FaultStore faults(*machine.store);
      ResultStoreOptions options{.store = &faults,
                                 .executor = &Executor::Inline(),
                                 .clock = &machine.clock,
                                 .random = machine.names.get()};
      machine.results = ResultStore::Open(options).value();
      int64_t before = faults.operation_count();
      faults.FailOperation(operation, Unavailable("the store does not answer"), moment);
      int64_t acknowledged = 0;
      Status first = CommitNew(machine, acknowledged);
      failed = faults.operation_count() - before >= operation;
      faults.Heal();
      auto rows = ReadVisible(*machine.results, "t");
      ASSERT_TRUE(rows.ok()) << rows.status().ToString();
      if (*rows != New()) {
        ASSERT_EQ(*rows, Old());
        ASSERT_FALSE(first.ok());
        Status again = CommitNew(machine, acknowledged);
        ASSERT_TRUE(again.ok()) << again.ToString();
      }
      ASSERT_EQ(ReadVisible(*machine.results, "t").value(), New());
      ASSERT_TRUE(machine.results->Verify(RequestContext(), "t")->empty());
    }
  }
}

TEST(TableFaultTest, AFullDiskChangesNothingAndTheWorkGoesOnLater) {
  for (int64_t free_bytes = 0; free_bytes < 40'000; free_bytes += 700) {
    SCOPED_TRACE(free_bytes);
    Machine machine(kSeed);
    ASSERT_TRUE(machine.Start().ok());
    ASSERT_TRUE(CommitOld(machine).ok());
    machine.disk.SetFreeBytes(free_bytes);
    int64_t acknowledged = 0;
    Status first = CommitNew(machine, acknowledged);
    if (first.ok()) break;
    ASSERT_EQ(first.code(), StatusCode::kResourceExhausted) << first.ToString();
    ASSERT_EQ(ReadVisible(*machine.results, "t").value(), Old());
    machine.disk.SetFreeBytes(std::nullopt);
    Status again = CommitNew(machine, acknowledged);
    ASSERT_TRUE(again.ok()) << again.ToString();
    ASSERT_EQ(ReadVisible(*machine.results, "t").value(), New());
    ASSERT_EQ(machine.Paths(), kSealed);
  }
}

}  // namespace
}  // namespace iolite::results
