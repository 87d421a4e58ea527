#include "iolite/models/tokenizer.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "iolite/models/internal/bert_vocabulary.h"
#include "iolite/models/internal/files.h"
#include "iolite/models/tokenizers_shim/iolite_tokenizers.h"

namespace iolite::models {
namespace {

// Small enough to balance threads and to notice a cancelled request, large enough to cost nothing.
constexpr size_t kTextsPerPiece = 64;

/// The message of a failed call of the shim, freed.
std::string TakeMessage(IoliteMessage message) {
  std::string text(message.data, message.size);
  iolite_tokenizers_message_free(message);
  return text;
}

IoliteBytes BytesOf(std::string_view text) { return {text.data(), text.size()}; }

void Append(const Encodings& piece, Encodings* out) {
  const auto start = static_cast<uint32_t>(out->ids.size());
  out->ids.insert(out->ids.end(), piece.ids.begin(), piece.ids.end());
  out->type_ids.insert(out->type_ids.end(), piece.type_ids.begin(), piece.type_ids.end());
  out->spans.insert(out->spans.end(), piece.spans.begin(), piece.spans.end());
  for (size_t i = 1; i < piece.offsets.size(); ++i)
    out->offsets.push_back(start + piece.offsets[i]);
}

void CopySpans(const IoliteEncodings& encodings, std::vector<TokenSpan>* spans) {
  spans->clear();
  const int32_t* words = iolite_tokenizers_encodings_words(encodings);
  for (size_t i = 0; words != nullptr && i < encodings.token_count; ++i) {
    spans->push_back(
        {.begin = encodings.spans[2 * i], .end = encodings.spans[2 * i + 1], .word = words[i]});
  }
}

Status Join(std::span<const Encodings> pieces, Encodings* out) {
  size_t token_count = 0;
  size_t text_count = 0;
  for (const Encodings& piece : pieces) {
    token_count += piece.ids.size();
    text_count += piece.text_count();
  }
  if (token_count > std::numeric_limits<uint32_t>::max()) {
    return InvalidArgument(
        "A batch of {} texts has {} tokens, more than {} at once: use smaller batches", text_count,
        token_count, std::numeric_limits<uint32_t>::max());
  }
  *out = Encodings();
  out->ids.reserve(token_count);
  out->type_ids.reserve(token_count);
  out->offsets.reserve(text_count + 1);
  for (const Encodings& piece : pieces) Append(piece, out);
  return Status();
}

}  // namespace

struct Tokenizer::Handle {
  IoliteTokenizer* tokenizer = nullptr;
  ~Handle() { iolite_tokenizers_close(tokenizer); }
};

Tokenizer::Tokenizer(std::unique_ptr<Handle> handle, const TokenizerOptions& options)
    : handle_(std::move(handle)), options_(options) {
  IoliteTokenizerInfo info;
  iolite_tokenizers_info(handle_->tokenizer, &info);
  vocabulary_size_ = static_cast<int64_t>(info.vocabulary_size);
  leading_special_count_ = static_cast<int32_t>(info.leading_special_count);
  median_token_length_ = static_cast<int32_t>(info.median_token_length);
  if (info.unknown_id >= 0) unknown_id_ = static_cast<int32_t>(info.unknown_id);
  if (info.padding_id >= 0) {
    padding_id_ = static_cast<int32_t>(info.padding_id);
  } else {
    padding_id_ = TokenId("[PAD]").value_or(TokenId("<pad>").value_or(0));
  }
}

Tokenizer::~Tokenizer() = default;

Result<std::unique_ptr<Tokenizer>> Tokenizer::Open(const std::string& path,
                                                   const TokenizerOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(std::string json, ReadFile(path));
  return OpenJson(json, path, options);
}

Result<std::unique_ptr<Tokenizer>> Tokenizer::OpenFolder(const std::string& folder,
                                                         const TokenizerOptions& options) {
  const std::filesystem::path base(folder);
  const std::string path = base / "tokenizer.json";
  if (FileExists(path)) return Open(path, options);
  const std::string vocabulary = base / "vocab.txt";
  if (!FileExists(vocabulary)) {
    return NotFound("{} has no tokenizer: neither tokenizer.json nor vocab.txt is there", folder);
  }
  IOLITE_ASSIGN_OR_RETURN(std::string json, BertTokenizerJson(folder));
  return OpenJson(json, vocabulary, options);
}

Result<std::unique_ptr<Tokenizer>> Tokenizer::OpenJson(std::string_view json,
                                                       std::string_view where,
                                                       const TokenizerOptions& options) {
  auto handle = std::make_unique<Handle>();
  IoliteMessage error = {};
  const IoliteTokenizerOptions wanted = {
      .token_count_max = static_cast<uint32_t>(std::max(options.token_count_max, 0)),
      .lower_case = options.lower_case};
  if (iolite_tokenizers_open(BytesOf(json), &wanted, &handle->tokenizer, &error) != 0) {
    return InvalidArgument("{} is no usable tokenizer: {}", where, TakeMessage(error));
  }
  return std::unique_ptr<Tokenizer>(new Tokenizer(std::move(handle), options));
}

uint32_t Tokenizer::SpecialTokensFlag() const {
  return options_.add_special_tokens ? IOLITE_TOKENIZERS_WITH_SPECIAL_TOKENS : 0;
}

Status Tokenizer::EncodeInPlace(std::span<const std::string_view> texts,
                                std::span<const std::string_view> pairs, uint32_t flags,
                                Encodings* out) const {
  std::vector<IoliteBytes> bytes(texts.size()), pair_bytes(pairs.size());
  std::transform(texts.begin(), texts.end(), bytes.begin(), BytesOf);
  std::transform(pairs.begin(), pairs.end(), pair_bytes.begin(), BytesOf);
  IoliteEncodings encodings = {};
  IoliteMessage error = {};
  if (iolite_tokenizers_encode(handle_->tokenizer, bytes.data(),
                               pairs.empty() ? nullptr : pair_bytes.data(), bytes.size(), flags,
                               &encodings, &error) != 0) {
    return InvalidArgument("Tokenizing failed at {}", TakeMessage(error));
  }
  out->ids.assign(encodings.ids, encodings.ids + encodings.token_count);
  out->type_ids.assign(encodings.type_ids, encodings.type_ids + encodings.token_count);
  out->offsets.assign(encodings.offsets, encodings.offsets + texts.size() + 1);
  CopySpans(encodings, &out->spans);
  iolite_tokenizers_encodings_free(encodings);
  return Status();
}

Status Tokenizer::EncodePieces(const RequestContext& context,
                               std::span<const std::string_view> texts,
                               std::span<const std::string_view> pairs, uint32_t flags,
                               Encodings* out) const {
  const size_t piece_count = (texts.size() + kTextsPerPiece - 1) / kTextsPerPiece;
  std::vector<Encodings> pieces(piece_count);
  const auto encode = [&](size_t piece) {
    const size_t begin = piece * kTextsPerPiece;
    const size_t count = std::min(kTextsPerPiece, texts.size() - begin);
    return EncodeInPlace(texts.subspan(begin, count),
                         pairs.empty() ? pairs : pairs.subspan(begin, count), flags,
                         &pieces[piece]);
  };
  Executor& executor = options_.executor ? *options_.executor : Executor::Inline();
  IOLITE_RETURN_IF_ERROR(executor.ParallelFor(context, piece_count, encode));
  return Join(pieces, out);
}

Status Tokenizer::EncodeBatch(const RequestContext& context,
                              std::span<const std::string_view> texts, Encodings* out) const {
  return EncodePieces(context, texts, {}, SpecialTokensFlag(), out);
}

Status Tokenizer::EncodePairs(const RequestContext& context, std::span<const TextPair> pairs,
                              Encodings* out) const {
  std::vector<std::string_view> firsts, seconds;
  for (const TextPair& pair : pairs) {
    firsts.push_back(pair.first);
    seconds.push_back(pair.second);
  }
  return EncodePieces(context, firsts, seconds, SpecialTokensFlag(), out);
}

Status Tokenizer::EncodeWithSpans(const RequestContext& context,
                                  std::span<const std::string_view> texts, Encodings* out) const {
  return EncodePieces(context, texts, {}, SpecialTokensFlag() | IOLITE_TOKENIZERS_WITH_SPANS, out);
}

Result<int32_t> Tokenizer::CountPromptTokens(std::string_view prompt) const {
  Encodings encodings;
  IOLITE_RETURN_IF_ERROR(EncodeInPlace({&prompt, 1}, {}, 0, &encodings));
  const int32_t leading = options_.add_special_tokens ? leading_special_count_ : 0;
  return leading + static_cast<int32_t>(encodings.ids.size());
}

std::optional<int32_t> Tokenizer::TokenId(std::string_view token) const {
  const int64_t id = iolite_tokenizers_token_id(handle_->tokenizer, BytesOf(token));
  if (id < 0) return std::nullopt;
  return static_cast<int32_t>(id);
}

}  // namespace iolite::models
