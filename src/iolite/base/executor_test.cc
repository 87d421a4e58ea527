#include "iolite/base/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace iolite {
namespace {

TEST(Executor, ParallelForCallsEveryIndexOnce) {
  auto executor = Executor::Threads(4);
  std::vector<std::atomic<int>> calls(1000);
  ASSERT_TRUE(executor
                  ->ParallelFor({}, calls.size(),
                                [&](size_t i) {
                                  ++calls[i];
                                  return Status();
                                })
                  .ok());
  for (auto& count : calls) EXPECT_EQ(count, 1);
}

TEST(Executor, ParallelForReturnsTheErrorAndStops) {
  auto executor = Executor::Threads(2);
  std::atomic<int> calls = 0;
  Status status = executor->ParallelFor({}, 100000, [&](size_t i) -> Status {
    ++calls;
    return i == 3 ? InvalidArgument("row {}", i) : Status();
  });
  EXPECT_EQ(status.message(), "row 3");
  EXPECT_LT(calls, 100000);
}

TEST(Executor, ParallelForMayBeNested) {
  auto executor = Executor::Threads(2);
  std::atomic<int> calls = 0;
  ASSERT_TRUE(executor
                  ->ParallelFor({}, 8,
                                [&](size_t) {
                                  return executor->ParallelFor({}, 8, [&](size_t) {
                                    ++calls;
                                    return Status();
                                  });
                                })
                  .ok());
  EXPECT_EQ(calls, 64);
}

TEST(Executor, ParallelForHonoursCancellation) {
  auto executor = Executor::Threads(2);
  RequestContext context;
  context.cancel.Cancel();
  EXPECT_EQ(executor->ParallelFor(context, 10, [](size_t) { return Status(); }).code(),
            StatusCode::kCancelled);
}

}  // namespace
}  // namespace iolite
