#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "iolite/storage/local_store.h"
#include "iolite/storage/memory_store.h"
#include "iolite/storage/testing/fault_store.h"
#include "iolite/storage/testing/simulated_disk.h"
#include "iolite/text/testing/text_model.h"

namespace iolite::text {
namespace {

TextIndexBuildOptions TwoFields() {
  TextIndexBuildOptions options;
  options.fields = {{"title", 2}, {"body"}};
  return options;
}

std::string BuildSmall() {
  return testing::Build(TwoFields(), testing::RandomRows(61, 200, 2, 50, 12));
}

using Answers = std::vector<std::vector<TextHit>>;

// Opens and searches in every way. Whatever the bytes say, there is an error or the answer of the
// whole file; returns whether nothing was refused.
bool Survives(std::string_view bytes, Answers& truth) {
  // A copy of its own, so that a sanitizer sees any read past the end.
  auto copy = std::make_unique<char[]>(bytes.size());
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  auto index = TextIndex::Open({copy.get(), bytes.size()}, {});
  if (!index.ok()) {
    EXPECT_TRUE(index.status().code() == StatusCode::kDataLoss ||
                index.status().code() == StatusCode::kUnimplemented)
        << index.status().ToString();
    return false;
  }
  const bool first = truth.empty();
  size_t at = 0;
  for (const char* text : {"w0 w1 w30", "+w0 +title:w2", "\"w0 w1\"", "w1*", "w12~1 -w3"}) {
    const TextQuery query = testing::Parse(text);
    std::vector<TextHit> hits(10);
    const auto found = (*index)->Search(RequestContext{}, {.query = &query}, hits);
    if (found.ok()) {
      hits.resize(*found);
      if (first) truth.push_back(hits);
      EXPECT_EQ(hits, truth[at]);
    } else {
      EXPECT_EQ(found.status().code(), StatusCode::kDataLoss) << found.status().ToString();
    }
    ++at;
  }
  const Status status = (*index)->Verify(RequestContext{});
  EXPECT_TRUE(status.ok() || status.code() == StatusCode::kDataLoss);
  return status.ok();
}

TEST(TextIndexDamage, EveryFlippedByteIsFound) {
  const std::string whole = BuildSmall();
  Answers truth;
  ASSERT_TRUE(Survives(whole, truth));
  for (size_t at = 0; at < whole.size(); at += whole[at] == 0 ? 5 : 1) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (at % 2 == 0 ? 1 : 0x80));
    ASSERT_FALSE(Survives(damaged, truth)) << "byte " << at;
  }
}

TEST(TextIndexDamage, EveryTruncationIsRefused) {
  const std::string whole = BuildSmall();
  for (size_t size = 0; size < whole.size(); size += 1 + size / 97) {
    EXPECT_EQ(TextIndex::Open(std::string_view(whole).substr(0, size), {}).status().code(),
              StatusCode::kDataLoss)
        << size;
  }
  EXPECT_EQ(TextIndex::Open(whole + "x", {}).status().code(), StatusCode::kDataLoss);
}

TEST(TextIndexDamage, ANewerFormatIsRefusedByName) {
  std::string newer = BuildSmall();
  newer[8] = 2;
  const Status status = TextIndex::Open(newer, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_EQ(status.message(), "The text index has version 2, this release reads up to 1");
}

// Builds in a store as a segment would, with runs put aside.
Status BuildInto(storage::ObjectStore& store, const testing::Rows& rows) {
  auto options = TwoFields();
  options.memory_bytes_max = 1 << 18;
  options.spill = {&store, "table.text"};
  IOLITE_ASSIGN_OR_RETURN(auto builder, TextIndexBuilder::Make(options));
  for (const auto& row : rows) {
    const std::vector<std::string_view> texts(row.begin(), row.end());
    IOLITE_RETURN_IF_ERROR(builder->Add(RequestContext{}, texts));
  }
  IOLITE_ASSIGN_OR_RETURN(auto writer, store.Write("table.idx.text"));
  IOLITE_RETURN_IF_ERROR(builder->Finish(
      RequestContext{}, [&](std::string_view bytes) { return writer->Append(bytes); }));
  return writer->Seal().status();
}

TEST(TextIndexDamage, AFailureOfTheStoreIsToldAndLeavesNoIndex) {
  const auto rows = testing::RandomRows(62, 800, 2, 600, 20);
  auto memory = storage::MakeMemoryStore();
  storage::testing::FaultStore counted(*memory);
  ASSERT_TRUE(BuildInto(counted, rows).ok());
  const std::string whole = memory->Get("table.idx.text")->bytes;
  EXPECT_EQ(memory->List("")->size(), 1u);
  const int64_t operations = counted.operation_count();
  for (int64_t at = 1; at <= operations; at += 1 + operations / 60) {
    auto inner = storage::MakeMemoryStore();
    storage::testing::FaultStore store(*inner);
    store.FailOperation(at, Unavailable("the store is away"));
    const Status status = BuildInto(store, rows);
    // Taking away what was put aside may fail without harm.
    if (status.ok()) {
      EXPECT_TRUE(inner->Get("table.idx.text")->bytes == whole);
    } else {
      EXPECT_EQ(status.code(), StatusCode::kUnavailable);
      EXPECT_EQ(inner->Head("table.idx.text").status().code(), StatusCode::kNotFound);
    }
  }
}

TEST(TextIndexDamage, ACrashLeavesNoIndexOrAWholeOne) {
  const auto rows = testing::RandomRows(63, 300, 2, 300, 20);
  std::string whole;
  int64_t operations = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    storage::testing::SimulatedDisk disk;
    auto random = Random::Seeded(seed);
    auto open = [&] { return storage::OpenLocalStore({.root = "/db", .disk = &disk}); };
    {
      auto store = open().value();
      if (seed > 0) {
        disk.StopAtOperation(1 + static_cast<int64_t>(random->NextBelow(operations)));
      }
      const int64_t before = disk.operation_count();
      const Status status = BuildInto(*store, rows);
      if (seed == 0) {
        ASSERT_TRUE(status.ok()) << status.ToString();
        whole = store->Get("table.idx.text")->bytes;
        operations = disk.operation_count() - before;
      }
    }
    disk.Crash(*random);
    auto store = open().value();
    const auto object = store->Get("table.idx.text");
    if (object.ok()) {
      EXPECT_TRUE(object->bytes == whole);
    } else {
      EXPECT_EQ(object.status().code(), StatusCode::kNotFound);
      // What was put aside is replaced by the next build.
      EXPECT_TRUE(BuildInto(*store, rows).ok());
      EXPECT_TRUE(store->Get("table.idx.text")->bytes == whole);
    }
    EXPECT_TRUE(object.ok() || store->List("table.text")->empty());
  }
}

}  // namespace
}  // namespace iolite::text
