#include "iolite/storage/object_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "iolite/storage/local_store.h"
#include "iolite/storage/memory_store.h"
#include "iolite/storage/testing/fault_store.h"
#include "iolite/storage/testing/simulated_disk.h"
#include "iolite/storage/testing/temporary_folder.h"

/// The contract of ObjectStore, which every kind passes.

namespace iolite::storage {
namespace {

/// A store and what it stands on, which must outlive it.
struct Stand {
  std::shared_ptr<void> ground;
  std::unique_ptr<ObjectStore> store;
};

Stand OnTheMachinesDisk() {
  auto folder = std::make_shared<testing::TemporaryFolder>();
  const auto root = *folder / "store";
  return {std::move(folder), OpenLocalStore({.root = root}).value()};
}

Stand OnASimulatedDisk() {
  auto disk = std::make_shared<testing::SimulatedDisk>();
  auto store = OpenLocalStore({.root = "/data/store", .disk = disk.get()}).value();
  return {std::move(disk), std::move(store)};
}

Stand InMemory() { return {nullptr, MakeMemoryStore()}; }

/// The fault layer changes nothing while no fault is due.
struct Wrapped {
  std::unique_ptr<ObjectStore> inner = MakeMemoryStore();
};
Stand BehindAFaultLayer() {
  auto wrapped = std::make_shared<Wrapped>();
  auto store = std::make_unique<testing::FaultStore>(*wrapped->inner);
  return {std::move(wrapped), std::move(store)};
}

struct Kind {
  const char* name;
  Stand (*make)();
};

class ObjectStoreContract : public ::testing::TestWithParam<Kind> {
 protected:
  ObjectStore& store() { return *stand_.store; }

 private:
  Stand stand_ = GetParam().make();
};

TEST_P(ObjectStoreContract, GivesBackWhatWasPut) {
  const auto etag = store().PutIfAbsent("results/T.json", "{}");
  ASSERT_TRUE(etag.ok()) << etag.status().ToString();
  const auto object = store().Get("results/T.json");
  ASSERT_TRUE(object.ok());
  EXPECT_EQ(object->bytes, "{}");
  EXPECT_EQ(object->etag, *etag);
  EXPECT_EQ(store().Head("results/T.json")->size_bytes, 2);
  EXPECT_EQ(store().Head("results/T.json")->etag, *etag);
}

TEST_P(ObjectStoreContract, NeverReplacesWithPutIfAbsent) {
  ASSERT_TRUE(store().PutIfAbsent("a", "first").ok());
  EXPECT_EQ(store().PutIfAbsent("a", "second").status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(store().Get("a")->bytes, "first");
}

TEST_P(ObjectStoreContract, ReplacesOnlyTheVersionNamed) {
  const auto first = store().PutIfAbsent("a", "1").value();
  const auto second = store().PutIfMatch("a", "2", first);
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_NE(first, *second);
  EXPECT_EQ(store().PutIfMatch("a", "3", first).status().code(), StatusCode::kAborted);
  EXPECT_EQ(store().Get("a")->bytes, "2");
  EXPECT_EQ(store().PutIfMatch("b", "3", first).status().code(), StatusCode::kNotFound);
}

TEST_P(ObjectStoreContract, TagsOfLargeObjectsChangeWithThem) {
  const std::string bytes(3 << 20, 'x');
  const auto first = store().PutIfAbsent("large", bytes).value();
  EXPECT_EQ(store().Head("large")->etag, first);
  const auto second = store().PutIfMatch("large", bytes.substr(1) + 'y', first);
  ASSERT_TRUE(second.ok());
  EXPECT_NE(*second, first);
  EXPECT_EQ(store().Get("large")->etag, *second);
}

TEST_P(ObjectStoreContract, SaysWhatIsMissing) {
  EXPECT_EQ(store().Get("no").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().GetRange("no", 0, 1).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Head("no/such").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Map("no").status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(store().Delete("no").ok());
  EXPECT_TRUE(store().Delete("no/such").ok());
  EXPECT_NE(store().Get("no").status().message().find("'no'"), std::string::npos);
}

TEST_P(ObjectStoreContract, ReadsRanges) {
  ASSERT_TRUE(store().PutIfAbsent("a", "0123456789").ok());
  EXPECT_EQ(store().GetRange("a", 2, 3).value(), "234");
  EXPECT_EQ(store().GetRange("a", 10, 0).value(), "");
  EXPECT_EQ(store().GetRange("a", 8, 3).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(store().GetRange("a", -1, 1).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(store().GetRange("a", 0, INT64_MAX).status().code(), StatusCode::kOutOfRange);
}

TEST_P(ObjectStoreContract, RefusesPathsThatAreNone) {
  for (const auto* path :
       {"", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", ".iolite-draft-1", "a/.iolite-swap"}) {
    EXPECT_EQ(store().PutIfAbsent(path, "").status().code(), StatusCode::kInvalidArgument) << path;
    EXPECT_EQ(store().Get(path).status().code(), StatusCode::kInvalidArgument) << path;
    EXPECT_EQ(store().Write(path).status().code(), StatusCode::kInvalidArgument) << path;
    EXPECT_EQ(store().Delete(path).code(), StatusCode::kInvalidArgument) << path;
    EXPECT_FALSE(store().LocalPath(path).has_value()) << path;
  }
  EXPECT_EQ(store().PutIfAbsent(std::string(256, 'a'), "").status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_TRUE(store().PutIfAbsent(".hidden/..a/b.", "").ok());
}

TEST_P(ObjectStoreContract, ListsByPrefixInOrder) {
  for (const auto* path : {"b", "a/2", "a/1/x", "a.txt", "a/10", "ab/1", "c/d/e/f"}) {
    ASSERT_TRUE(store().PutIfAbsent(path, "12345").ok());
  }
  const auto paths = [&](std::string_view prefix) {
    std::vector<std::string> paths;
    const auto objects = store().List(prefix);
    for (const auto& object : objects.value()) {
      EXPECT_EQ(object.size_bytes, 5);
      paths.push_back(object.path);
    }
    return paths;
  };
  using Paths = std::vector<std::string>;
  EXPECT_EQ(paths(""), (Paths{"a.txt", "a/1/x", "a/10", "a/2", "ab/1", "b", "c/d/e/f"}));
  EXPECT_EQ(paths("a/"), (Paths{"a/1/x", "a/10", "a/2"}));
  EXPECT_EQ(paths("a/1"), (Paths{"a/1/x", "a/10"}));
  EXPECT_EQ(paths("a"), (Paths{"a.txt", "a/1/x", "a/10", "a/2", "ab/1"}));
  EXPECT_EQ(paths("c/d"), (Paths{"c/d/e/f"}));
  EXPECT_EQ(paths("nothing/here"), Paths{});
}

TEST_P(ObjectStoreContract, ShowsAnObjectOnlyOnceSealed) {
  auto writer = store().Write("parts/whole").value();
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    const std::string piece(20'000 * i, static_cast<char>('a' + i % 26));
    expected += piece;
    ASSERT_TRUE(writer->Append(piece).ok());
  }
  EXPECT_EQ(writer->size_bytes(), static_cast<int64_t>(expected.size()));
  EXPECT_EQ(store().Get("parts/whole").status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(store().List("")->empty());
  const auto info = writer->Seal();
  ASSERT_TRUE(info.ok()) << info.status().ToString();
  EXPECT_EQ(info->size_bytes, static_cast<int64_t>(expected.size()));
  const auto object = store().Get("parts/whole").value();
  EXPECT_TRUE(object.bytes == expected);
  EXPECT_EQ(object.etag, info->etag);
  EXPECT_EQ(writer->Append("more").code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(writer->Seal().status().code(), StatusCode::kFailedPrecondition);
}

TEST_P(ObjectStoreContract, AbandonedWritersLeaveNothing) {
  ASSERT_TRUE(store().Write("a").value()->Append("half").ok());
  EXPECT_TRUE(store().List("")->empty());
  EXPECT_TRUE(store().PutIfAbsent("a", "").ok());
}

TEST_P(ObjectStoreContract, TheSecondOfTwoWritersLoses) {
  auto one = store().Write("a").value();
  auto two = store().Write("a").value();
  ASSERT_TRUE(one->Append("one").ok());
  ASSERT_TRUE(two->Append("two").ok());
  EXPECT_TRUE(two->Seal().ok());
  EXPECT_EQ(one->Seal().status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(store().Get("a")->bytes, "two");
  EXPECT_EQ(store().Write("a").status().code(), StatusCode::kAlreadyExists);
}

TEST_P(ObjectStoreContract, AMappingOutlivesItsObject) {
  const auto etag = store().PutIfAbsent("a", "mapped").value();
  ASSERT_TRUE(store().PutIfAbsent("empty", "").ok());
  const auto mapped = store().Map("a").value();
  const auto empty = store().Map("empty").value();
  ASSERT_TRUE(store().PutIfMatch("a", "other", etag).ok());
  EXPECT_EQ(mapped->bytes(), "mapped");
  ASSERT_TRUE(store().Delete("a").ok());
  EXPECT_EQ(mapped->bytes(), "mapped");
  EXPECT_EQ(empty->bytes(), "");
  EXPECT_EQ(store().Get("a").status().code(), StatusCode::kNotFound);
}

TEST_P(ObjectStoreContract, ManyWritersLoseNoUpdate) {
  ASSERT_TRUE(store().PutIfAbsent("counter", "0").ok());
  constexpr int kThreads = 4, kRounds = 25;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int done = 0; done < kRounds;) {
        const auto object = store().Get("counter").value();
        const auto next = std::to_string(std::stoi(object.bytes) + 1);
        const auto put = store().PutIfMatch("counter", next, object.etag);
        if (put.ok()) ++done;
        ASSERT_TRUE(put.ok() || put.status().code() == StatusCode::kAborted)
            << put.status().ToString();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(store().Get("counter")->bytes, std::to_string(kThreads * kRounds));
}

TEST_P(ObjectStoreContract, OneOfManyMakersWins) {
  std::atomic<int> winners = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      if (store().PutIfAbsent("race/one", std::to_string(i)).ok()) ++winners;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(winners, 1);
}

INSTANTIATE_TEST_SUITE_P(Kinds, ObjectStoreContract,
                         ::testing::Values(Kind{"Local", &OnTheMachinesDisk},
                                           Kind{"Simulated", &OnASimulatedDisk},
                                           Kind{"Memory", &InMemory},
                                           Kind{"Faulty", &BehindAFaultLayer}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace iolite::storage
