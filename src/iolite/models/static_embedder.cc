#include "iolite/models/static_embedder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "iolite/models/internal/files.h"
#include "iolite/models/internal/static_table.h"
#include "iolite/models/tokenizer.h"

namespace iolite::models {
namespace {

using nlohmann::json;

constexpr int64_t kTokenCountMax = 512;  // model2vec's default
constexpr size_t kTextsPerPiece = 64;

class StaticTokens final : public TokenizedTexts {
 public:
  size_t text_count() const override { return encodings.text_count(); }
  int64_t token_count() const override { return static_cast<int64_t>(encodings.ids.size()); }

  Encodings encodings;
};

/// The first `character_count` characters of UTF-8.
std::string_view FirstCharacters(std::string_view text, size_t character_count) {
  if (text.size() <= character_count) return text;
  size_t end = 0;
  for (size_t seen = 0; end < text.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
    if (begins && seen++ == character_count) break;
  }
  return text.substr(0, end);
}

void Scale(float factor, float* vector, int32_t dimension) {
  for (int32_t i = 0; i < dimension; ++i) vector[i] *= factor;
}

void Normalize(float* vector, int32_t dimension) {
  double squares = 0;
  for (int32_t i = 0; i < dimension; ++i) squares += double{vector[i]} * vector[i];
  if (squares > 0) Scale(static_cast<float>(1 / std::sqrt(squares)), vector, dimension);
}

class StaticEmbedder final : public Embedder {
 public:
  StaticEmbedder(EmbedderInfo info, std::unique_ptr<Tokenizer> tokenizer, StaticTable table,
                 Executor* executor)
      : info_(std::move(info)),
        tokenizer_(std::move(tokenizer)),
        table_(std::move(table)),
        executor_(executor ? *executor : Executor::Inline()) {}

  const EmbedderInfo& info() const override { return info_; }

  Result<std::unique_ptr<TokenizedTexts>> Tokenize(const RequestContext& context,
                                                   std::span<const std::string_view> texts,
                                                   TextRole) const override {
    std::vector<std::string_view> cut(texts.begin(), texts.end());
    if (info_.token_count_max > 0) {
      const size_t most = static_cast<size_t>(info_.token_count_max) *
                          static_cast<size_t>(tokenizer_->median_token_length());
      for (std::string_view& text : cut) text = FirstCharacters(text, most);
    }
    auto tokens = std::make_unique<StaticTokens>();
    IOLITE_RETURN_IF_ERROR(tokenizer_->EncodeBatch(context, cut, &tokens->encodings));
    return std::unique_ptr<TokenizedTexts>(std::move(tokens));
  }

  Status Run(const RequestContext& context, const TokenizedTexts& texts,
             std::span<float> vectors) const override {
    const auto* tokens = dynamic_cast<const StaticTokens*>(&texts);
    if (!tokens) return InvalidArgument("These texts were tokenized for another model");
    const size_t text_count = tokens->text_count();
    const size_t wanted = text_count * static_cast<size_t>(info_.dimension);
    if (vectors.size() != wanted) {
      return InvalidArgument("{} texts need room for {} numbers, not {}", text_count, wanted,
                             vectors.size());
    }
    const size_t piece_count = (text_count + kTextsPerPiece - 1) / kTextsPerPiece;
    return executor_.ParallelFor(context, piece_count, [&](size_t piece) {
      const size_t end = std::min(text_count, (piece + 1) * kTextsPerPiece);
      for (size_t text = piece * kTextsPerPiece; text < end; ++text) {
        Average(tokens->encodings.text_ids(text),
                vectors.data() + text * static_cast<size_t>(info_.dimension));
      }
      return Status();
    });
  }

 private:
  void Average(std::span<const int32_t> ids, float* vector) const {
    std::fill_n(vector, info_.dimension, 0.0f);
    const int32_t unknown = tokenizer_->unknown_id().value_or(-1);
    int64_t known_count = 0;
    for (const int32_t id : ids) {
      if (id == unknown) continue;
      table_.Add(id, vector);
      ++known_count;
    }
    if (known_count > 0) Scale(1.0f / static_cast<float>(known_count), vector, info_.dimension);
    if (info_.normalized) Normalize(vector, info_.dimension);
  }

  const EmbedderInfo info_;
  const std::unique_ptr<Tokenizer> tokenizer_;
  const StaticTable table_;
  Executor& executor_;
};

struct Settings {
  bool normalize = false;
  int32_t token_count_max = kTokenCountMax;
};

Result<Settings> ReadSettings(const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  const json config = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!config.is_object()) return InvalidArgument("{} is no JSON object", path);
  Settings settings;
  if (const auto found = config.find("normalize"); found != config.end() && !found->is_null()) {
    if (!found->is_boolean())
      return InvalidArgument("{}: normalize is neither true nor false", path);
    settings.normalize = found->get<bool>();
  }
  if (const auto found = config.find("max_length"); found != config.end()) {
    // null: texts are never cut.
    const int64_t count = found->is_number_integer() ? found->get<int64_t>() : 0;
    if (!found->is_null() && (count < 1 || count > 1 << 30)) {
      return InvalidArgument("{}: max_length is no number of tokens: {}", path, found->dump());
    }
    settings.token_count_max = static_cast<int32_t>(count);
  }
  return settings;
}

}  // namespace

Result<std::shared_ptr<const Embedder>> OpenStaticEmbedder(const StaticEmbedderOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(Settings settings, ReadSettings(options.folder + "/config.json"));
  IOLITE_ASSIGN_OR_RETURN(
      std::unique_ptr<Tokenizer> tokenizer,
      Tokenizer::OpenFolder(options.folder, {.token_count_max = settings.token_count_max,
                                             .add_special_tokens = false,
                                             .executor = options.executor}));
  IOLITE_ASSIGN_OR_RETURN(
      StaticTable table,
      StaticTable::Open(options.folder + "/model.safetensors", tokenizer->vocabulary_size()));
  EmbedderInfo info;
  info.model_id = options.model_id;
  info.content_hash = options.content_hash;
  info.architecture = "model2vec";
  info.precision = "f32";
  info.dimension = table.dimension();
  info.token_count_max = settings.token_count_max;
  info.normalized = settings.normalize;
  info.metric = "cosine";
  info.parameter_count = table.row_count() * table.dimension();
  return std::shared_ptr<const Embedder>(std::make_shared<StaticEmbedder>(
      std::move(info), std::move(tokenizer), std::move(table), options.executor));
}

}  // namespace iolite::models
