#include "iolite/text/highlight.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "iolite/text/internal/edits.h"
#include "iolite/text/internal/phrase.h"
#include "iolite/text/internal/plan.h"

namespace iolite::text {
namespace {

using internal::PlanNode;

// Which tokens of a text answer which leaf of a query.
class Finder {
 public:
  Finder(const std::vector<Token>& tokens, size_t field, size_t field_count)
      : tokens_(tokens), field_(field), field_count_(field_count) {}

  void Find(const PlanNode& node) {
    if (node.occur == QueryNode::Occur::kMustNot) return;
    for (const PlanNode& child : node.children) Find(child);
    if (node.part != field_ && node.part != field_count_) return;
    switch (node.kind) {
      case PlanNode::Kind::kTerm:
        return FindWhere([&](const std::string& term) { return term == node.terms[0]; });
      case PlanNode::Kind::kExpansion: return FindExpansion(node);
      case PlanNode::Kind::kPhrase: return FindPhrase(node);
      default: return;
    }
  }

  /// By token, the leaf that it answers; the last one where several do.
  const std::map<size_t, size_t>& found() const { return found_; }

 private:
  template <typename Fits>
  void FindWhere(Fits fits) {
    ++leaf_;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      if (fits(tokens_[i].term)) found_[i] = leaf_;
    }
  }

  void FindExpansion(const PlanNode& node) {
    FindWhere([&](const std::string& term) {
      if (node.is_prefix) return term.starts_with(node.terms[0]);
      internal::EditAutomaton automaton(node.terms[0], node.distance);
      for (const char32_t character : internal::CodePoints(term)) {
        automaton.Step(character);
        if (!automaton.alive()) return false;
      }
      return automaton.distance() <= node.distance;
    });
  }

  void FindPhrase(const PlanNode& node) {
    ++leaf_;
    std::vector<std::vector<uint32_t>> positions(node.terms.size());
    std::vector<std::vector<size_t>> places(node.terms.size());
    for (size_t i = 0; i < tokens_.size(); ++i) {
      for (size_t word = 0; word < node.terms.size(); ++word) {
        if (tokens_[i].term != node.terms[word]) continue;
        positions[word].push_back(tokens_[i].position);
        places[word].push_back(i);
      }
    }
    internal::ForEachPhrase(positions, node.positions, node.distance,
                            [&](std::span<const size_t> at, int64_t) {
                              for (size_t word = 0; word < at.size(); ++word) {
                                found_[places[word][at[word]]] = leaf_;
                              }
                            });
  }

  const std::vector<Token>& tokens_;
  const size_t field_, field_count_;
  size_t leaf_ = 0;
  std::map<size_t, size_t> found_;
};

// Counts characters from place to place; places ascend.
class CharacterCounter {
 public:
  explicit CharacterCounter(std::string_view text) : text_(text) {}

  uint32_t At(uint32_t byte) {
    while (byte_ < byte) {
      byte_ += CharacterBytes();
      ++character_;
    }
    return character_;
  }

 private:
  // Of the character that begins here; 1 where it is broken.
  uint32_t CharacterBytes() const {
    const auto first = static_cast<unsigned char>(text_[byte_]);
    const uint32_t size = first < 0xC2 || first > 0xF4 ? 1
                          : first < 0xE0               ? 2
                          : first < 0xF0               ? 3
                                                       : 4;
    for (uint32_t i = 1; i < size; ++i) {
      if (byte_ + i >= text_.size() || (text_[byte_ + i] & 0xC0) != 0x80) return 1;
    }
    return size;
  }

  const std::string_view text_;
  uint32_t byte_ = 0, character_ = 0;
};

std::vector<TextSpan> SpansOf(const std::vector<Token>& tokens, std::string_view text) {
  CharacterCounter begins(text), ends(text);
  std::vector<TextSpan> spans;
  for (const Token& token : tokens) {
    spans.push_back(
        {token.byte_begin, token.byte_end, begins.At(token.byte_begin), ends.At(token.byte_end)});
  }
  return spans;
}

// The stretch with most different leaves, then most words, then the first. It begins a little
// before the first of them.
TextSpan BestFragment(const std::vector<TextSpan>& spans, const std::map<size_t, size_t>& found,
                      uint32_t characters_max) {
  std::pair<size_t, size_t> best{0, 0};
  size_t first = 0, last = 0;
  for (auto begin = found.begin(); begin != found.end(); ++begin) {
    std::set<size_t> leaves;
    size_t words = 0, end_token = begin->first;
    for (auto at = begin; at != found.end(); ++at) {
      const uint32_t length = spans[at->first].character_end - spans[begin->first].character_begin;
      if (at != begin && length > characters_max) break;
      leaves.insert(at->second);
      ++words;
      end_token = at->first;
    }
    if (std::pair(leaves.size(), words) <= best) continue;
    best = {leaves.size(), words};
    first = begin->first;
    last = end_token;
  }
  auto length = [&](size_t from, size_t to) {
    return spans[to].character_end - spans[from].character_begin;
  };
  const uint32_t before =
      length(first, last) < characters_max ? (characters_max - length(first, last)) / 2 : 0;
  const size_t wanted = first;
  while (first > 0 && length(first - 1, last) <= characters_max &&
         spans[wanted].character_begin - spans[first - 1].character_begin <= before) {
    --first;
  }
  while (last + 1 < spans.size() && length(first, last + 1) <= characters_max) ++last;
  return {spans[first].byte_begin, spans[last].byte_end, spans[first].character_begin,
          spans[last].character_end};
}

}  // namespace

Result<Highlights> Highlight(const HighlightRequest& request, std::string_view text) {
  if (text.size() > Analyzer::kTextBytesMax) {
    return InvalidArgument("The text has {} bytes: at most {}", text.size(),
                           Analyzer::kTextBytesMax);
  }
  const auto field = std::find_if(request.fields.begin(), request.fields.end(),
                                  [&](const auto& known) { return known.name == request.field; });
  if (field == request.fields.end()) {
    return InvalidArgument("There is no text field '{}' to highlight", request.field);
  }
  const internal::PlanTarget target{*request.analyzer, request.fields, true};
  IOLITE_ASSIGN_OR_RETURN(const auto plan, internal::MakePlan(target, *request.query));
  // Words that are left out belong to the surroundings as well, but have no place among tokens.
  const std::vector<Token> tokens = request.analyzer->Analyze(text);
  Finder finder(tokens, static_cast<size_t>(field - request.fields.begin()), request.fields.size());
  finder.Find(plan);
  Highlights highlights;
  if (finder.found().empty()) return highlights;
  const auto spans = SpansOf(tokens, text);
  for (const auto& [token, leaf] : finder.found()) highlights.words.push_back(spans[token]);
  highlights.fragment = BestFragment(spans, finder.found(), request.fragment_characters);
  return highlights;
}

}  // namespace iolite::text
