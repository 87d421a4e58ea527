#include "iolite/models/transformer_embedder.h"

#include <algorithm>
#include <optional>

#include "iolite/models/encoder_program.h"
#include "iolite/models/internal/batch_runner.h"
#include "iolite/models/internal/label_model.h"
#include "iolite/models/modules.h"
#include "iolite/models/tokenizer.h"

namespace iolite::models {
namespace {

/// Everything about a model short of a runtime.
struct TransformerParts {
  SentenceModel model;
  std::unique_ptr<Tokenizer> tokenizer;
  EncoderProgram encoder;
  EmbedderInfo info;
  int32_t query_prompt_tokens = 0;
  int32_t document_prompt_tokens = 0;
};

/// Whether this tokenizer gives a single text types other than 0.
Result<bool> UsesTokenTypes(const Tokenizer& tokenizer) {
  Encodings probe;
  const std::string_view text = "a";
  IOLITE_RETURN_IF_ERROR(tokenizer.EncodeBatch(RequestContext(), {&text, 1}, &probe));
  return std::any_of(probe.type_ids.begin(), probe.type_ids.end(),
                     [](int32_t t) { return t != 0; });
}

Result<std::unique_ptr<Tokenizer>> OpenTokenizer(const std::string& folder,
                                                 const SentenceModel& model,
                                                 int64_t token_count_max, Executor* executor) {
  return Tokenizer::OpenFolder(folder, {.token_count_max = static_cast<int32_t>(token_count_max),
                                        .lower_case = model.lower_case,
                                        .executor = executor});
}

Result<TransformerParts> OpenParts(const std::string& folder,
                                   const TransformerEmbedderOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(SentenceModel model, ReadSentenceModel(folder));
  // The program first: what cannot run is refused before anything else is read.
  IOLITE_ASSIGN_OR_RETURN(EncoderProgram encoder, BuildEncoderProgram(model, {}));
  const int64_t token_count_max = TokenCountMax(model.token_count_max, encoder.position_count_max);
  IOLITE_ASSIGN_OR_RETURN(auto tokenizer, OpenTokenizer(model.encoder_folder, model,
                                                        token_count_max, options.executor));
  IOLITE_ASSIGN_OR_RETURN(const bool uses_token_types, UsesTokenTypes(*tokenizer));
  if (uses_token_types && encoder.architecture != "onnx") {
    IOLITE_ASSIGN_OR_RETURN(encoder, BuildEncoderProgram(model, {.uses_token_types = true}));
  }
  EmbedderInfo info{
      .model_id = options.model_id,
      .content_hash = options.content_hash,
      .architecture = encoder.architecture,
      .precision = std::string(PrecisionName(program::ResolvePrecision(options.precision))),
      .dimension = static_cast<int32_t>(encoder.dimension),
      .token_count_max = static_cast<int32_t>(token_count_max),
      .normalized = model.normalized(),
      .metric = model.metric,
      .parameter_count = encoder.program.parameter_count()};
  TransformerParts parts{.model = std::move(model),
                         .tokenizer = std::move(tokenizer),
                         .encoder = std::move(encoder),
                         .info = std::move(info)};
  if (!parts.model.pooling().include_prompt) {
    IOLITE_ASSIGN_OR_RETURN(parts.query_prompt_tokens,
                            parts.tokenizer->CountPromptTokens(parts.model.query_prompt));
    IOLITE_ASSIGN_OR_RETURN(parts.document_prompt_tokens,
                            parts.tokenizer->CountPromptTokens(parts.model.document_prompt));
  }
  return parts;
}

/// Tokens of a call to Tokenize.
class TransformerTexts : public TokenizedTexts {
 public:
  size_t text_count() const override { return encodings.text_count(); }
  int64_t token_count() const override { return static_cast<int64_t>(encodings.ids.size()); }

  Encodings encodings;
  int32_t prompt_token_count = 0;
};

/// Texts with a prompt in front; borrows the texts when there is none.
class PromptedTexts {
 public:
  PromptedTexts(std::span<const std::string_view> texts, const std::string& prompt)
      : views_(texts) {
    if (prompt.empty()) return;
    owned_.reserve(texts.size());
    for (const std::string_view text : texts) owned_.push_back(prompt + std::string(text));
    owned_views_.assign(owned_.begin(), owned_.end());
    views_ = owned_views_;
  }
  std::span<const std::string_view> views() const { return views_; }

 private:
  std::vector<std::string> owned_;
  std::vector<std::string_view> owned_views_;
  std::span<const std::string_view> views_;
};

class TransformerEmbedder : public Embedder {
 public:
  TransformerEmbedder(TransformerParts parts, std::unique_ptr<BatchRunner> runner)
      : parts_(std::move(parts)), runner_(std::move(runner)) {}

  const EmbedderInfo& info() const override { return parts_.info; }

  Result<std::unique_ptr<TokenizedTexts>> Tokenize(const RequestContext& context,
                                                   std::span<const std::string_view> texts,
                                                   TextRole role) const override {
    const bool query = role == TextRole::kQuery;
    const PromptedTexts prompted(texts,
                                 query ? parts_.model.query_prompt : parts_.model.document_prompt);
    auto result = std::make_unique<TransformerTexts>();
    result->prompt_token_count = query ? parts_.query_prompt_tokens : parts_.document_prompt_tokens;
    IOLITE_RETURN_IF_ERROR(
        parts_.tokenizer->EncodeBatch(context, prompted.views(), &result->encodings));
    IOLITE_RETURN_IF_ERROR(CheckTokenIds(result->encodings, parts_.encoder.vocabulary_size,
                                         parts_.model.encoder_folder));
    return std::unique_ptr<TokenizedTexts>(std::move(result));
  }

  Status Run(const RequestContext& context, const TokenizedTexts& texts,
             std::span<float> vectors) const override {
    const auto* own = dynamic_cast<const TransformerTexts*>(&texts);
    if (own == nullptr) return Internal("Texts were tokenized by another kind of embedder");
    const size_t wanted = texts.text_count() * static_cast<size_t>(info().dimension);
    if (vectors.size() != wanted) {
      return InvalidArgument("Room for {} numbers given where {} texts of dimension {} take {}",
                             vectors.size(), texts.text_count(), info().dimension, wanted);
    }
    return runner_->Run(context, own->encodings, own->prompt_token_count, vectors);
  }

 private:
  const TransformerParts parts_;
  const std::unique_ptr<BatchRunner> runner_;
};

}  // namespace

Result<std::unique_ptr<Embedder>> OpenTransformerEmbedder(
    const std::string& folder, const TransformerEmbedderOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(TransformerParts parts, OpenParts(folder, options));
  std::shared_ptr<program::Runtime> runtime = options.runtime;
  if (!runtime) {
    IOLITE_ASSIGN_OR_RETURN(runtime, program::OpenVinoRuntime());
  }
  auto executable = runtime->Load(parts.encoder.program, {.precision = options.precision,
                                                          .thread_count = options.thread_count});
  if (!executable.ok()) return executable.status().WithContext(folder);
  parts.info.precision = PrecisionName((*executable)->precision());
  IOLITE_ASSIGN_OR_RETURN(auto runner,
                          BatchRunner::Make(std::move(*executable), parts.encoder.program.inputs(),
                                            {.dimension = parts.info.dimension,
                                             .batch_token_count_max = options.batch_token_count_max,
                                             .token_count_max = parts.info.token_count_max,
                                             .padding_id = parts.tokenizer->padding_id()}));
  return std::unique_ptr<Embedder>(
      std::make_unique<TransformerEmbedder>(std::move(parts), std::move(runner)));
}

Result<EmbedderInfo> InspectTransformer(const std::string& folder,
                                        const TransformerEmbedderOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(const TransformerParts parts, OpenParts(folder, options));
  return parts.info;
}

Result<program::Program> OpenTransformerProgram(const std::string& folder) {
  IOLITE_ASSIGN_OR_RETURN(TransformerParts parts, OpenParts(folder, {}));
  return std::move(parts.encoder.program);
}

}  // namespace iolite::models
