#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"

namespace iolite::text {

enum class AnalyzerKind {
  kStandard,    ///< words as Unicode's UAX #29 finds them; Chinese, Japanese, Thai, Lao, Khmer and
                ///< Burmese, which have no spaces, by ICU's dictionaries
  kWhitespace,  ///< what stands between white space, as it is
  kNgram,       ///< every run of `ngram_min` to `ngram_max` letters and digits
};

/// How a text becomes terms. Written into an index, so that queries are read in the same way.
///
/// A piece of text goes through: compatibility folding and lower case (NFKC_Casefold; `standard`
/// and `ngram`), English possessives, stop words, stemming, accents.
struct AnalyzerOptions {
  AnalyzerKind kind = AnalyzerKind::kStandard;
  /// `en` or `english`, see Languages(); empty for a text of any language: neither stop words nor
  /// stems.
  std::string language;
  /// An algorithm of Snowball (`english`, `porter`, `german2`), `none`, or `auto`: that of the
  /// language.
  std::string stemmer = "auto";
  /// The language whose stop words are left out, `none`, or `auto`: those of the language where
  /// there are some.
  std::string stop_words = "auto";
  /// Leave out accents (U+0300 to U+036F after decomposition), after stemming: café is found by
  /// cafe.
  bool fold_accents = true;
  int32_t ngram_min = 3;
  int32_t ngram_max = 3;

  bool operator==(const AnalyzerOptions&) const = default;
};

/// `standard language=en stemmer=porter`: the kind, and what differs from the defaults.
std::string FormatAnalyzer(const AnalyzerOptions& options);
/// Reads FormatAnalyzer's text. kInvalidArgument names what exists where something does not.
Result<AnalyzerOptions> ParseAnalyzer(std::string_view text);

/// A language, with its stemmer and whether it has stop words; both may be lacking.
struct Language {
  std::string_view code, name, stemmer;
  bool has_stop_words = false;
};
const std::vector<Language>& Languages();

/// A term, and where it stands. Positions count words, those left out too.
struct Token {
  std::string term;
  uint32_t position = 0;
  uint32_t byte_begin = 0, byte_end = 0;
};

/// Makes terms of texts. Bytes that are not UTF-8 separate words and never end up in a term.
///
/// Threads: any number.
class Analyzer {
 public:
  static constexpr size_t kTermBytesMax = 255;  ///< longer terms are cut, here as in queries
  static constexpr size_t kTextBytesMax = (size_t{1} << 31) - 2;

  /// kInvalidArgument names what exists when kind, language, stemmer or stop words do not.
  static Result<std::shared_ptr<const Analyzer>> Make(const AnalyzerOptions& options);
  virtual ~Analyzer() = default;

  const AnalyzerOptions& options() const { return options_; }

  /// A piece of a text that may become a term, by bytes.
  struct Word {
    uint32_t begin = 0, end = 0;
  };
  /// Appends the pieces of `text` in order; the position of a term is its piece's place among them.
  /// `text` is at most kTextBytesMax long.
  virtual void Split(std::string_view text, std::vector<Word>& words) const = 0;
  /// Makes the term of one piece; false when it is left out.
  virtual bool MakeTerm(std::string_view word, std::string& term) const = 0;
  /// The same without stop words and stemming, for the beginnings and misspellings that queries
  /// ask.
  virtual std::string Fold(std::string_view word) const = 0;

  /// Split and MakeTerm for all of a text.
  std::vector<Token> Analyze(std::string_view text) const;

 protected:
  explicit Analyzer(AnalyzerOptions options) : options_(std::move(options)) {}

 private:
  const AnalyzerOptions options_;
};

}  // namespace iolite::text
