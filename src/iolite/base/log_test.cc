#include "iolite/base/log.h"

#include <gtest/gtest.h>

namespace iolite {
namespace {

TEST(Log, LevelsAreReadByName) {
  EXPECT_EQ(ParseLogLevel("debug").value(), LogLevel::kDebug);
  EXPECT_EQ(ParseLogLevel("off").value(), LogLevel::kOff);
  EXPECT_EQ(ParseLogLevel("loud").status().message(),
            "'loud' is none of debug, info, warning, error, off");
}

TEST(Log, WritesWhatIsLoudEnoughToStderrOnly) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  LogInfo("quiet {}", 1);
  LogWarning("loud {}", 2);
  SetLogLevel(LogLevel::kInfo);
  LogInfo("now loud {}", 3);
  SetLogLevel(LogLevel::kOff);
  LogError("silenced {}", 4);
  SetLogLevel(LogLevel::kWarning);
  const std::string written = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(written, "warning: loud 2\ninfo: now loud 3\n");
}

}  // namespace
}  // namespace iolite
