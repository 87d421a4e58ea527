#include "iolite/models/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "iolite/models/testing/safetensors_writer.h"
#include "iolite/models/testing/temporary_folder.h"

namespace iolite::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::SafetensorsWriter;
using testing::TemporaryFolder;

class SafetensorsTest : public ::testing::Test {
 protected:
  Result<std::shared_ptr<const SafetensorsFile>> OpenBytes(const std::string& bytes) {
    return SafetensorsFile::Open(folder_.Write("model.safetensors", bytes));
  }

  /// The file must be called damaged, with `words` in the message.
  void ExpectDamaged(const std::string& bytes, const std::string& words) {
    const Status status = OpenBytes(bytes).status();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr(words));
    EXPECT_THAT(status.message(), HasSubstr("model.safetensors"));
  }

  static SafetensorsWriter TwoTensors() {
    SafetensorsWriter writer;
    writer.AddFloats("a", {2, 2}, {1, 2, 3, 4}).AddFloats("b", {1}, {5});
    return writer;
  }

  TemporaryFolder folder_;
};

TEST_F(SafetensorsTest, GivesWhatTheFileHolds) {
  auto file = OpenBytes(TwoTensors().Bytes());
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  const SafeTensor* b = (*file)->Find("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->type, "F32");
  EXPECT_THAT(b->shape, ElementsAre(1));
  float value = 0;
  std::memcpy(&value, b->data, sizeof(value));
  EXPECT_EQ(value, 5);
  EXPECT_EQ((*file)->Find("c"), nullptr);
  EXPECT_EQ((*file)->tensors().size(), 2u);
}

TEST_F(SafetensorsTest, TakesScalarsEmptyTensorsAndMetadata) {
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
      R"("e":{"dtype":"F32","shape":[0,8],"data_offsets":[4,4]}})";
  auto file = OpenBytes(SafetensorsWriter::WithHeader(header) + std::string(4, '\0'));
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  EXPECT_EQ((*file)->tensors().size(), 2u);
}

TEST_F(SafetensorsTest, ACutFileIsDamagedWhereverTheCutIs) {
  const std::string whole = TwoTensors().Bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    const Status status = OpenBytes(whole.substr(0, size)).status();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << size << ": " << status.ToString();
  }
  ExpectDamaged(whole + "x", "its tensors take 20 bytes, and the file has 21");
}

TEST_F(SafetensorsTest, RefusesAHeaderThatDoesNotAddUp) {
  ExpectDamaged(SafetensorsWriter().AddAt("a", "F32", {3}, 0, 8, std::string(8, '\0')).Bytes(),
                "tensor `a`: it has 8 bytes where F32 elements of shape [3] take 12");
  ExpectDamaged(SafetensorsWriter().AddAt("a", "F33", {2}, 0, 8, std::string(8, '\0')).Bytes(),
                "`F33` is unknown");
  ExpectDamaged(SafetensorsWriter().AddAt("a", "F32", {2}, 8, 0, std::string(8, '\0')).Bytes(),
                "[8, 0)");
  ExpectDamaged(SafetensorsWriter().AddAt("a", "F32", {-2}, 0, 8, std::string(8, '\0')).Bytes(),
                "a dimension is -2");
  ExpectDamaged(
      SafetensorsWriter()
          .AddAt("a", "F32", {int64_t{1} << 40, int64_t{1} << 40}, 0, 8, std::string(8, '\0'))
          .Bytes(),
      "too many");
}

TEST_F(SafetensorsTest, RefusesOverlapsAndGaps) {
  ExpectDamaged(SafetensorsWriter()
                    .AddAt("a", "F32", {2}, 0, 8, std::string(8, '\0'))
                    .AddAt("b", "F32", {2}, 4, 12, std::string(4, '\0'))
                    .Bytes(),
                "tensor `b` starts at byte 4 of the data, where 8 was expected");
  ExpectDamaged(SafetensorsWriter()
                    .AddAt("a", "F32", {1}, 0, 4, std::string(4, '\0'))
                    .AddAt("b", "F32", {1}, 8, 12, std::string(8, '\0'))
                    .Bytes(),
                "where 4 was expected");
}

TEST_F(SafetensorsTest, RefusesWhatIsNoSafetensors) {
  ExpectDamaged("", "0 bytes");
  ExpectDamaged("version https://git-lfs.github.com/spec/v1\n", "no safetensors file");
  ExpectDamaged(std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8) + "{}",
                "18446744073709551615 bytes");
  ExpectDamaged(SafetensorsWriter::WithHeader("[1]"), "not JSON");
  ExpectDamaged(SafetensorsWriter::WithHeader("{\"a\":1}"), "tensor `a`");
  ExpectDamaged(SafetensorsWriter::WithHeader("{\"a\":{\"dtype\":\"F32\"}}"), "tensor `a`");
  EXPECT_EQ(SafetensorsFile::Open(folder_.File("gone")).status().code(), StatusCode::kNotFound);
}

/// Whatever one byte of the header becomes, opening answers and reads nothing outside the file.
TEST_F(SafetensorsTest, OneWrongByteIsNeverFatal) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string whole = TwoTensors().Bytes();
  for (int i = 0; i < 500; ++i) {
    std::string bytes = whole;
    bytes[random() % (bytes.size() - 20)] = static_cast<char>(random());
    auto file = OpenBytes(bytes);
    if (!file.ok()) continue;
    int sum = 0;
    for (const auto& [name, tensor] : (*file)->tensors()) {
      for (size_t k = 0; k < tensor.size_bytes; ++k) sum += static_cast<int>(tensor.data[k]);
    }
    EXPECT_GE(sum, 0);
  }
}

}  // namespace
}  // namespace iolite::models
