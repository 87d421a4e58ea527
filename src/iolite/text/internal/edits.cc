#include "iolite/text/internal/edits.h"

#include <algorithm>

namespace iolite::text::internal {
namespace {

constexpr uint64_t kTermsPerCheck = 1024;
// Terms that are read on with a beginning that leads nowhere before the dictionary is asked to
// leave them out at once.
constexpr int kReadOn = 24;

size_t CodePointBytes(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

char32_t CodePointAt(std::string_view text, size_t at, size_t size) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  if (size == 1) return byte(0);
  char32_t point = byte(0) & (0xFF >> (size + 1));
  for (size_t i = 1; i < size; ++i) point = point << 6 | (byte(i) & 0x3F);
  return point;
}

}  // namespace

std::vector<char32_t> CodePoints(std::string_view text) {
  std::vector<char32_t> points;
  for (size_t at = 0; at < text.size();) {
    const size_t size = std::min(CodePointBytes(text[at]), text.size() - at);
    points.push_back(CodePointAt(text, at, size));
    at += size;
  }
  return points;
}

EditAutomaton::EditAutomaton(std::string_view word, int32_t edits_max)
    : word_(CodePoints(word)), edits_max_(edits_max) {
  std::vector<int32_t> first(word_.size() + 1);
  for (size_t i = 0; i < first.size(); ++i) first[i] = static_cast<int32_t>(i);
  rows_.push_back(std::move(first));
}

void EditAutomaton::Rewind(size_t length) {
  rows_.resize(length + 1);
  characters_.resize(length);
}

void EditAutomaton::Step(char32_t character) {
  const std::vector<int32_t>& before = rows_.back();
  std::vector<int32_t> row(before.size());
  row[0] = before[0] + 1;
  const size_t read = characters_.size();
  for (size_t i = 1; i < row.size(); ++i) {
    const int32_t replaced = before[i - 1] + (word_[i - 1] == character ? 0 : 1);
    row[i] = std::min({replaced, before[i] + 1, row[i - 1] + 1});
    const bool swapped =
        i > 1 && read > 0 && word_[i - 2] == character && word_[i - 1] == characters_[read - 1];
    if (swapped) row[i] = std::min(row[i], rows_[read - 1][i - 2] + 1);
  }
  characters_.push_back(character);
  rows_.push_back(std::move(row));
}

bool EditAutomaton::alive() const {
  auto least = [&](size_t row) { return *std::min_element(rows_[row].begin(), rows_[row].end()); };
  const size_t read = characters_.size();
  // A swap may still begin one character earlier.
  return least(read) <= edits_max_ || (read > 0 && least(read - 1) < edits_max_);
}

Status ForEachPrefixed(const RequestContext& context, const Dictionary& dictionary,
                       std::string_view prefix, const VisitTerm& visit) {
  Dictionary::Cursor cursor(dictionary);
  uint64_t terms = 0;
  for (bool there = cursor.Seek(prefix); there && cursor.term().starts_with(prefix);
       there = cursor.Next()) {
    if (terms++ % kTermsPerCheck == 0) IOLITE_RETURN_IF_ERROR(context.Check());
    IOLITE_RETURN_IF_ERROR(visit(cursor.term(), cursor.entry(), 0));
  }
  return cursor.status();
}

Status ForEachNear(const RequestContext& context, const Dictionary& dictionary,
                   std::string_view word, int32_t edits_max, const VisitTerm& visit) {
  Dictionary::Cursor cursor(dictionary);
  EditAutomaton automaton(word, edits_max);
  std::string read;                // what the automaton has read
  std::vector<size_t> ends = {0};  // of its characters, in bytes
  std::string dead;                // a beginning that leads nowhere
  int read_on = 0;
  uint64_t terms = 0;
  bool there = cursor.Seek("");
  while (there) {
    if (terms++ % kTermsPerCheck == 0) IOLITE_RETURN_IF_ERROR(context.Check());
    const std::string& term = cursor.term();
    if (!dead.empty() && term.starts_with(dead)) {
      if (++read_on < kReadOn) {
        there = cursor.Next();
        continue;
      }
      // Behind all that begin so. Terms are UTF-8, so that no byte is 255.
      dead.back() = static_cast<char>(static_cast<unsigned char>(dead.back()) + 1);
      there = cursor.Seek(dead);
      dead.clear();
      continue;
    }
    dead.clear();
    read_on = 0;
    const auto differs = std::mismatch(read.begin(), read.end(), term.begin(), term.end());
    const auto shared = static_cast<size_t>(differs.first - read.begin());
    while (ends.back() > shared) ends.pop_back();
    automaton.Rewind(ends.size() - 1);
    while (ends.back() < term.size() && automaton.alive()) {
      const size_t at = ends.back(), size = std::min(CodePointBytes(term[at]), term.size() - at);
      automaton.Step(CodePointAt(term, at, size));
      ends.push_back(at + size);
    }
    read.assign(term, 0, ends.back());
    if (!automaton.alive()) {
      dead = read;
    } else if (automaton.distance() <= edits_max) {
      IOLITE_RETURN_IF_ERROR(visit(term, cursor.entry(), automaton.distance()));
    }
    there = cursor.Next();
  }
  return cursor.status();
}

}  // namespace iolite::text::internal
