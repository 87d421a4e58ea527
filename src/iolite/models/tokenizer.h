#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/base/status.h"

namespace iolite::models {

/// Where a token stands in its text.
struct TokenSpan {
  uint32_t begin = 0;  ///< in bytes
  uint32_t end = 0;    ///< past its last byte
  int32_t word = -1;   ///< which word of the text; -1 for special tokens
};

/// Two texts that are read together.
struct TextPair {
  std::string_view first;
  std::string_view second;
};

/// Tokens of many texts, one after the other, without padding. Text i is [offsets[i], offsets[i +
/// 1]).
struct Encodings {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;
  std::vector<uint32_t> offsets = {0};
  std::vector<TokenSpan> spans;  ///< of each token, from EncodeWithSpans

  size_t text_count() const { return offsets.size() - 1; }
  std::span<const int32_t> text_ids(size_t text) const {
    return {ids.data() + offsets[text], ids.data() + offsets[text + 1]};
  }
};

struct TokenizerOptions {
  /// Longer texts are cut, special tokens counted; 0 never cuts.
  int32_t token_count_max = 0;
  /// `do_lower_case` of sentence_bert_config.json: lower-case first, whatever the tokenizer does
  /// itself.
  bool lower_case = false;
  bool add_special_tokens = true;
  /// Shares the work of large batches; null tokenizes in the caller's thread.
  Executor* executor = nullptr;
};

/// Turns text into token ids as a `tokenizer.json` says. Its own padding and truncation are not
/// used.
///
/// Bytes that are not UTF-8 become U+FFFD first.
/// Threads: any number.
/// Cost:    BERT's tokenizer has a fast path, some 15 million tokens a second and core; others run
///          in the tokenizers library, near a million where words are split at white space.
class Tokenizer {
 public:
  /// Opens a tokenizer.json. kNotFound when there is none; kInvalidArgument, naming the file, when
  /// it cannot be read or has no vocabulary.
  static Result<std::unique_ptr<Tokenizer>> Open(const std::string& path,
                                                 const TokenizerOptions& options);

  /// Opens what `folder` has: tokenizer.json, else BERT's vocab.txt with tokenizer_config.json
  /// (`do_lower_case`, `strip_accents`, `tokenize_chinese_chars`, names of special tokens).
  static Result<std::unique_ptr<Tokenizer>> OpenFolder(const std::string& folder,
                                                       const TokenizerOptions& options);
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  /// Replaces `out` with the tokens of `texts`. kCancelled or kDeadlineExceeded as `context` asks;
  /// kInvalidArgument names a text that this tokenizer cannot express.
  Status EncodeBatch(const RequestContext& context, std::span<const std::string_view> texts,
                     Encodings* out) const;

  /// The same for pairs, joined as the tokenizer's template says. Where a pair is too long, the
  /// longer side is cut first.
  Status EncodePairs(const RequestContext& context, std::span<const TextPair> pairs,
                     Encodings* out) const;
  /// As EncodeBatch, with where each token stands. The texts must be UTF-8.
  Status EncodeWithSpans(const RequestContext& context, std::span<const std::string_view> texts,
                         Encodings* out) const;

  /// How many tokens a prompt puts in front of a text: special tokens before it count, those after
  /// it do not. What `include_prompt: false` leaves out of pooling.
  Result<int32_t> CountPromptTokens(std::string_view prompt) const;

  /// The highest id and one: how many rows a model's embedding needs.
  int64_t vocabulary_size() const { return vocabulary_size_; }
  /// For padding batches; 0 when the tokenizer has no padding token, which a mask makes harmless.
  int32_t padding_id() const { return padding_id_; }
  std::optional<int32_t> unknown_id() const { return unknown_id_; }
  std::optional<int32_t> TokenId(std::string_view token) const;
  /// Over the vocabulary, in characters.
  int32_t median_token_length() const { return median_token_length_; }
  const TokenizerOptions& options() const { return options_; }

 private:
  struct Handle;
  Tokenizer(std::unique_ptr<Handle> handle, const TokenizerOptions& options);
  /// `json` is the text of a tokenizer.json; `where` names it in errors.
  static Result<std::unique_ptr<Tokenizer>> OpenJson(std::string_view json, std::string_view where,
                                                     const TokenizerOptions& options);
  /// Encodes in the caller's thread; `pairs` is empty, or as long as `texts`.
  Status EncodeInPlace(std::span<const std::string_view> texts,
                       std::span<const std::string_view> pairs, uint32_t flags,
                       Encodings* out) const;
  Status EncodePieces(const RequestContext& context, std::span<const std::string_view> texts,
                      std::span<const std::string_view> pairs, uint32_t flags,
                      Encodings* out) const;
  uint32_t SpecialTokensFlag() const;

  const std::unique_ptr<Handle> handle_;
  const TokenizerOptions options_;
  int64_t vocabulary_size_ = 0;
  int32_t padding_id_ = 0;
  std::optional<int32_t> unknown_id_;
  int32_t leading_special_count_ = 0;
  int32_t median_token_length_ = 0;
};

}  // namespace iolite::models
