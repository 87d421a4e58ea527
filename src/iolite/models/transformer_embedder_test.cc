#include "iolite/models/transformer_embedder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <numeric>

namespace iolite::models {
namespace {

using ::testing::FloatNear;
using ::testing::Pointwise;

std::string MiniLm() { return std::string(IOLITE_DEPS_DIR) + "/models/all-MiniLM-L6-v2"; }

std::unique_ptr<Embedder> Open(const std::string& folder,
                               program::Precision precision = program::Precision::kF32) {
  auto embedder = OpenTransformerEmbedder(folder, {.model_id = "test", .precision = precision});
  EXPECT_TRUE(embedder.ok()) << embedder.status().ToString();
  return std::move(embedder).value();
}

std::vector<float> Embed(const Embedder& embedder, const std::vector<std::string_view>& texts,
                         TextRole role = TextRole::kDocument) {
  std::vector<float> vectors(texts.size() * static_cast<size_t>(embedder.info().dimension));
  const Status status = embedder.Embed({}, texts, role, vectors);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return vectors;
}

/// The published model, which setup installs. Loaded once.
const Embedder& SharedMiniLm() {
  static const std::unique_ptr<Embedder> embedder = Open(MiniLm());
  return *embedder;
}

TEST(TransformerEmbedder, HelloWorldIsAsPublished) {
  const auto vector = Embed(SharedMiniLm(), {"hello world"});
  ASSERT_EQ(vector.size(), 384u);
  const std::vector<float> expected = {-0.034478f, 0.03102f, 0.00673f, 0.02611f, -0.039362f};
  EXPECT_THAT(std::vector<float>(vector.begin(), vector.begin() + 5),
              Pointwise(FloatNear(1e-5f), expected));
}

}  // namespace
}  // namespace iolite::models
