#include "iolite/program/mapped_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace iolite::program {
namespace {

namespace fs = std::filesystem;

class MappedFileTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_ = fs::temp_directory_path() / ("iolite_mapped_" + std::to_string(::getpid()));
};

TEST_F(MappedFileTest, GivesTheBytes) {
  std::ofstream(folder_ / "a") << "hello";
  auto file = MappedFile::Open((folder_ / "a").string());
  ASSERT_TRUE(file.ok());
  const auto bytes = (*file)->bytes();
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), "hello");
}

TEST_F(MappedFileTest, AnEmptyFileHasNoBytes) {
  std::ofstream(folder_ / "empty");
  auto file = MappedFile::Open((folder_ / "empty").string());
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE((*file)->bytes().empty());
}

TEST_F(MappedFileTest, NamesWhatIsMissing) {
  auto file = MappedFile::Open((folder_ / "gone").string());
  EXPECT_EQ(file.status().code(), StatusCode::kNotFound);
  EXPECT_NE(file.status().message().find("gone"), std::string::npos);
  EXPECT_EQ(MappedFile::Open(folder_.string()).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace iolite::program
