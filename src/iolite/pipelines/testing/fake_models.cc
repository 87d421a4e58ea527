#include "iolite/pipelines/testing/fake_models.h"

#include <algorithm>
#include <cmath>

#include "iolite/base/hash.h"

namespace iolite::pipelines::testing {
namespace {

class FakeTokens final : public models::TokenizedTexts {
 public:
  explicit FakeTokens(std::span<const std::string_view> texts)
      : texts(texts.begin(), texts.end()) {}
  size_t text_count() const override { return texts.size(); }
  int64_t token_count() const override { return static_cast<int64_t>(texts.size()) * 2; }
  const std::vector<std::string> texts;
};

}  // namespace

class FakeEmbedder final : public models::Embedder {
 public:
  FakeEmbedder(FakeModelStore& store, FakeModel model, models::EmbedderInfo info)
      : store_(store), model_(std::move(model)), info_(std::move(info)) {}

  const models::EmbedderInfo& info() const override { return info_; }

  Result<std::unique_ptr<models::TokenizedTexts>> Tokenize(const RequestContext& context,
                                                           std::span<const std::string_view> texts,
                                                           models::TextRole) const override {
    IOLITE_RETURN_IF_ERROR(context.Check());
    return std::unique_ptr<models::TokenizedTexts>(std::make_unique<FakeTokens>(texts));
  }

  Status Run(const RequestContext& context, const models::TokenizedTexts& texts,
             std::span<float> vectors) const override {
    for (const auto& text : static_cast<const FakeTokens&>(texts).texts) {
      IOLITE_RETURN_IF_ERROR(context.Check());
      if (model_.on_text) IOLITE_RETURN_IF_ERROR(model_.on_text(text));
      store_.Note(text);
      auto vector = FakeModelStore::VectorOf(text, info_.dimension);
      if (model_.on_vector) model_.on_vector(text, vector);
      std::copy(vector.begin(), vector.end(), vectors.begin());
      vectors = vectors.subspan(vector.size());
    }
    return Status::Ok();
  }

 private:
  FakeModelStore& store_;
  const FakeModel model_;
  const models::EmbedderInfo info_;
};

std::vector<std::string> FakeModelStore::texts() const {
  std::lock_guard lock(mutex_);
  return texts_;
}

void FakeModelStore::Forget() {
  std::lock_guard lock(mutex_);
  texts_.clear();
}

void FakeModelStore::Note(std::string_view text) {
  std::lock_guard lock(mutex_);
  texts_.emplace_back(text);
}

Result<models::ResolvedModel> FakeModelStore::Resolve(std::string_view id) {
  auto found = models.find(std::string(id));
  if (found == models.end()) return NotFound("There is no model '{}'", id);
  return models::ResolvedModel{.id = std::string(id), .content_hash = found->second.content_hash};
}

Result<models::PullResult> FakeModelStore::Pull(
    const RequestContext&, std::string_view id, std::string_view,
    const std::function<void(const models::PullProgress&)>&) {
  return NotFound("There is no model '{}'", id);
}

Result<models::EmbedderInfo> FakeModelStore::Inspect(std::string_view id) {
  auto found = models.find(std::string(id));
  if (found == models.end()) return NotFound("There is no model '{}'", id);
  return models::EmbedderInfo{.model_id = std::string(id),
                              .content_hash = found->second.content_hash,
                              .architecture = "fake",
                              .precision = "f32",
                              .dimension = found->second.dimension,
                              .token_count_max = 512,
                              .normalized = true,
                              .metric = found->second.metric};
}

Result<std::shared_ptr<const models::Embedder>> FakeModelStore::LoadEmbedder(
    const RequestContext&, std::string_view id, std::optional<program::Precision>) {
  ++load_count_;
  IOLITE_ASSIGN_OR_RETURN(auto info, Inspect(id));
  return std::shared_ptr<const models::Embedder>(
      std::make_shared<FakeEmbedder>(*this, models.at(std::string(id)), std::move(info)));
}

std::vector<float> FakeModelStore::VectorOf(std::string_view text, int32_t dimension) {
  std::vector<float> vector(static_cast<size_t>(dimension));
  uint32_t state = Crc32c(text);
  float squares = 0;
  for (float& value : vector) {
    state = Crc32c("next", state);
    value = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f;
    squares += value * value;
  }
  for (float& value : vector) value /= std::sqrt(squares);
  return vector;
}

}  // namespace iolite::pipelines::testing
