#include "iolite/models/entities.h"

#include <algorithm>

namespace iolite::models {
namespace {

using Place = Tag::Place;

/// The place that a tag's letter stands for; kOutside for no such letter.
Place PlaceOf(char letter) {
  switch (letter) {
    case 'B': return Place::kBegin;
    case 'I':
    case 'M': return Place::kInside;
    case 'L':
    case 'E': return Place::kLast;
    case 'U':
    case 'S': return Place::kSingle;
    default: return Place::kOutside;
  }
}

bool IsPrefixed(const std::string& label) {
  return label.size() > 2 && (label[1] == '-' || label[1] == '_') &&
         PlaceOf(label[0]) != Place::kOutside;
}

/// A word: some tokens side by side, and the label they agree on.
struct Word {
  uint32_t begin = 0;  // in bytes
  uint32_t end = 0;
  size_t tag = 0;
  float confidence = 0;
};

size_t Best(std::span<const float> row) {
  return static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

/// The tokens [first, first + rows.size() / tag_count) of one word decide.
void Decide(std::span<const float> rows, size_t tag_count, WordStrategy strategy, Word* word) {
  const size_t token_count = rows.size() / tag_count;
  std::vector<float> chosen(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(tag_count));
  for (size_t token = 1; token < token_count && strategy != WordStrategy::kFirst; ++token) {
    const auto row = rows.subspan(token * tag_count, tag_count);
    if (strategy == WordStrategy::kAverage) {
      for (size_t i = 0; i < tag_count; ++i) chosen[i] += row[i];
    } else if (row[Best(row)] > chosen[Best(chosen)]) {
      chosen.assign(row.begin(), row.end());
    }
  }
  word->tag = Best(chosen);
  word->confidence = chosen[word->tag];
  if (strategy == WordStrategy::kAverage) word->confidence /= static_cast<float>(token_count);
}

std::vector<Word> JoinWords(std::span<const TokenSpan> spans, std::span<const float> probabilities,
                            size_t tag_count, WordStrategy strategy) {
  std::vector<Word> words;
  for (size_t begin = 0; begin < spans.size();) {
    size_t end = begin + 1;
    while (end < spans.size() && spans[end].word == spans[begin].word) ++end;
    if (spans[begin].word >= 0) {
      Word word{.begin = spans[begin].begin, .end = spans[end - 1].end};
      Decide(probabilities.subspan(begin * tag_count, (end - begin) * tag_count), tag_count,
             strategy, &word);
      words.push_back(word);
    }
    begin = end;
  }
  return words;
}

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Counts characters up to growing places of a text, each byte once.
class CharacterCounter {
 public:
  explicit CharacterCounter(std::string_view text) : text_(text) {}
  int64_t UpTo(size_t byte) {
    for (; byte_ < byte; ++byte_) {
      if ((static_cast<unsigned char>(text_[byte_]) & 0xc0u) != 0x80u) ++count_;
    }
    return count_;
  }

 private:
  std::string_view text_;
  size_t byte_ = 0;
  int64_t count_ = 0;
};

/// Follows the words of a text, and writes an entity when its last word has passed.
class EntityJoiner {
 public:
  EntityJoiner(std::string_view text, std::vector<Entity>* entities)
      : text_(text), characters_(text), entities_(*entities) {}

  void Add(const Word& word, const Tag& tag) {
    const bool continues =
        open_ && tag.entity == label_ && (tag.place == Place::kInside || tag.place == Place::kLast);
    if (!continues) Close();
    if (tag.place == Place::kOutside) return;
    if (!open_) {
      open_ = true;
      label_ = tag.entity;
      begin_ = word.begin;
    }
    end_ = word.end;
    sum_ += word.confidence;
    ++word_count_;
    if (tag.place == Place::kLast || tag.place == Place::kSingle) Close();
  }

  void Close() {
    if (!open_) return;
    // Tokenizers that keep the blank in front of a word count it to the word.
    while (begin_ < end_ && IsSpace(text_[begin_])) ++begin_;
    while (begin_ < end_ && IsSpace(text_[end_ - 1])) --end_;
    if (begin_ < end_) {
      Entity entity{.label = label_,
                    .text = std::string(text_.substr(begin_, end_ - begin_)),
                    .confidence = sum_ / static_cast<float>(word_count_)};
      entity.begin = characters_.UpTo(begin_);
      entity.end = characters_.UpTo(end_);
      entities_.push_back(std::move(entity));
    }
    open_ = false;
    sum_ = 0;
    word_count_ = 0;
  }

 private:
  const std::string_view text_;
  CharacterCounter characters_;
  std::vector<Entity>& entities_;
  bool open_ = false;
  std::string label_;
  size_t begin_ = 0;
  size_t end_ = 0;
  float sum_ = 0;
  int word_count_ = 0;
};

}  // namespace

Result<WordStrategy> ParseWordStrategy(std::string_view name) {
  if (name == "first") return WordStrategy::kFirst;
  if (name == "average") return WordStrategy::kAverage;
  if (name == "max") return WordStrategy::kMax;
  return InvalidArgument("There is no strategy `{}`; these are: first, average, max", name);
}

std::vector<Tag> ReadTags(std::span<const std::string> labels) {
  const bool prefixed = std::all_of(labels.begin(), labels.end(), [](const std::string& label) {
    return label == "O" || IsPrefixed(label);
  });
  std::vector<Tag> tags;
  for (const std::string& label : labels) {
    if (label == "O") {
      tags.push_back({.place = Place::kOutside});
    } else if (prefixed) {
      tags.push_back({.place = PlaceOf(label[0]), .entity = label.substr(2)});
    } else {
      tags.push_back({.place = Place::kInside, .entity = label});
    }
  }
  return tags;
}

std::vector<Entity> JoinEntities(std::string_view text, std::span<const TokenSpan> spans,
                                 std::span<const float> probabilities, std::span<const Tag> tags,
                                 WordStrategy strategy) {
  std::vector<Entity> entities;
  EntityJoiner joiner(text, &entities);
  for (const Word& word : JoinWords(spans, probabilities, tags.size(), strategy)) {
    joiner.Add(word, tags[word.tag]);
  }
  joiner.Close();
  return entities;
}

}  // namespace iolite::models
