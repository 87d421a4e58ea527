#include "iolite/columnar/arrow_status.h"

#include <arrow/io/file.h>
#include <gtest/gtest.h>

namespace iolite::columnar {
namespace {

Status Fails(const arrow::Status& status) {
  IOLITE_RETURN_IF_ARROW_ERROR(status);
  return Status();
}

Result<int> AddsOne(arrow::Result<int> number) {
  IOLITE_ASSIGN_OR_RETURN_ARROW(const int value, std::move(number));
  return value + 1;
}

TEST(ArrowStatus, EveryCodeComesBackFromArrow) {
  for (int code = 1; code <= 16; ++code) {
    const Status status(static_cast<StatusCode>(code), "the disk is full");
    const Status back = FromArrow(ToArrow(status));
    EXPECT_EQ(back.code(), status.code());
    EXPECT_EQ(back.message(), status.message());
  }
  EXPECT_TRUE(FromArrow(ToArrow(Status())).ok());
}

TEST(ArrowStatus, ArrowsCodesBecomeOurs) {
  EXPECT_EQ(Fails(arrow::Status::Invalid("bad")).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Fails(arrow::Status::OutOfMemory("big")).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(Fails(arrow::Status::NotImplemented("map")).message(), "map");
  EXPECT_TRUE(Fails(arrow::Status::OK()).ok());
}

TEST(ArrowStatus, AMissingFileIsNotFound) {
  auto file = FromArrow(arrow::io::ReadableFile::Open("/nonexistent/rows.parquet"));
  EXPECT_EQ(file.status().code(), StatusCode::kNotFound);
  EXPECT_NE(file.status().message().find("/nonexistent/rows.parquet"), std::string::npos);
}

TEST(ArrowStatus, AssignsOrReturns) {
  EXPECT_EQ(AddsOne(41).value(), 42);
  EXPECT_EQ(AddsOne(arrow::Status::KeyError("no")).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace iolite::columnar
