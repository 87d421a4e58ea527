#include "iolite/base/trace.h"

#include <gtest/gtest.h>

#include <thread>

#include "iolite/base/testing/fake_clock.h"

namespace iolite {
namespace {

TEST(Trace, ScopesAddThemselvesWhenTheyEnd) {
  testing::FakeClock clock;
  Trace trace;
  {
    TraceScope outer(&trace, "search", clock);
    EXPECT_TRUE(outer.enabled());
    {
      TraceScope inner(&trace, "filter", clock);
      clock.Advance(std::chrono::nanoseconds(30));
      inner.set_detail("812 of 117,659 rows");
    }
    clock.Advance(std::chrono::nanoseconds(12));
  }
  const auto steps = trace.steps();
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].name, "filter");
  EXPECT_EQ(steps[0].duration_ns, 30);
  EXPECT_EQ(steps[0].detail, "812 of 117,659 rows");
  EXPECT_EQ(steps[1].name, "search");
  EXPECT_EQ(steps[1].duration_ns, 42);
}

TEST(Trace, WithoutATraceAScopeDoesNothing) {
  TraceScope scope(nullptr, "search");
  EXPECT_FALSE(scope.enabled());
  scope.set_detail("unread");
}

TEST(Trace, TakesStepsFromManyThreads) {
  Trace trace;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int step = 0; step < 100; ++step) trace.Add("step", step, "");
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(trace.steps().size(), 400u);
}

}  // namespace
}  // namespace iolite
