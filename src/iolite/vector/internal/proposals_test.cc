#include "iolite/vector/internal/proposals.h"

#include <gtest/gtest.h>

namespace iolite::vector::internal {
namespace {

/// What Judge says when `answers` are the rows found among proposals with these estimates.
Proposals::Verdict Judged(const std::vector<float>& estimates,
                          const std::vector<uint32_t>& answers) {
  std::vector<Neighbor> proposed(estimates.size()), room(answers.size());
  for (uint32_t i = 0; i < estimates.size(); ++i) proposed[i] = {i, estimates[i]};
  TopK top(room, std::nullopt);
  for (uint32_t row : answers) top.Offer(row, 0);
  return Proposals(answers.size(), 1'000'000).Judge(top, proposed);
}

std::vector<float> Rising(size_t count) {
  std::vector<float> estimates(count);
  for (size_t i = 0; i < count; ++i) estimates[i] = static_cast<float>(i);
  return estimates;
}

TEST(Proposals, AnswersFromTheNearerHalfSettleIt) {
  EXPECT_EQ(Judged(Rising(200), {0, 1, 2, 99}), Proposals::Verdict::kSettled);
}

TEST(Proposals, ALateAnswerAsksForMoreAndManyCannotTell) {
  EXPECT_EQ(Judged(Rising(200), {0, 1, 2, 100}), Proposals::Verdict::kAskForMore);
  EXPECT_EQ(Judged(Rising(200), {0, 1, 120, 199}), Proposals::Verdict::kCannotTell);
}

TEST(Proposals, EqualCodesCannotTellWhereverTheirRowsStand) {
  EXPECT_EQ(Judged(std::vector<float>(200, 1.5f), {0, 1, 2, 3}), Proposals::Verdict::kCannotTell);
  // A few that stand out before a crowd are no reason to believe that the rest of the crowd is
  // farther.
  std::vector<float> crowd(200, 7);
  crowd[0] = 1;
  EXPECT_EQ(Judged(crowd, {0, 1, 2, 3}), Proposals::Verdict::kCannotTell);
  EXPECT_EQ(Judged(crowd, {0}), Proposals::Verdict::kSettled);
}

TEST(Proposals, NothingProposedIsSettled) {
  EXPECT_EQ(Judged({}, {}), Proposals::Verdict::kSettled);
}

}  // namespace
}  // namespace iolite::vector::internal
