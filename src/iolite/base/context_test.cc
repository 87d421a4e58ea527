#include "iolite/base/context.h"

#include <gtest/gtest.h>

#include <thread>

#include "iolite/base/testing/fake_clock.h"

namespace iolite {
namespace {

TEST(Context, WithoutBoundsAlwaysGoesOn) { EXPECT_TRUE(RequestContext{}.Check().ok()); }

TEST(Context, CopiesShareTheirCancellation) {
  RequestContext context;
  RequestContext copy = context;
  RequestContext other;
  context.cancel.Cancel();
  EXPECT_EQ(copy.Check().code(), StatusCode::kCancelled);
  EXPECT_TRUE(other.Check().ok());
}

TEST(Context, CancellationReachesAnotherThread) {
  RequestContext context;
  std::thread worker([context] {
    while (context.Check().ok()) std::this_thread::yield();
  });
  context.cancel.Cancel();
  worker.join();
}

TEST(Context, DeadlineIsReachedExactly) {
  testing::FakeClock clock;
  RequestContext context{.clock = &clock};
  context.SetTimeout(std::chrono::milliseconds(5));
  clock.Advance(std::chrono::nanoseconds(4'999'999));
  EXPECT_TRUE(context.Check().ok());
  clock.Advance(std::chrono::nanoseconds(1));
  EXPECT_EQ(context.Check().code(), StatusCode::kDeadlineExceeded);
}

TEST(Context, CancellationIsToldBeforeTheDeadline) {
  testing::FakeClock clock;
  RequestContext context{.clock = &clock};
  context.SetTimeout(std::chrono::nanoseconds(0));
  context.cancel.Cancel();
  EXPECT_EQ(context.Check().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace iolite
