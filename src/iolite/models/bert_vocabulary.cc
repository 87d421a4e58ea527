#include "iolite/models/internal/bert_vocabulary.h"

#include <filesystem>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>

#include "iolite/models/internal/files.h"

namespace iolite::models {
namespace {

using nlohmann::json;

/// Line n of vocab.txt is the token with id n.
Result<json> ReadVocabulary(const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  json vocabulary = json::object();
  std::istringstream lines(text);
  std::string line;
  for (int64_t id = 0; std::getline(lines, line); ++id) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    vocabulary[line] = id;
  }
  if (vocabulary.empty()) return InvalidArgument("{} is empty: it has no vocabulary", path);
  return vocabulary;
}

Result<json> ReadConfiguration(const std::string& path) {
  if (!FileExists(path)) return json::object();
  IOLITE_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  json configuration = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!configuration.is_object()) return InvalidArgument("{} is no JSON object", path);
  return configuration;
}

/// A setting of type T, or `fallback` when it is absent or of another type (null means absent).
template <typename T>
T Setting(const json& configuration, const char* key, T fallback) {
  const auto found = configuration.find(key);
  if (found == configuration.end()) return fallback;
  if constexpr (std::is_same_v<T, bool>) {
    return found->is_boolean() ? found->template get<bool>() : fallback;
  } else {
    // Older files spell a token as an object with its text in `content`.
    const json& value = found->is_object() ? found->value("content", json()) : *found;
    return value.is_string() ? value.template get<std::string>() : fallback;
  }
}

json Piece(const char* kind, const char* id, int type_id) {
  return {{kind, {{"id", id}, {"type_id", type_id}}}};
}

/// [CLS] A [SEP], and [CLS] A [SEP] B [SEP].
json Template(const std::string& begin, int64_t begin_id, const std::string& end, int64_t end_id) {
  const auto special = [](const std::string& token, int64_t id) {
    return json{{"id", token}, {"ids", {id}}, {"tokens", {token}}};
  };
  const json single = {Piece("SpecialToken", begin.c_str(), 0), Piece("Sequence", "A", 0),
                       Piece("SpecialToken", end.c_str(), 0)};
  json pair = single;
  pair.push_back(Piece("Sequence", "B", 1));
  pair.push_back(Piece("SpecialToken", end.c_str(), 1));
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"pair", pair},
          {"special_tokens", {{begin, special(begin, begin_id)}, {end, special(end, end_id)}}}};
}

json Normalizer(const json& configuration) {
  json normalizer = {
      {"type", "BertNormalizer"},
      {"clean_text", true},
      {"handle_chinese_chars", Setting(configuration, "tokenize_chinese_chars", true)},
      {"strip_accents", nullptr},
      {"lowercase", Setting(configuration, "do_lower_case", true)}};
  const auto strip = configuration.find("strip_accents");
  if (strip != configuration.end() && strip->is_boolean()) normalizer["strip_accents"] = *strip;
  return normalizer;
}

}  // namespace

Result<std::string> BertTokenizerJson(const std::string& folder) {
  const std::filesystem::path base(folder);
  const std::string vocabulary_path = base / "vocab.txt";
  IOLITE_ASSIGN_OR_RETURN(json vocabulary, ReadVocabulary(vocabulary_path));
  IOLITE_ASSIGN_OR_RETURN(json configuration, ReadConfiguration(base / "tokenizer_config.json"));
  json added = json::array();
  std::vector<std::pair<std::string, int64_t>> specials;
  const std::pair<const char*, const char*> kNames[] = {{"unk_token", "[UNK]"},
                                                        {"cls_token", "[CLS]"},
                                                        {"sep_token", "[SEP]"},
                                                        {"pad_token", "[PAD]"},
                                                        {"mask_token", "[MASK]"}};
  for (const auto& [key, name] : kNames) {
    const std::string token = Setting<std::string>(configuration, key, name);
    const auto found = vocabulary.find(token);
    specials.emplace_back(token, found == vocabulary.end() ? -1 : found->get<int64_t>());
    if (specials.back().second < 0) continue;
    added.push_back({{"id", specials.back().second},
                     {"content", token},
                     {"special", true},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false}});
  }
  for (size_t needed = 0; needed < 3; ++needed) {
    if (specials[needed].second >= 0) continue;
    return InvalidArgument("{} lacks the special token {}: it is no vocabulary of BERT's kind",
                           vocabulary_path, specials[needed].first);
  }
  const json document = {{"version", "1.0"},
                         {"truncation", nullptr},
                         {"padding", nullptr},
                         {"added_tokens", added},
                         {"normalizer", Normalizer(configuration)},
                         {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
                         {"post_processor", Template(specials[1].first, specials[1].second,
                                                     specials[2].first, specials[2].second)},
                         {"decoder", {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}},
                         {"model",
                          {{"type", "WordPiece"},
                           {"unk_token", specials[0].first},
                           {"continuing_subword_prefix", "##"},
                           {"max_input_chars_per_word", 100},
                           {"vocab", vocabulary}}}};
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace iolite::models
