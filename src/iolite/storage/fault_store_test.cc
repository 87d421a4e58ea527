#include "iolite/storage/testing/fault_store.h"

#include <gtest/gtest.h>

#include "iolite/storage/memory_store.h"

namespace iolite::storage::testing {
namespace {

TEST(FaultStore, FailsBeforeAfterOrForGood) {
  const auto inner = MakeMemoryStore();
  FaultStore store(*inner);
  store.FailOperation(2, Unavailable("the network is down"));
  EXPECT_TRUE(store.PutIfAbsent("a", "1").ok());
  EXPECT_EQ(store.PutIfAbsent("b", "1").status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(inner->Get("b").status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(store.PutIfAbsent("b", "1").ok());

  store.FailOperation(1, Unavailable("the answer is lost"), FaultStore::Moment::kAfter);
  EXPECT_FALSE(store.PutIfAbsent("c", "1").ok());
  EXPECT_TRUE(inner->Get("c").ok());

  store.FailFrom(1, Unavailable("gone"));
  EXPECT_FALSE(store.Get("a").ok());
  EXPECT_FALSE(store.List("").ok());
  store.Heal();
  EXPECT_TRUE(store.Get("a").ok());
}

TEST(FaultStore, CountsTheStepsOfAWriter) {
  const auto inner = MakeMemoryStore();
  FaultStore store(*inner);
  auto writer = store.Write("a").value();
  store.FailOperation(2, ResourceExhausted("full"));
  EXPECT_TRUE(writer->Append("x").ok());
  EXPECT_EQ(writer->Seal().status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(store.operation_count(), 3);
}

}  // namespace
}  // namespace iolite::storage::testing
