#include "iolite/text/internal/stemmer.h"

#include <libstemmer.h>

#include <map>
#include <memory>

namespace iolite::text::internal {
namespace {

struct Deleter {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};
using StemmerHandle = std::unique_ptr<sb_stemmer, Deleter>;

sb_stemmer* ThreadStemmer(const std::string& algorithm) {
  static thread_local std::map<std::string, StemmerHandle> stemmers;
  StemmerHandle& stemmer = stemmers[algorithm];
  if (!stemmer) stemmer.reset(sb_stemmer_new(algorithm.c_str(), "UTF_8"));
  return stemmer.get();
}

}  // namespace

Status CheckStemmer(std::string_view algorithm) {
  std::string known;
  for (const char** name = sb_stemmer_list(); *name != nullptr; ++name) {
    if (algorithm == *name) return Status::Ok();
    known += fmt::format(", {}", *name);
  }
  return InvalidArgument("There is no stemmer '{}': auto, none{}", algorithm, known);
}

void Stem(const std::string& algorithm, std::string& word) {
  sb_stemmer* stemmer = ThreadStemmer(algorithm);
  if (stemmer == nullptr) return;
  const sb_symbol* stem = sb_stemmer_stem(stemmer, reinterpret_cast<const sb_symbol*>(word.data()),
                                          static_cast<int>(word.size()));
  if (stem == nullptr) return;
  word.assign(reinterpret_cast<const char*>(stem), static_cast<size_t>(sb_stemmer_length(stemmer)));
}

}  // namespace iolite::text::internal
