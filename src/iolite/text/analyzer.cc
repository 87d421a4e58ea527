#include "iolite/text/analyzer.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include "iolite/text/internal/languages.h"
#include "iolite/text/internal/stemmer.h"
#include "iolite/text/internal/unicode.h"

namespace iolite::text {
namespace {

constexpr std::pair<AnalyzerKind, std::string_view> kKinds[] = {
    {AnalyzerKind::kStandard, "standard"},
    {AnalyzerKind::kWhitespace, "whitespace"},
    {AnalyzerKind::kNgram, "ngram"}};
constexpr int32_t kNgramMax = 32;

std::string_view KindName(AnalyzerKind kind) {
  for (const auto& [value, name] : kKinds) {
    if (value == kind) return name;
  }
  return "unknown";
}

// What options come to: names looked up, `auto` decided.
struct Decided {
  std::string stemmer;  // empty for none
  std::span<const std::string_view> stop_words;
  bool possessives = false;
};

Result<std::span<const std::string_view>> DecideStopWords(const AnalyzerOptions& options,
                                                          std::string_view language) {
  if (options.stop_words == "none") return std::span<const std::string_view>();
  if (options.stop_words == "auto") return internal::StopWords(language);
  IOLITE_ASSIGN_OR_RETURN(const Language named, internal::FindLanguage(options.stop_words));
  if (named.has_stop_words) return internal::StopWords(named.name);
  std::string known;
  for (const Language& other : Languages()) {
    if (other.has_stop_words) known += fmt::format(", {}", other.name);
  }
  return InvalidArgument("There are no stop words for '{}': auto, none{}", options.stop_words,
                         known);
}

Result<Decided> Decide(const AnalyzerOptions& options) {
  Decided decided;
  Language language;
  if (!options.language.empty()) {
    IOLITE_ASSIGN_OR_RETURN(language, internal::FindLanguage(options.language));
  }
  IOLITE_ASSIGN_OR_RETURN(decided.stop_words, DecideStopWords(options, language.name));
  if (options.stemmer == "auto") {
    decided.stemmer = language.stemmer;
  } else if (options.stemmer != "none") {
    IOLITE_RETURN_IF_ERROR(internal::CheckStemmer(options.stemmer));
    decided.stemmer = options.stemmer;
  }
  decided.possessives = language.name == "english";
  if (options.ngram_min < 1 || options.ngram_max < options.ngram_min ||
      options.ngram_max > kNgramMax) {
    return InvalidArgument("n-grams are of 1 to {} characters, the shortest first, not {} to {}",
                           kNgramMax, options.ngram_min, options.ngram_max);
  }
  return decided;
}

class DecidedAnalyzer final : public Analyzer {
 public:
  DecidedAnalyzer(const AnalyzerOptions& options, Decided decided)
      : Analyzer(options), decided_(std::move(decided)) {}

  void Split(std::string_view text, std::vector<Word>& words) const override {
    switch (options().kind) {
      case AnalyzerKind::kStandard: return internal::SplitWords(text, words);
      case AnalyzerKind::kWhitespace: return internal::SplitAtWhitespace(text, words);
      case AnalyzerKind::kNgram:
        return internal::SplitIntoNgrams(text, options().ngram_min, options().ngram_max, words);
    }
  }

  bool MakeTerm(std::string_view word, std::string& term) const override {
    if (!LowerCase(word, term)) return false;
    if (std::binary_search(decided_.stop_words.begin(), decided_.stop_words.end(), term)) {
      return false;
    }
    if (!decided_.stemmer.empty()) internal::Stem(decided_.stemmer, term);
    return Close(term);
  }

  std::string Fold(std::string_view word) const override {
    std::string term;
    if (LowerCase(word, term)) Close(term);
    return term;
  }

 private:
  bool LowerCase(std::string_view word, std::string& term) const {
    if (options().kind == AnalyzerKind::kWhitespace && decided_.stemmer.empty() &&
        decided_.stop_words.empty()) {
      term.assign(word);
    } else {
      internal::FoldCase(word, term);
    }
    if (decided_.possessives) CutPossessive(term);
    return !term.empty();
  }

  static void CutPossessive(std::string& term) {
    for (const std::string_view ending : {"'s", "\u2019s"}) {
      if (term.size() > ending.size() && term.ends_with(ending)) {
        term.resize(term.size() - ending.size());
      }
    }
  }

  bool Close(std::string& term) const {
    if (options().fold_accents && options().kind != AnalyzerKind::kWhitespace) {
      internal::FoldAccents(term);
    }
    if (term.size() > kTermBytesMax) {
      size_t end = kTermBytesMax;
      while (end > 0 && (static_cast<unsigned char>(term[end]) & 0xC0) == 0x80) --end;
      term.resize(end);
    }
    return !term.empty();
  }

  const Decided decided_;
};

Status ReadNumber(std::string_view key, std::string_view value, int32_t* number) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), *number);
  if (error == std::errc() && end == value.data() + value.size()) return Status::Ok();
  return InvalidArgument("{} of an analyzer is a number, not '{}'", key, value);
}

Status ReadOption(std::string_view key, std::string_view value, AnalyzerOptions* options) {
  if (key == "language") {
    options->language = value;
  } else if (key == "stemmer") {
    options->stemmer = value;
  } else if (key == "stop_words") {
    options->stop_words = value;
  } else if (key == "fold_accents" && (value == "true" || value == "false")) {
    options->fold_accents = value == "true";
  } else if (key == "ngram_min") {
    return ReadNumber(key, value, &options->ngram_min);
  } else if (key == "ngram_max") {
    return ReadNumber(key, value, &options->ngram_max);
  } else {
    return InvalidArgument(
        "An analyzer has no option '{}={}': language, stemmer, stop_words, fold_accents=true or "
        "false, ngram_min, ngram_max",
        key, value);
  }
  return Status::Ok();
}

}  // namespace

std::string FormatAnalyzer(const AnalyzerOptions& options) {
  const AnalyzerOptions usual;
  std::string text(KindName(options.kind));
  if (!options.language.empty()) text += fmt::format(" language={}", options.language);
  if (options.stemmer != usual.stemmer) text += fmt::format(" stemmer={}", options.stemmer);
  if (options.stop_words != usual.stop_words) {
    text += fmt::format(" stop_words={}", options.stop_words);
  }
  if (!options.fold_accents) text += " fold_accents=false";
  if (options.ngram_min != usual.ngram_min) text += fmt::format(" ngram_min={}", options.ngram_min);
  if (options.ngram_max != usual.ngram_max) text += fmt::format(" ngram_max={}", options.ngram_max);
  return text;
}

Result<AnalyzerOptions> ParseAnalyzer(std::string_view text) {
  AnalyzerOptions options;
  bool first = true;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (!std::exchange(first, false)) {
      const size_t equals = std::min(word.find('='), word.size());
      IOLITE_RETURN_IF_ERROR(ReadOption(word.substr(0, equals),
                                        word.substr(std::min(equals + 1, word.size())), &options));
      continue;
    }
    const auto* kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                    [&](const auto& known) { return known.second == word; });
    if (kind == std::end(kKinds)) {
      return InvalidArgument("There is no analyzer '{}': standard, whitespace, ngram", word);
    }
    options.kind = kind->first;
  }
  if (first) return InvalidArgument("An analyzer needs a name: standard, whitespace, ngram");
  IOLITE_RETURN_IF_ERROR(Decide(options).status());
  return options;
}

Result<std::shared_ptr<const Analyzer>> Analyzer::Make(const AnalyzerOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(auto decided, Decide(options));
  IOLITE_RETURN_IF_ERROR(internal::CheckUnicodeData());
  return std::make_shared<const DecidedAnalyzer>(options, std::move(decided));
}

std::vector<Token> Analyzer::Analyze(std::string_view text) const {
  std::vector<Word> words;
  Split(text, words);
  std::vector<Token> tokens;
  std::string term;
  for (size_t i = 0; i < words.size(); ++i) {
    const auto [begin, end] = words[i];
    if (!MakeTerm(text.substr(begin, end - begin), term)) continue;
    tokens.push_back({term, static_cast<uint32_t>(i), begin, end});
  }
  return tokens;
}

}  // namespace iolite::text
