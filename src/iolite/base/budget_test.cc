#include "iolite/base/budget.h"

#include <gtest/gtest.h>

namespace iolite {
namespace {

TEST(Budget, ReservationGivesBackWhenItGoes) {
  Budget budget("test", 100);
  {
    auto reservation = budget.Reserve(60);
    ASSERT_TRUE(reservation.ok());
    EXPECT_EQ(budget.used_bytes(), 60);
  }
  EXPECT_EQ(budget.used_bytes(), 0);
  EXPECT_EQ(budget.used_bytes_max(), 60);
}

TEST(Budget, RefusesWhatDoesNotFitAndTakesNothing) {
  Budget budget("test", 100);
  auto first = budget.Reserve(60);
  auto second = budget.Reserve(41);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kResourceExhausted);
  EXPECT_NE(second.status().message().find("60 of 100"), std::string::npos);
  EXPECT_EQ(budget.used_bytes(), 60);
}

TEST(Budget, ChildDrawsFromItsParentAndUndoesWhenTheParentRefuses) {
  Budget parent("parent", 50);
  Budget child("child", 100, &parent);
  auto reservation = child.Reserve(40);
  EXPECT_EQ(parent.used_bytes(), 40);
  EXPECT_FALSE(child.Reserve(20).ok());
  EXPECT_EQ(child.used_bytes(), 40);
  EXPECT_EQ(parent.used_bytes(), 40);
}

}  // namespace
}  // namespace iolite
