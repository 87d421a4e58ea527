#include "iolite/vector/qg_mutable_index.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <thread>

#include "iolite/storage/testing/simulated_disk.h"
#include "iolite/storage/testing/temporary_folder.h"
#include "iolite/vector/qg_builder.h"
#include "iolite/vector/qg_index.h"
#include "iolite/vector/testing/index_calls.h"
#include "iolite/vector/testing/random_vectors.h"

namespace iolite::vector {
namespace {

using storage::testing::SimulatedDisk;
using testing::EmbeddingRows;
using testing::Find;
using testing::TrueDistance;

constexpr size_t kDimension = 24;
constexpr char kPath[] = "/table.idx.qg";

IndexBuildOptions Options(Metric metric = Metric::kL2, size_t dimension = kDimension) {
  return {.metric = metric,
          .dimension = static_cast<int32_t>(dimension),
          .row_count_expected = 300,
          .connectivity = 32,
          .expansion_add = 64};
}

// What the index must hold: vectors by id.
using Model = std::map<uint32_t, std::vector<float>>;

std::vector<Neighbor> Truth(const Model& model, Metric metric, std::span<const float> query,
                            size_t k) {
  std::vector<Neighbor> all;
  for (const auto& [id, vector] : model) {
    all.push_back({id, static_cast<float>(TrueDistance(metric, query, vector))});
  }
  std::sort(all.begin(), all.end(), [](const Neighbor& a, const Neighbor& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.row < b.row);
  });
  all.resize(std::min(k, all.size()));
  return all;
}

// Exact answers are those of the model; walks find nearly all of them and nothing else.
void ExpectHolds(const VectorIndex& index, const Model& model, Metric metric, uint64_t seed,
                 double floor = 0.9) {
  ASSERT_EQ(index.row_count(), static_cast<int64_t>(model.size()));
  const auto queries = EmbeddingRows(seed, 10, kDimension, false);
  double recall = 0, wanted = 0;
  for (size_t q = 0; q < 10; ++q) {
    const auto query = std::span(queries).subspan(q * kDimension, kDimension);
    const auto truth = Truth(model, metric, query, 10);
    const auto exact = Find(index, {.query = query, .exact = true});
    ASSERT_EQ(exact.size(), truth.size());
    for (size_t i = 0; i < exact.size(); ++i) {
      ASSERT_TRUE(model.contains(exact[i].row)) << exact[i].row;
      EXPECT_NEAR(exact[i].distance, truth[i].distance, 1e-3 * (1 + std::abs(truth[i].distance)));
    }
    const auto walked = Find(index, {.query = query, .ef = 60});
    ASSERT_EQ(walked.size(), truth.size());
    for (const Neighbor& neighbor : walked) {
      ASSERT_TRUE(model.contains(neighbor.row)) << neighbor.row;
      recall += neighbor.distance <= exact.back().distance ? 1 : 0;
      wanted += 1;
    }
  }
  if (wanted > 0) {
    EXPECT_GE(recall / wanted, floor);
  }
  // Each row is reached from the entries.
  for (const auto& [id, vector] : model) {
    EXPECT_LE(Find(index, {.query = vector, .k = 1, .ef = 60}).at(0).distance, 1e-6) << id;
  }
}

std::vector<float> Row(std::mt19937_64& random) {
  return EmbeddingRows(random(), 1, kDimension, false);
}

void Change(QgMutableIndex& index, Model& model, std::mt19937_64& random, uint32_t id_bound) {
  const auto id = static_cast<uint32_t>(random() % id_bound);
  const bool there = model.contains(id);
  ASSERT_EQ(index.Contains(id), there);
  const auto row = Row(random);
  const uint32_t ids[] = {id};
  switch (random() % 4) {
    case 0: {
      const Status status = index.Delete(RequestContext{}, ids);
      ASSERT_EQ(status.code(), there ? StatusCode::kOk : StatusCode::kNotFound);
      model.erase(id);
      break;
    }
    case 1: {
      const Status status = index.Replace(RequestContext{}, ids, row);
      ASSERT_EQ(status.code(), there ? StatusCode::kOk : StatusCode::kNotFound);
      if (there) model[id] = row;
      break;
    }
    default: {
      const Status status = index.Insert(RequestContext{}, ids, row);
      ASSERT_EQ(status.code(), there ? StatusCode::kAlreadyExists : StatusCode::kOk);
      model.emplace(id, row);
    }
  }
}

TEST(QgMutableIndex, RandomChangesGiveWhatAModelHolds) {
  for (uint64_t seed : {1ull, 2ull, 3ull}) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    for (Metric metric : {Metric::kL2, Metric::kCosine}) {
      auto index = QgMutableIndex::Make(Options(metric)).value();
      Model model;
      for (int step = 0; step < 1500; ++step) {
        Change(*index, model, random, 400);
        if (::testing::Test::HasFatalFailure()) return;
        if (step % 250 == 0) ExpectHolds(*index, model, metric, seed);
      }
      ExpectHolds(*index, model, metric, seed);
      // Down to nothing and up again.
      while (!model.empty()) {
        const uint32_t ids[] = {model.begin()->first};
        ASSERT_TRUE(index->Delete(RequestContext{}, ids).ok());
        model.erase(model.begin());
        if (model.size() % 50 == 3) ExpectHolds(*index, model, metric, seed);
      }
      EXPECT_TRUE(Find(*index, {.query = Row(random)}).empty());
      for (int step = 0; step < 200; ++step) Change(*index, model, random, 400);
      ExpectHolds(*index, model, metric, seed);
    }
  }
}

TEST(QgMutableIndex, ARowIsFoundOnceInsertReturnsAndNotOnceDeleteDid) {
  auto index = QgMutableIndex::Make(Options()).value();
  const auto rows = EmbeddingRows(4, 1200, kDimension, false);
  for (uint32_t id = 0; id < 1200; ++id) {
    const auto row = std::span(rows).subspan(id * kDimension, kDimension);
    const uint32_t ids[] = {id};
    ASSERT_TRUE(index->Insert(RequestContext{}, ids, row).ok());
    for (size_t ef : {0ul, 20ul}) {
      const auto found = Find(*index, {.query = row, .k = 1, .ef = ef});
      ASSERT_EQ(found.size(), 1u);
      ASSERT_EQ(found[0].row, id) << "ef " << ef;
    }
    if (id % 3 != 0) continue;
    ASSERT_TRUE(index->Delete(RequestContext{}, ids).ok());
    for (size_t ef : {0ul, 20ul}) {
      for (const Neighbor& neighbor : Find(*index, {.query = row, .ef = ef})) {
        ASSERT_NE(neighbor.row, id);
      }
    }
  }
}

double RecallOf(const VectorIndex& index, std::span<const float> rows,
                std::span<const float> queries, size_t dimension) {
  double recall = 0;
  const size_t count = queries.size() / dimension;
  for (size_t q = 0; q < count; ++q) {
    const auto query = queries.subspan(q * dimension, dimension);
    const auto truth = testing::TrueNeighbors(Metric::kCosine, rows, dimension, query, 10);
    recall += testing::Recall(truth, Find(index, {.query = query, .ef = 40})) /
              static_cast<double>(count);
  }
  return recall;
}

TEST(QgMutableIndex, RecallStaysWhenEveryRowWasReplaced) {
  constexpr size_t kRows = 4000, kWide = 64;
  const auto rows = EmbeddingRows(5, kRows, kWide);
  const auto queries = EmbeddingRows(6, 100, kWide);
  std::vector<uint32_t> ids(kRows);
  std::iota(ids.begin(), ids.end(), 0u);
  auto fresh = QgMutableIndex::Make(Options(Metric::kCosine, kWide)).value();
  ASSERT_TRUE(fresh->Insert(RequestContext{}, ids, rows).ok());
  const double before = RecallOf(*fresh, rows, queries, kWide);
  // In random order, and by the first coordinate, which is a clustered one.
  for (bool clustered : {false, true}) {
    auto index = QgMutableIndex::Make(Options(Metric::kCosine, kWide)).value();
    const auto old = EmbeddingRows(7, kRows, kWide);
    ASSERT_TRUE(index->Insert(RequestContext{}, ids, old).ok());
    auto order = ids;
    if (clustered) {
      std::sort(order.begin(), order.end(),
                [&](uint32_t a, uint32_t b) { return rows[a * kWide] < rows[b * kWide]; });
    } else {
      std::shuffle(order.begin(), order.end(), std::mt19937_64(8));
    }
    for (uint32_t id : order) {
      const uint32_t one[] = {id};
      ASSERT_TRUE(
          index->Replace(RequestContext{}, one, std::span(rows).subspan(id * kWide, kWide)).ok());
    }
    EXPECT_GE(RecallOf(*index, rows, queries, kWide), before - 0.02) << clustered;
    // Space is used again: without that there would be twice the rows.
    EXPECT_LT(index->memory_bytes(), fresh->memory_bytes() * 5 / 4);
  }
}

TEST(QgMutableIndex, FiltersGoByIds) {
  auto index = QgMutableIndex::Make(Options()).value();
  const auto rows = EmbeddingRows(9, 900, kDimension, false);
  std::vector<uint32_t> ids(900);
  for (uint32_t i = 0; i < 900; ++i) ids[i] = 10'000 + 7 * i;
  ASSERT_TRUE(index->Insert(RequestContext{}, ids, rows).ok());
  std::vector<uint32_t> some;
  for (uint32_t i = 0; i < 900; i += 3) some.push_back(ids[i]);
  some.push_back(3);
  some.push_back(4'000'000);
  const auto allowed = columnar::RowSet::Of(some);
  for (size_t k : {10ul, 299ul, 400ul}) {
    const auto found =
        Find(*index, {.query = std::span(rows).first(kDimension), .k = k, .allowed = &allowed});
    EXPECT_EQ(found.size(), std::min<size_t>(k, 300));
    for (const Neighbor& neighbor : found) EXPECT_TRUE(allowed.Contains(neighbor.row));
    EXPECT_EQ(found[0].row, 10'000u);
  }
}

TEST(QgMutableIndex, ManySearchWhileSeveralChange) {
  auto index = QgMutableIndex::Make(Options()).value();
  const auto rows = EmbeddingRows(10, 1500, kDimension, false);
  std::vector<uint32_t> first(500);
  std::iota(first.begin(), first.end(), 0u);
  ASSERT_TRUE(index->Insert(RequestContext{}, first, std::span(rows).first(500 * kDimension)).ok());
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      // Rows 0 to 99 are never changed: each finds itself at any time.
      for (uint32_t i = 0; !done; ++i) {
        const uint32_t id = (i * 7 + static_cast<uint32_t>(t)) % 100;
        const auto query = std::span(rows).subspan(id * kDimension, kDimension);
        const auto found = Find(*index, {.query = query, .k = 5, .ef = 40});
        const bool self = !found.empty() && found[0].row == id;
        std::vector<uint32_t> names;
        for (const Neighbor& neighbor : found) names.push_back(neighbor.row);
        std::sort(names.begin(), names.end());
        const bool twice = std::adjacent_find(names.begin(), names.end()) != names.end();
        wrong += self && !twice ? 0 : 1;
      }
    });
  }
  std::vector<std::thread> writers;
  for (uint32_t w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      for (uint32_t i = 0; i < 400; ++i) {
        const uint32_t fresh[] = {500 + w * 500 + i};
        const uint32_t old[] = {100 + w * 200 + i % 200};
        const auto row = std::span(rows).subspan(fresh[0] * kDimension, kDimension);
        EXPECT_TRUE(index->Insert(RequestContext{}, fresh, row).ok());
        EXPECT_TRUE(index->Replace(RequestContext{}, old, row).ok());
        if (i % 2 == 0) {
          EXPECT_TRUE(index->Delete(RequestContext{}, fresh).ok());
        }
      }
    });
  }
  for (auto& thread : writers) thread.join();
  done = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(index->row_count(), 500 + 400);
}

TEST(QgMutableIndex, CheckpointsAreReadByBoth) {
  SimulatedDisk disk;
  std::mt19937_64 random(11);
  Model model;
  auto index = QgMutableIndex::Make(Options()).value();
  for (int round = 0; round < 6; ++round) {
    for (int step = 0; step < 150; ++step) Change(*index, model, random, 500);
    ASSERT_TRUE(index->Checkpoint(RequestContext{}, disk, kPath).ok());
    auto mapped = disk.Map(kPath).value();
    IndexOpenOptions options;
    options.keep_alive = mapped;
    auto opened = QgIndex::OpenBytes(mapped->bytes(), options).value();
    ASSERT_TRUE(opened->Verify(RequestContext{}).ok());
    ExpectHolds(*opened, model, Metric::kL2, 12);
    if (round % 2 == 1) index = QgMutableIndex::Open(disk, kPath, Options()).value();
    ExpectHolds(*index, model, Metric::kL2, 13);
  }
}

TEST(QgMutableIndex, AFileOfTheBuilderTakesChanges) {
  SimulatedDisk disk;
  const auto rows = EmbeddingRows(14, 600, kDimension, false);
  auto builder = MakeQgBuilder(Options()).value();
  ASSERT_TRUE(builder->Add(RequestContext{}, rows, 600).ok());
  auto file = disk.Open(kPath, storage::OpenMode::kCreate).value();
  ASSERT_TRUE(
      builder->Finish(RequestContext{}, [&](std::string_view bytes) { return file->Append(bytes); })
          .ok());
  auto index = QgMutableIndex::Open(disk, kPath, Options()).value();
  Model model;
  for (uint32_t i = 0; i < 600; ++i) {
    model[i] = {rows.begin() + i * kDimension, rows.begin() + (i + 1) * kDimension};
  }
  ExpectHolds(*index, model, Metric::kL2, 15);
  std::mt19937_64 random(16);
  for (int step = 0; step < 500; ++step) Change(*index, model, random, 700);
  ExpectHolds(*index, model, Metric::kL2, 17);
}

TEST(QgMutableIndex, ACheckpointWritesLittleWhenLittleChanged) {
  SimulatedDisk disk;
  const auto rows = EmbeddingRows(18, 1000, kDimension, false);
  std::vector<uint32_t> ids(1000);
  std::iota(ids.begin(), ids.end(), 0u);
  auto index = QgMutableIndex::Make(Options()).value();
  ASSERT_TRUE(index->Insert(RequestContext{}, ids, rows).ok());
  ASSERT_TRUE(index->Checkpoint(RequestContext{}, disk, kPath).ok());
  const int64_t whole = disk.Stat(kPath)->size_bytes;
  const uint32_t one[] = {5000};
  ASSERT_TRUE(index->Insert(RequestContext{}, one, std::span(rows).first(kDimension)).ok());
  // The journal is the only thing that grows; the file does so by an extent at most.
  disk.SetFreeBytes(whole / 2);
  EXPECT_TRUE(index->Checkpoint(RequestContext{}, disk, kPath).ok());
  const int64_t operations = disk.operation_count();
  EXPECT_TRUE(index->Checkpoint(RequestContext{}, disk, kPath).ok());
  EXPECT_LT(disk.operation_count() - operations, 12) << "nothing had changed";
}

// A crash at every operation of a checkpoint: what opens is the state before or after it, whole.
TEST(QgMutableIndex, ACrashAnywhereLeavesOneCheckpointOrTheNext) {
  for (int64_t stop = 1;; ++stop) {
    bool finished = false;
    for (uint64_t seed = 0; seed < 3; ++seed) {
      SCOPED_TRACE(::testing::Message() << "operation " << stop << " seed " << seed);
      SimulatedDisk disk;
      std::mt19937_64 random(seed);
      auto crash = Random::Seeded(seed);
      Model before;
      auto index = QgMutableIndex::Make(Options()).value();
      for (int step = 0; step < 60; ++step) Change(*index, before, random, 60);
      ASSERT_TRUE(index->Checkpoint(RequestContext{}, disk, kPath).ok());
      Model after = before;
      for (int step = 0; step < 40; ++step) Change(*index, after, random, 400);
      disk.StopAtOperation(stop);
      const Status written = index->Checkpoint(RequestContext{}, disk, kPath);
      disk.Crash(*crash);
      auto opened = QgMutableIndex::Open(disk, kPath, Options());
      ASSERT_TRUE(opened.ok()) << opened.status().ToString();
      const bool is_after = (*opened)->row_count() == static_cast<int64_t>(after.size()) &&
                            std::all_of(after.begin(), after.end(), [&](const auto& entry) {
                              return (*opened)->Contains(entry.first);
                            });
      if (written.ok()) {
        EXPECT_TRUE(is_after);
      }
      ExpectHolds(**opened, is_after ? after : before, Metric::kL2, seed, 0.8);
      if (::testing::Test::HasFailure()) return;
      finished = written.ok();
    }
    if (finished) break;
  }
}

TEST(QgMutableIndex, AFailedCheckpointCanBeDoneAgain) {
  SimulatedDisk disk;
  std::mt19937_64 random(20);
  Model model;
  auto index = QgMutableIndex::Make(Options()).value();
  for (int step = 0; step < 80; ++step) Change(*index, model, random, 80);
  ASSERT_TRUE(index->Checkpoint(RequestContext{}, disk, kPath).ok());
  for (int64_t operation = 1; operation < 30; ++operation) {
    for (int step = 0; step < 5; ++step) Change(*index, model, random, 80);
    disk.FailOperation(operation, ENOSPC);
    const Status failed = index->Checkpoint(RequestContext{}, disk, kPath);
    disk.FailOperation(0, 0);
    ASSERT_TRUE(index->Checkpoint(RequestContext{}, disk, kPath).ok()) << operation;
    auto opened = QgMutableIndex::Open(disk, kPath, Options());
    ASSERT_TRUE(opened.ok()) << operation << " " << opened.status().ToString();
    ExpectHolds(**opened, model, Metric::kL2, 21);
  }
}

// A failed checkpoint that is finished later has made the file longer: what it added must go
// through the journal from then on.
TEST(QgMutableIndex, ACrashAfterAFailedCheckpointLosesNothing) {
  bool failing = true;
  for (int64_t failed = 1; failing; ++failed) {
    for (int64_t stop = 1;; ++stop) {
      SCOPED_TRACE(::testing::Message() << "failed at " << failed << ", stopped at " << stop);
      SimulatedDisk disk;
      std::mt19937_64 random(static_cast<uint64_t>(100 * failed));
      auto crash = Random::Seeded(static_cast<uint64_t>(stop));
      Model model;
      auto small = Options();
      small.row_count_expected = 4;  // extents of as many
      auto index = QgMutableIndex::Make(small).value();
      for (int step = 0; step < 12; ++step) Change(*index, model, random, 12);
      ASSERT_TRUE(index->Checkpoint(RequestContext{}, disk, kPath).ok());
      const auto many = EmbeddingRows(22, 6, kDimension, false);
      std::vector<uint32_t> ids(6);
      std::iota(ids.begin(), ids.end(), 1000u);
      ASSERT_TRUE(index->Insert(RequestContext{}, ids, many).ok());
      disk.FailOperation(failed, ENOSPC);
      failing = !index->Checkpoint(RequestContext{}, disk, kPath).ok();
      disk.FailOperation(0, 0);
      ASSERT_TRUE(index->Delete(RequestContext{}, std::span(ids).first(1)).ok());
      disk.StopAtOperation(stop);
      const bool written = index->Checkpoint(RequestContext{}, disk, kPath).ok();
      disk.Crash(*crash);
      auto opened = QgMutableIndex::Open(disk, kPath, Options());
      ASSERT_TRUE(opened.ok()) << opened.status().ToString();
      ASSERT_TRUE((*opened)->Verify(RequestContext{}).ok());
      const auto rows = static_cast<size_t>((*opened)->row_count());
      EXPECT_TRUE(rows == model.size() + 5 ||
                  (!written && (rows == model.size() || rows == model.size() + 6)))
          << rows << " rows";
      if (::testing::Test::HasFailure()) return;
      if (written) break;
    }
  }
}

TEST(QgMutableIndex, ABuildersFileTakesCheckpointsAndVerifies) {
  SimulatedDisk disk;
  const auto rows = EmbeddingRows(23, 700, kDimension, false);
  auto builder = MakeQgBuilder(Options()).value();
  ASSERT_TRUE(builder->Add(RequestContext{}, std::span(rows).first(600 * kDimension), 600).ok());
  auto file = disk.Open(kPath, storage::OpenMode::kCreate).value();
  ASSERT_TRUE(
      builder->Finish(RequestContext{}, [&](std::string_view bytes) { return file->Append(bytes); })
          .ok());
  auto index = QgMutableIndex::Open(disk, kPath, Options()).value();
  for (uint32_t id = 600; id < 700; ++id) {
    ASSERT_TRUE(index
                    ->Insert(RequestContext{}, std::span(&id, 1),
                             std::span(rows).subspan(id * kDimension, kDimension))
                    .ok());
    if (id % 25 != 0) continue;
    ASSERT_TRUE(index->Checkpoint(RequestContext{}, disk, kPath).ok());
    index = QgMutableIndex::Open(disk, kPath, Options()).value();
    ASSERT_TRUE(index->Verify(RequestContext{}).ok());
  }
  EXPECT_EQ(index->row_count(), 700);
}

// Goes on by a nanosecond whenever it is asked.
class CountingClock final : public Clock {
 public:
  int64_t monotonic_ns() const override { return ++calls_; }
  int64_t unix_us() const override { return 0; }
  void SleepFor(std::chrono::nanoseconds) override {}

 private:
  mutable std::atomic<int64_t> calls_ = 0;
};

// Stands still in its second call until it is let go.
class StallingClock final : public Clock {
 public:
  int64_t monotonic_ns() const override {
    if (++calls_ == 2) {
      stalled_.store(true);
      stalled_.notify_all();
      free_.wait(false);
    }
    return 0;
  }
  int64_t unix_us() const override { return 0; }
  void SleepFor(std::chrono::nanoseconds) override {}
  void WaitUntilStalled() { stalled_.wait(false); }
  void LetGo() {
    free_.store(true);
    free_.notify_all();
  }

 private:
  mutable std::atomic<int> calls_ = 0;
  mutable std::atomic<bool> stalled_ = false, free_ = false;
};

// A search that began before the rows changed may still read them from the mapped file.
TEST(QgMutableIndex, ACheckpointWaitsForSearchesThatReadWhatItReplaces) {
  SimulatedDisk disk;
  const auto rows = EmbeddingRows(24, 101, kDimension, false);
  std::vector<uint32_t> ids(100);
  std::iota(ids.begin(), ids.end(), 0u);
  auto index = QgMutableIndex::Make(Options()).value();
  ASSERT_TRUE(index->Insert(RequestContext{}, ids, std::span(rows).first(100 * kDimension)).ok());
  ASSERT_TRUE(index->Checkpoint(RequestContext{}, disk, kPath).ok());
  index = QgMutableIndex::Open(disk, kPath, Options()).value();
  const std::string before(disk.Map(kPath).value()->bytes());
  const auto other = std::span(rows).subspan(100 * kDimension, kDimension);

  StallingClock stalling;
  RequestContext reading;
  reading.clock = &stalling;
  reading.deadline_ns = 1;
  std::vector<Neighbor> out(1);
  Result<size_t> found = size_t{0};
  std::thread reader(
      [&] { found = index->Search(reading, {.query = other, .k = 1, .exact = true}, out); });
  stalling.WaitUntilStalled();
  ASSERT_TRUE(index->Replace(RequestContext{}, std::span(ids).first(1), other).ok());
  CountingClock counting;
  RequestContext writing;
  writing.clock = &counting;
  writing.deadline_ns = 1000;
  EXPECT_EQ(index->Checkpoint(writing, disk, kPath).code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(before == disk.Map(kPath).value()->bytes());
  stalling.LetGo();
  reader.join();
  EXPECT_TRUE(found.ok()) << found.status().ToString();

  EXPECT_TRUE(index->Checkpoint(RequestContext{}, disk, kPath).ok());
  EXPECT_FALSE(before == disk.Map(kPath).value()->bytes());
  EXPECT_EQ(index->Verify(RequestContext{}).ToString(), "OK");
  auto opened = QgMutableIndex::Open(disk, kPath, Options()).value();
  EXPECT_EQ(Find(*opened, {.query = other, .k = 1, .exact = true}).at(0).row, 0u);
}

TEST(QgMutableIndex, VerifyFindsAFileThatWasDamagedSinceItWasOpened) {
  const storage::testing::TemporaryFolder folder;
  const std::string path = folder / "table.idx.qg";
  storage::Disk& disk = storage::Disk::System();
  const auto rows = EmbeddingRows(25, 50, kDimension, false);
  std::vector<uint32_t> ids(50);
  std::iota(ids.begin(), ids.end(), 0u);
  auto index = QgMutableIndex::Make(Options()).value();
  ASSERT_TRUE(index->Insert(RequestContext{}, ids, rows).ok());
  ASSERT_TRUE(index->Checkpoint(RequestContext{}, disk, path).ok());
  index = QgMutableIndex::Open(disk, path, Options()).value();
  EXPECT_TRUE(index->Verify(RequestContext{}).ok());
  auto file = disk.Open(path, storage::OpenMode::kReadWrite).value();
  const int64_t middle = disk.Stat(path)->size_bytes / 2;
  ASSERT_TRUE(file->WriteAt(middle, "damage").ok());
  EXPECT_EQ(index->Verify(RequestContext{}).code(), StatusCode::kDataLoss);
}

TEST(QgMutableIndex, WrongInputChangesNothing) {
  auto index = QgMutableIndex::Make(Options(Metric::kL2)).value();
  const auto rows = EmbeddingRows(22, 3, kDimension, false);
  const uint32_t three[] = {7, 8, 9}, twice[] = {1, 2, 1}, overlap[] = {1, 8, 2};
  ASSERT_TRUE(index->Insert(RequestContext{}, three, rows).ok());
  EXPECT_EQ(index->Insert(RequestContext{}, twice, rows).message(), "Row 1 comes twice");
  EXPECT_EQ(index->Insert(RequestContext{}, overlap, rows).message(), "Row 8 is in the index");
  auto faulty = rows;
  faulty[2 * kDimension + 1] = std::numeric_limits<float>::infinity();
  const uint32_t fresh[] = {10, 11, 12};
  EXPECT_EQ(index->Insert(RequestContext{}, fresh, faulty).message(),
            "Row 2 holds infinity at position 1");
  EXPECT_EQ(index->Insert(RequestContext{}, fresh, std::span(rows).first(5)).code(),
            StatusCode::kInvalidArgument);
  const uint32_t largest[] = {UINT32_MAX};
  EXPECT_EQ(index->Insert(RequestContext{}, largest, std::span(rows).first(kDimension)).code(),
            StatusCode::kInvalidArgument);
  const uint32_t missing[] = {7, 99};
  EXPECT_EQ(index->Delete(RequestContext{}, missing).message(), "Row 99 is not in the index");
  EXPECT_EQ(index->row_count(), 3);
  EXPECT_TRUE(index->Contains(7));
}

TEST(QgMutableIndex, ABudgetWithoutRoomLeavesTheIndexAsItWas) {
  Budget budget("index", 6 << 20);
  auto options = Options();
  options.budget = &budget;
  auto index = QgMutableIndex::Make(options).value();
  const auto rows = EmbeddingRows(23, 4000, kDimension, false);
  uint32_t inserted = 0;
  Status status;
  for (; inserted < 4000 && status.ok(); inserted += 100) {
    std::vector<uint32_t> ids(100);
    std::iota(ids.begin(), ids.end(), inserted);
    status = index->Insert(RequestContext{}, ids,
                           std::span(rows).subspan(inserted * kDimension, 100 * kDimension));
    if (!status.ok()) break;
  }
  ASSERT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(index->row_count(), inserted);
  EXPECT_FALSE(index->Contains(inserted));
  const auto found = Find(*index, {.query = std::span(rows).first(kDimension), .k = 1});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].row, 0u);
}

}  // namespace
}  // namespace iolite::vector
