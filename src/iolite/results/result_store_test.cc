#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <thread>

#include "iolite/results/result_table.h"
#include "iolite/results/testing/table_fixture.h"
#include "iolite/storage/memory_store.h"

namespace iolite::results {
namespace {

using segments::testing::MakeSampleRows;
using segments::testing::SampleRows;
using testing::CommitRows;
using testing::ReadVisible;
using testing::SampleMaterialization;
using testing::VisibleRows;

constexpr uint64_t kSeed = 4711;

class ResultStoreTest : public ::testing::Test {
 protected:
  ResultStoreTest() { RecordProperty("seed", std::to_string(kSeed)); }

  std::unique_ptr<ResultStore> Open() {
    auto results = ResultStore::Open(options_);
    EXPECT_TRUE(results.ok()) << results.status().ToString();
    return std::move(*results);
  }

  std::vector<std::string> Paths(const std::string& prefix = "") {
    std::vector<std::string> paths;
    auto objects = store_->List(prefix);
    if (objects.ok()) {
      for (const auto& object : *objects) paths.push_back(object.path);
    }
    return paths;
  }

  void Change(const std::string& path, const std::function<void(std::string&)>& change) {
    auto object = store_->Get(path);
    ASSERT_TRUE(object.ok()) << path;
    change(object->bytes);
    ASSERT_TRUE(store_->PutIfMatch(path, object->bytes, object->etag).ok());
  }

  static VisibleRows Expected(const SampleRows& rows) {
    VisibleRows expected;
    for (size_t i = 0; i < rows.row_ids.size(); ++i) {
      expected.emplace(rows.row_ids[i], rows.content_hashes[i]);
    }
    return expected;
  }

  std::unique_ptr<storage::ObjectStore> store_ = storage::MakeMemoryStore();
  std::unique_ptr<Random> random_ = Random::Seeded(kSeed);
  iolite::testing::FakeClock clock_;
  ResultStoreOptions options_{.store = store_.get(),
                              .executor = &Executor::Inline(),
                              .clock = &clock_,
                              .random = random_.get()};
  RequestContext context_;
};

TEST_F(ResultStoreTest, ACommittedRunIsATable) {
  auto results = Open();
  auto rows = MakeSampleRows(*random_, 2500, 8);
  ASSERT_TRUE(CommitRows(*results, "t", rows).ok());
  EXPECT_EQ(ReadVisible(*results, "t").value(), Expected(rows));
  EXPECT_EQ(Paths(),
            (std::vector<std::string>{"results/t.idx.manifest.json", "results/t.idx.qg",
                                      "results/t.idx.rowmap", "results/t.manifest.json",
                                      "results/t.materialization.json", "results/t.parquet"}));
  auto snapshot = results->Get("t").value();
  EXPECT_EQ(snapshot->version, 1);
  EXPECT_EQ(snapshot->materialization.dimension, 8);
  EXPECT_EQ(snapshot->materialization.definition_hash, "definition");
  EXPECT_EQ(snapshot->materialization.text_columns,
            (std::vector<std::string>{"title", "abstract"}));
  EXPECT_EQ(snapshot->materialization.parameters_json, R"({"window":8192})");
  EXPECT_EQ(snapshot->materialization.inputs[0].modified_us, 34);
  ASSERT_EQ(snapshot->materialization.rows_files.size(), 1u);
  EXPECT_EQ(snapshot->materialization.rows_files[0].path, "results/t.parquet");
  EXPECT_EQ(results->List().value(), std::vector<std::string>{"t"});
}

TEST_F(ResultStoreTest, NothingIsSeenBeforeTheCommit) {
  auto results = Open();
  auto run = results->StartRun("t", "d").value();
  ASSERT_TRUE(run->AppendPart(context_, *MakeSampleRows(*random_, 10, 4).PartBatch()).ok());
  EXPECT_EQ(results->Get("t").status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(results->List()->empty());
}

TEST_F(ResultStoreTest, ALaterRunAddsReplacesAndHides) {
  auto results = Open();
  ASSERT_TRUE(CommitRows(*results, "t", MakeSampleRows(*random_, 100, 4)).ok());
  auto old = results->Get("t").value();
  auto changed = MakeSampleRows(*random_, 20, 4, /*first=*/90);  // 90..109: ten replaced, ten new
  for (auto& hash : changed.content_hashes) hash = "changed";
  ASSERT_TRUE(CommitRows(*results, "t", changed, {"row-3", "row-4", "nobody"}).ok());
  auto rows = ReadVisible(*results, "t");
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_EQ(rows->size(), 108u);
  EXPECT_FALSE(rows->contains("row-3"));
  EXPECT_EQ(rows->at("row-95"), "changed");
  EXPECT_EQ(rows->at("row-109"), "changed");
  auto snapshot = results->Get("t").value();
  EXPECT_EQ(snapshot->version, 2);
  ASSERT_EQ(snapshot->parts.size(), 2u);
  EXPECT_EQ(snapshot->parts[0].segment, old->parts[0].segment);  // stays open
  EXPECT_EQ(old->row_count, 100);
  EXPECT_EQ(old->parts[0].hidden, nullptr);
  EXPECT_EQ(snapshot->materialization.rows_files.size(), 2u);
  EXPECT_EQ(Paths("results/t.hidden-").size(), 1u);
}

TEST_F(ResultStoreTest, ARunThatOnlyHidesMakesNoSegment) {
  auto results = Open();
  auto rows = MakeSampleRows(*random_, 10, 4);
  ASSERT_TRUE(CommitRows(*results, "t", rows).ok());
  ASSERT_TRUE(CommitRows(*results, "t", {}, {"row-0"}).ok());
  EXPECT_EQ(results->Get("t").value()->row_count, 9);
  EXPECT_EQ(results->Get("t").value()->parts.size(), 1u);
  EXPECT_EQ(results->Get("t").value()->materialization.dimension, 4);
}

TEST_F(ResultStoreTest, ASegmentWithoutVisibleRowsGoes) {
  auto results = Open();
  auto rows = MakeSampleRows(*random_, 10, 4);
  ASSERT_TRUE(CommitRows(*results, "t", rows).ok());
  ASSERT_TRUE(CommitRows(*results, "t", rows).ok());
  EXPECT_EQ(ReadVisible(*results, "t").value(), Expected(rows));
  EXPECT_EQ(results->Get("t").value()->parts.size(), 1u);
  EXPECT_TRUE(Paths("results/t.parquet").empty());
  EXPECT_EQ(Paths("results/t__seg1.parquet").size(), 1u);
}

TEST_F(ResultStoreTest, SegmentsHaveALargestSize) {
  options_.segment_row_count_max = 300;
  auto results = Open();
  auto rows = MakeSampleRows(*random_, 1000, 4);
  ASSERT_TRUE(CommitRows(*results, "t", rows, {}, 170).ok());
  auto snapshot = results->Get("t").value();
  ASSERT_EQ(snapshot->parts.size(), 4u);
  EXPECT_EQ(snapshot->parts[0].segment->row_count(), 300);
  EXPECT_EQ(snapshot->parts[3].segment->row_count(), 100);
  EXPECT_EQ(snapshot->parts[3].segment->stem(), "results/t__seg3");
  EXPECT_EQ(ReadVisible(*results, "t").value(), Expected(rows));
}

TEST_F(ResultStoreTest, ARunIsContinuedAfterAKill) {
  auto rows = MakeSampleRows(*random_, 300, 4);
  {
    auto results = Open();
    auto run = results->StartRun("t", "d").value();
    ASSERT_TRUE(run->AppendPart(context_, *rows.PartBatch()->Slice(0, 100)).ok());
    ASSERT_TRUE(run->AppendPart(context_, *rows.PartBatch()->Slice(100, 100)).ok());
  }
  auto results = Open();
  EXPECT_EQ(results->FindRun("d").value(), "t");
  EXPECT_EQ(results->FindRun("other").value(), std::nullopt);
  auto run = results->StartRun("t", "d").value();
  VisibleRows recovered;
  ASSERT_TRUE(run->ForEachRecovered([&](std::string_view id, std::string_view hash) {
                   recovered.emplace(id, hash);
                 })
                  .ok());
  EXPECT_EQ(recovered.size(), 200u);
  EXPECT_EQ(recovered.at("row-150"), rows.content_hashes[150]);
  ASSERT_TRUE(run->AppendPart(context_, *rows.PartBatch()->Slice(200, 100)).ok());
  ASSERT_TRUE(run->Commit(context_, SampleMaterialization(), nullptr).ok());
  EXPECT_EQ(ReadVisible(*results, "t").value(), Expected(rows));
  EXPECT_EQ(results->FindRun("d").value(), std::nullopt);
}

TEST_F(ResultStoreTest, WhatComesAgainReplacesWhatWasRecovered) {
  auto rows = MakeSampleRows(*random_, 100, 4);
  auto again = MakeSampleRows(*random_, 10, 4, 50);
  for (auto& hash : again.content_hashes) hash = "again";
  auto results = Open();
  {
    auto run = results->StartRun("t", "d").value();
    ASSERT_TRUE(run->AppendPart(context_, *rows.PartBatch()).ok());
  }
  {
    auto run = results->StartRun("t", "d").value();
    ASSERT_TRUE(run->AppendPart(context_, *again.PartBatch()).ok());
  }
  auto run = results->StartRun("t", "d").value();
  std::vector<std::string> gone = {"row-0", "row-55"};
  ASSERT_TRUE(run->Hide(gone).ok());
  int64_t recovered = 0;
  ASSERT_TRUE(run->ForEachRecovered([&](auto, auto) { ++recovered; }).ok());
  EXPECT_EQ(recovered, 98);
  ASSERT_TRUE(run->Commit(context_, SampleMaterialization(), nullptr).ok());
  auto visible = ReadVisible(*results, "t").value();
  EXPECT_EQ(visible.size(), 98u);
  EXPECT_EQ(visible.at("row-59"), "again");
  EXPECT_FALSE(visible.contains("row-55"));
}

TEST_F(ResultStoreTest, ATornPartIsMadeAgain) {
  auto results = Open();
  auto rows = MakeSampleRows(*random_, 200, 4);
  {
    auto run = results->StartRun("t", "d").value();
    ASSERT_TRUE(run->AppendPart(context_, *rows.PartBatch()->Slice(0, 100)).ok());
    ASSERT_TRUE(run->AppendPart(context_, *rows.PartBatch()->Slice(100)).ok());
  }
  Change("results/t.part-0.arrow", [](std::string& bytes) { bytes.resize(bytes.size() - 40); });
  auto run = results->StartRun("t", "d").value();
  int64_t recovered = 0;
  ASSERT_TRUE(run->ForEachRecovered([&](auto, auto) { ++recovered; }).ok());
  EXPECT_EQ(recovered, 100);
  ASSERT_TRUE(run->AppendPart(context_, *rows.PartBatch()->Slice(0, 100)).ok());
  ASSERT_TRUE(run->Commit(context_, SampleMaterialization(), nullptr).ok());
  EXPECT_EQ(ReadVisible(*results, "t").value(), Expected(rows));
}

TEST_F(ResultStoreTest, AnotherDefinitionStartsAnew) {
  auto results = Open();
  {
    auto run = results->StartRun("t", "one").value();
    ASSERT_TRUE(run->AppendPart(context_, *MakeSampleRows(*random_, 10, 4).PartBatch()).ok());
  }
  auto run = results->StartRun("t", "two").value();
  int64_t recovered = 0;
  ASSERT_TRUE(run->ForEachRecovered([&](auto, auto) { ++recovered; }).ok());
  EXPECT_EQ(recovered, 0);
  EXPECT_EQ(run->Commit(context_, SampleMaterialization(), nullptr).status().code(),
            StatusCode::kFailedPrecondition);
  ASSERT_TRUE(run->Discard().ok());
  EXPECT_TRUE(Paths().empty());
}

TEST_F(ResultStoreTest, OneRunATableAtATime) {
  auto results = Open();
  auto run = results->StartRun("t", "d").value();
  EXPECT_EQ(results->StartRun("t", "d").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(results->Drop("t").code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(results->StartRun("u", "d").ok());
  run.reset();
  EXPECT_TRUE(results->StartRun("t", "d").ok());
}

TEST_F(ResultStoreTest, PartsThatDoNotFitAreRefused) {
  auto results = Open();
  auto run = results->StartRun("t", "d").value();
  ASSERT_TRUE(run->AppendPart(context_, *MakeSampleRows(*random_, 10, 4).PartBatch()).ok());
  auto wider = run->AppendPart(context_, *MakeSampleRows(*random_, 10, 5).PartBatch());
  EXPECT_EQ(wider.code(), StatusCode::kInvalidArgument);
  auto columns = MakeSampleRows(*random_, 1, 4).PartBatch()->RemoveColumn(1).ValueOrDie();
  EXPECT_EQ(run->AppendPart(context_, *columns).code(), StatusCode::kInvalidArgument);
  ASSERT_TRUE(run->Commit(context_, SampleMaterialization(), nullptr).ok());
  EXPECT_EQ(results->Get("t").value()->row_count, 10);
}

TEST_F(ResultStoreTest, ACommitThatIsCancelledKeepsTheParts) {
  auto results = Open();
  auto rows = MakeSampleRows(*random_, 20'000, 4);
  auto run = results->StartRun("t", "d").value();
  ASSERT_TRUE(run->AppendPart(context_, *rows.PartBatch()).ok());
  RequestContext cancelled;
  auto cancel = [&](const Progress&) { cancelled.cancel.Cancel(); };
  EXPECT_EQ(run->Commit(cancelled, SampleMaterialization(), cancel).status().code(),
            StatusCode::kCancelled);
  EXPECT_EQ(results->Get("t").status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(run->Commit(context_, SampleMaterialization(), nullptr).ok());
  EXPECT_EQ(ReadVisible(*results, "t").value(), Expected(rows));
}

TEST_F(ResultStoreTest, AnotherProcessSeesACommitAndHoldsItsSnapshot) {
  auto writer = Open();
  options_.read_only = true;
  auto reader = Open();
  ASSERT_TRUE(CommitRows(*writer, "t", MakeSampleRows(*random_, 10, 4)).ok());
  auto first = reader->Get("t").value();
  EXPECT_EQ(reader->Get("t").value(), first);  // shared while nothing changes
  ASSERT_TRUE(CommitRows(*writer, "t", MakeSampleRows(*random_, 10, 4, 10)).ok());
  EXPECT_EQ(reader->Get("t").value()->row_count, 20);
  EXPECT_EQ(first->row_count, 10);
  ASSERT_TRUE(writer->Drop("t").ok());
  EXPECT_EQ(reader->Get("t").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(first->parts[0].segment->manifest().row_count, 10);
}

TEST_F(ResultStoreTest, ReadersChangeNothing) {
  options_.read_only = true;
  auto reader = Open();
  EXPECT_EQ(reader->StartRun("t", "d").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(reader->Drop("t").code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(reader->Repair(context_, "t").code(), StatusCode::kFailedPrecondition);
}

TEST_F(ResultStoreTest, DroppingRemovesEverything) {
  auto results = Open();
  ASSERT_TRUE(CommitRows(*results, "t", MakeSampleRows(*random_, 10, 4)).ok());
  ASSERT_TRUE(CommitRows(*results, "t2", MakeSampleRows(*random_, 10, 4)).ok());
  ASSERT_TRUE(CommitRows(*results, "t", MakeSampleRows(*random_, 10, 4, 5), {"row-1"}).ok());
  {
    auto run = results->StartRun("t", "d").value();
    ASSERT_TRUE(run->AppendPart(context_, *MakeSampleRows(*random_, 1, 4).PartBatch()).ok());
  }
  ASSERT_TRUE(results->Drop("t").ok());
  EXPECT_EQ(results->Drop("t").code(), StatusCode::kNotFound);
  EXPECT_EQ(results->List().value(), std::vector<std::string>{"t2"});
  EXPECT_EQ(Paths("results/t."), std::vector<std::string>{});
  EXPECT_EQ(Paths("results/t__"), std::vector<std::string>{});
  EXPECT_EQ(Paths().size(), 6u);
}

TEST_F(ResultStoreTest, ANewerFormatIsRefusedByName) {
  auto results = Open();
  ASSERT_TRUE(CommitRows(*results, "t", MakeSampleRows(*random_, 10, 4)).ok());
  Change("results/t.manifest.json", [](std::string& bytes) {
    bytes.replace(bytes.find("\"format\": 1"), 11, "\"format\": 9");
  });
  Status status = results->Get("t").status();
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_NE(status.message().find("results/t.manifest.json has format 9"), std::string::npos);
}

TEST_F(ResultStoreTest, VerifyNamesWhatIsWrongAndRepairMakesItAnew) {
  auto results = Open();
  auto rows = MakeSampleRows(*random_, 500, 4);
  ASSERT_TRUE(CommitRows(*results, "t", rows).ok());
  EXPECT_TRUE(results->Verify(context_, "t")->empty());
  for (const char* lost : {"results/t.idx.qg", "results/t.idx.rowmap",
                           "results/t.idx.manifest.json", "results/t.materialization.json"}) {
    ASSERT_TRUE(store_->Delete(lost).ok());
    auto findings = results->Verify(context_, "t").value();
    ASSERT_EQ(findings.size(), 1u) << lost;
    EXPECT_EQ(findings[0].file, lost);
    EXPECT_FALSE(findings[0].fatal);
    ASSERT_TRUE(results->Repair(context_, "t").ok()) << lost;
    EXPECT_TRUE(results->Verify(context_, "t")->empty()) << lost;
    EXPECT_EQ(ReadVisible(*results, "t").value(), Expected(rows)) << lost;
  }
  EXPECT_EQ(results->Verify(context_, "nobody").status().code(), StatusCode::kNotFound);
}

TEST_F(ResultStoreTest, TablesOfAnotherKindAreSearchedAndGrow) {
  options_.index.index_kind = "usearch";
  auto rows = MakeSampleRows(*random_, 500, 4);
  ASSERT_TRUE(CommitRows(*Open(), "t", rows).ok());
  options_.index.index_kind = "qg";
  auto results = Open();
  EXPECT_EQ(ReadVisible(*results, "t").value(), Expected(rows));
  auto more = MakeSampleRows(*random_, 300, 4);
  for (auto& id : more.row_ids) id += " of later";
  ASSERT_TRUE(CommitRows(*results, "t", more).ok());
  auto snapshot = results->Get("t").value();
  ASSERT_EQ(snapshot->parts.size(), 2u);
  EXPECT_EQ(snapshot->parts[0].segment->manifest().index_kind, "usearch");
  EXPECT_EQ(snapshot->parts[1].segment->manifest().index_kind, "qg");
  EXPECT_EQ(ReadVisible(*results, "t")->size(), 800u);
  // A repair makes the kind that is set, and leaves alone what is sound.
  ASSERT_TRUE(store_->Delete("results/t.idx.usearch").ok());
  ASSERT_TRUE(results->Repair(context_, "t").ok());
  EXPECT_TRUE(results->Verify(context_, "t")->empty());
  EXPECT_EQ(results->Get("t").value()->parts[0].segment->manifest().index_kind, "qg");
  ASSERT_TRUE(results->Drop("t").ok());
  EXPECT_EQ(Paths(), std::vector<std::string>{});
}

TEST_F(ResultStoreTest, AnIndexThatCannotBeMadeIsSaidBeforehand) {
  options_.index.element_type = vector::ElementType::kI8;
  auto results = Open();
  EXPECT_EQ(results->CheckIndex(vector::Metric::kL2, 8).code(), StatusCode::kInvalidArgument);
  options_.index.index_kind = "usearch";
  EXPECT_TRUE(Open()->CheckIndex(vector::Metric::kL2, 8).ok());
}

TEST_F(ResultStoreTest, AReaderNoticesARepair) {
  auto results = Open();
  ASSERT_TRUE(CommitRows(*results, "t", MakeSampleRows(*random_, 500, 4)).ok());
  ASSERT_TRUE(store_->Delete("results/t.idx.qg").ok());
  options_.read_only = true;
  auto reader = Open();
  auto scanning = reader->Get("t").value()->parts[0].segment;
  ASSERT_TRUE(scanning->index().ok());
  EXPECT_NE(scanning->index_warning(), "");
  ASSERT_TRUE(results->Repair(context_, "t").ok());
  auto repaired = reader->Get("t").value()->parts[0].segment;
  ASSERT_TRUE(repaired->index().ok());
  EXPECT_EQ(repaired->index_warning(), "");
}

TEST_F(ResultStoreTest, DamagedRowsAreNamedAndRefused) {
  auto results = Open();
  ASSERT_TRUE(CommitRows(*results, "t", MakeSampleRows(*random_, 500, 4)).ok());
  Change("results/t.parquet", [](std::string& bytes) { bytes[bytes.size() / 2] ^= 4; });
  auto findings = results->Verify(context_, "t").value();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].file, "results/t.parquet");
  EXPECT_TRUE(findings[0].fatal);
  EXPECT_EQ(results->Repair(context_, "t").code(), StatusCode::kDataLoss);

  ASSERT_TRUE(store_->Delete("results/t.parquet").ok());
  Status status = Open()->Get("t").status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("results/t.parquet"), std::string::npos);
}

TEST_F(ResultStoreTest, LostHiddenRowsAreNotForgotten) {
  auto results = Open();
  ASSERT_TRUE(CommitRows(*results, "t", MakeSampleRows(*random_, 10, 4)).ok());
  ASSERT_TRUE(CommitRows(*results, "t", {}, {"row-0"}).ok());
  ASSERT_TRUE(store_->Delete("results/t.hidden-2").ok());
  Status status = Open()->Get("t").status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("results/t.hidden-2"), std::string::npos);
  EXPECT_TRUE(results->Verify(context_, "t")->at(0).fatal);
}

TEST_F(ResultStoreTest, ReadersAndAWriterShareTheStore) {
  auto results = Open();
  ASSERT_TRUE(CommitRows(*results, "t", MakeSampleRows(*random_, 50, 4)).ok());
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        auto rows = ReadVisible(*results, "t");
        ASSERT_TRUE(rows.ok()) << rows.status().ToString();
        ASSERT_EQ(rows->size() % 50, 0u);
      }
    });
  }
  for (int version = 1; version < 8; ++version) {
    auto rows = MakeSampleRows(*random_, 50, 4, version * 50);
    ASSERT_TRUE(CommitRows(*results, "t", rows).ok());
  }
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(results->Get("t").value()->row_count, 400);
}

}  // namespace
}  // namespace iolite::results
