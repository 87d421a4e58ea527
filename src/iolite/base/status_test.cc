#include "iolite/base/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <set>

#include <nlohmann/json.hpp>

namespace iolite {
namespace {

TEST(Status, SaysItsCodeAndMessage) {
  const Status status = NotFound("Source '{}' is not registered", "papers");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.ToString(), "NOT_FOUND: Source 'papers' is not registered");
  EXPECT_EQ(status.WithContext("search").ToString(),
            "NOT_FOUND: search: Source 'papers' is not registered");
}

TEST(Status, SuccessHasNoMessageAndTakesNoContext) {
  EXPECT_TRUE(Status().ok());
  EXPECT_EQ(Status().ToString(), "OK");
  EXPECT_EQ(Status().message(), "");
  EXPECT_TRUE(Status().WithContext("search").ok());
}

TEST(StatusDeathTest, AnOkCodeCannotCarryAMessage) {
  EXPECT_DEATH((void)Status(StatusCode::kOk, "fine"), "cannot be OK");
}

TEST(StatusDeathTest, ReadingAMissingValueEndsTheProcessWithTheReason) {
  Result<int> result = InvalidArgument("k is {}", -1);
  EXPECT_DEATH((void)result.value(), "k is -1");
  EXPECT_DEATH((void)Result<int>(Status()), "OK status");
}

Result<int> Half(int number) {
  if (number % 2 != 0) return InvalidArgument("{} is odd", number);
  return number / 2;
}

Result<int> Quarter(int number) {
  IOLITE_ASSIGN_OR_RETURN(const int half, Half(number));
  return Half(half);
}

Status Divisible(int number) {
  IOLITE_RETURN_IF_ERROR(Quarter(number).status());
  return Status::Ok();
}

TEST(Status, MacrosPassErrorsOn) {
  EXPECT_EQ(Quarter(12).value(), 3);
  EXPECT_EQ(Quarter(6).status().message(), "3 is odd");
  EXPECT_TRUE(Divisible(4).ok());
  EXPECT_EQ(Divisible(7).message(), "7 is odd");
  EXPECT_EQ(Quarter(7).value_or(-1), -1);
}

TEST(Status, ResultMovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 7);
}

TEST(Status, ErrnoBecomesWhatTheCallerCanDo) {
  EXPECT_EQ(ErrnoStatus(ENOSPC, "a.parquet").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrnoStatus(ENOENT, "a.parquet").code(), StatusCode::kNotFound);
  EXPECT_EQ(ErrnoStatus(EROFS, "a.parquet").code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrnoStatus(EEXIST, "a.parquet").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(ErrnoStatus(EIO, "a.parquet").code(), StatusCode::kUnavailable);
  EXPECT_EQ(ErrnoStatus(ENOSPC, "a.parquet").message(), "a.parquet: No space left on device");
}

// spec/errors.json is what every door maps from, so it must know every code by the name we use.
TEST(Status, NamesAgreeWithTheSpecification) {
  std::ifstream file(IOLITE_SOURCE_DIR "/spec/errors.json");
  const auto errors = nlohmann::json::parse(file).at("errors");
  std::set<int> numbers;
  for (const auto& error : errors) {
    const int number = error.at("grpc").get<int>();
    EXPECT_EQ(StatusCodeName(static_cast<StatusCode>(number)), error.at("name").get<std::string>());
    EXPECT_TRUE(numbers.insert(number).second) << number << " stands there twice";
    EXPECT_EQ(error.at("exit").get<int>(), number == 0 ? 0 : 1);
  }
  for (int number = 0; number <= static_cast<int>(StatusCode::kUnauthenticated); ++number) {
    EXPECT_TRUE(numbers.contains(number)) << StatusCodeName(static_cast<StatusCode>(number));
  }
}

}  // namespace
}  // namespace iolite
