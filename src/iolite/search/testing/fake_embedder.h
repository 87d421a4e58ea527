#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/models/embedder.h"

namespace iolite::search::testing {

/// A model whose vector counts letters: `a` in the first number, `b` in the second, and so on. It
/// notes how often it ran and the role of its texts.
class FakeEmbedder final : public models::Embedder {
 public:
  explicit FakeEmbedder(int32_t dimension) {
    info_.model_id = "letters";
    info_.content_hash = "hash";
    info_.precision = "f32";
    info_.dimension = dimension;
  }

  const models::EmbedderInfo& info() const override { return info_; }
  models::EmbedderInfo& mutable_info() { return info_; }

  Result<std::unique_ptr<models::TokenizedTexts>> Tokenize(const RequestContext&,
                                                           std::span<const std::string_view> texts,
                                                           models::TextRole role) const override {
    asked_as_query = role == models::TextRole::kQuery;
    auto tokens = std::make_unique<Tokens>();
    tokens->texts.assign(texts.begin(), texts.end());
    return std::unique_ptr<models::TokenizedTexts>(std::move(tokens));
  }

  Status Run(const RequestContext&, const models::TokenizedTexts& texts,
             std::span<float> vectors) const override {
    ++run_count;
    const auto& letters = static_cast<const Tokens&>(texts).texts;
    const auto dimension = static_cast<size_t>(info_.dimension);
    std::fill(vectors.begin(), vectors.end(), 0.0F);
    for (size_t i = 0; i < letters.size(); ++i) {
      for (const char letter : letters[i]) {
        const auto at = static_cast<size_t>(letter - 'a');
        if (letter >= 'a' && at < dimension) vectors[i * dimension + at] += 1;
      }
    }
    return Status::Ok();
  }

  mutable std::atomic<int64_t> run_count = 0;
  mutable std::atomic<bool> asked_as_query = false;

 private:
  struct Tokens final : models::TokenizedTexts {
    std::vector<std::string> texts;
    size_t text_count() const override { return texts.size(); }
    int64_t token_count() const override { return static_cast<int64_t>(texts.size()); }
  };
  models::EmbedderInfo info_;
};

}  // namespace iolite::search::testing
