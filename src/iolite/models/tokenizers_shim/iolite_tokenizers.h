#pragma once

#include <stddef.h>
#include <stdint.h>

/// Hugging Face tokenizers in C. Implemented by the Rust crate in this folder; errors come back as
/// a code other than 0 with a message. Threads: any number may use one tokenizer; nothing here
/// starts any.

#ifdef __cplusplus
extern "C" {
#endif

/// A tokenizer that iolite_tokenizers_open made.
typedef struct IoliteTokenizer IoliteTokenizer;

/// Bytes that the caller owns.
typedef struct {
  const char* data;
  size_t size;
} IoliteBytes;

/// What went wrong, in words. Owned by the crate until iolite_tokenizers_message_free.
typedef struct {
  char* data;
  size_t size;
} IoliteMessage;

/// How texts are made into tokens.
typedef struct {
  uint32_t token_count_max;  ///< 0: texts are never cut
  uint8_t lower_case;        ///< lower-case texts first, whatever the tokenizer does
} IoliteTokenizerOptions;

/// What a caller must know of a tokenizer to form batches.
typedef struct {
  uint64_t vocabulary_size;         ///< the highest id and one
  int64_t padding_id;               ///< -1 when tokenizer.json does not say
  int64_t unknown_id;               ///< -1 when there is none
  uint32_t leading_special_count;   ///< special tokens before one text
  uint32_t trailing_special_count;  ///< and after it
  uint32_t median_token_length;     ///< in characters
} IoliteTokenizerInfo;

/// What to encode with, joined by `|`.
enum {
  IOLITE_TOKENIZERS_WITH_SPECIAL_TOKENS = 1,  ///< such as [CLS] and [SEP]
  IOLITE_TOKENIZERS_WITH_SPANS = 2,           ///< fill `spans`
};

/// Text i has the tokens offsets[i] <= t < offsets[i + 1]. Owned by the crate until
/// iolite_tokenizers_encodings_free.
typedef struct {
  const int32_t* ids;
  const int32_t* type_ids;
  const uint32_t* spans;  ///< two a token: begin and end in bytes of its repaired text; or null
  const uint32_t* offsets;
  size_t token_count;
  void* owner;
} IoliteEncodings;

/// Makes a tokenizer of `json`, the bytes of a tokenizer.json. Its own padding and truncation are
/// switched off.
int32_t iolite_tokenizers_open(IoliteBytes json, const IoliteTokenizerOptions* options,
                               IoliteTokenizer** out, IoliteMessage* error);
/// Frees a tokenizer, which nobody may use any more.
void iolite_tokenizers_close(IoliteTokenizer* tokenizer);
/// Fills `out`.
void iolite_tokenizers_info(const IoliteTokenizer* tokenizer, IoliteTokenizerInfo* out);
/// The id of a token; -1 when there is no such token.
int64_t iolite_tokenizers_token_id(const IoliteTokenizer* tokenizer, IoliteBytes token);

/// Encodes `count` texts in the caller's thread. Bytes that are not UTF-8 are replaced by U+FFFD
/// first. `pairs` is null, or names the second text of each pair.
int32_t iolite_tokenizers_encode(const IoliteTokenizer* tokenizer, const IoliteBytes* texts,
                                 const IoliteBytes* pairs, size_t count, uint32_t flags,
                                 IoliteEncodings* out, IoliteMessage* error);
/// Which word of its text each token belongs to, -1 for special tokens; null without spans. Owned
/// by `encodings`.
const int32_t* iolite_tokenizers_encodings_words(IoliteEncodings encodings);
/// Frees what iolite_tokenizers_encode filled.
void iolite_tokenizers_encodings_free(IoliteEncodings encodings);
/// Frees the message of a call that failed.
void iolite_tokenizers_message_free(IoliteMessage message);

#ifdef __cplusplus
}
#endif
