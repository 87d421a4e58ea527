#include "iolite/text/internal/inverter.h"

#include <algorithm>
#include <utility>

#include "iolite/text/internal/layout.h"
#include "iolite/text/internal/varint.h"

namespace iolite::text::internal {
namespace {

constexpr uint32_t kLeftOut = UINT32_MAX - 1;
// Longer words are rare, and not worth remembering.
constexpr size_t kRememberedBytesMax = 64;

}  // namespace

// Reads the lists of an inverter in order of term.
class InverterSource final : public TermSource {
 public:
  InverterSource(const Inverter& inverter, size_t field)
      : inverter_(inverter), lists_(inverter.fields_[field].lists) {}

  bool NextTerm() override {
    while (next_ < inverter_.sorted_.size()) {
      const uint32_t term = inverter_.sorted_[next_++];
      if (term >= lists_.size() || lists_[term].first == nullptr) continue;
      text_ = inverter_.term_texts_[term];
      OpenChunk(lists_[term].first);
      row_ = UINT32_MAX;
      return true;
    }
    return false;
  }
  std::string_view term() const override { return text_; }

  bool NextPosting(Posting& posting) override {
    if (at_ == end_) {
      if (chunk_ == nullptr || chunk_->next == nullptr) return false;
      OpenChunk(chunk_->next);
    }
    uint64_t step = 0;
    GetVarint(at_, end_, step);
    posting.tf = 1;
    if ((step & 1) != 0) GetVarint(at_, end_, posting.tf);
    row_ += static_cast<uint32_t>(step >> 1);
    posting.row = row_;
    const uint8_t* positions = at_;
    if (inverter_.positions_) SkipVarints(at_, end_, posting.tf);
    posting.positions = {reinterpret_cast<const char*>(positions),
                         static_cast<size_t>(at_ - positions)};
    return true;
  }

 private:
  void OpenChunk(const Inverter::Chunk* chunk) {
    chunk_ = chunk;
    at_ = chunk->bytes();
    end_ = at_ + chunk->size;
  }

  const Inverter& inverter_;
  const std::vector<Inverter::List>& lists_;
  size_t next_ = 0;
  std::string_view text_;
  const Inverter::Chunk* chunk_ = nullptr;
  const uint8_t *at_ = nullptr, *end_ = nullptr;
  uint32_t row_ = 0;
};

Inverter::Inverter(std::shared_ptr<const Analyzer> analyzer, size_t field_count, bool positions,
                   size_t batch_words)
    : analyzer_(std::move(analyzer)),
      positions_(positions),
      batch_words_(batch_words),
      fields_(field_count) {}

uint32_t Inverter::TermOf(std::string_view word) {
  const bool remembered = word.size() <= kRememberedBytesMax;
  if (remembered) {
    const uint32_t known = words_.At(word, arena_);
    if (known != WordTable::kNew) return known;
  }
  uint32_t number = kLeftOut;
  if (analyzer_->MakeTerm(word, term_)) {
    uint32_t& term = terms_.At(term_, arena_);
    if (term == WordTable::kNew) {
      term = static_cast<uint32_t>(term_texts_.size());
      term_texts_.push_back(arena_.Keep(term_));
    }
    number = term;
  }
  if (remembered) words_.At(word, arena_) = number;
  return number;
}

uint32_t Inverter::Add(size_t field, uint32_t row, std::string_view text) {
  pieces_.clear();
  analyzer_->Split(text, pieces_);
  std::vector<Word>& words = fields_[field].words;
  uint32_t length = 0;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    const auto [begin, end] = pieces_[i];
    const uint32_t term = TermOf(text.substr(begin, end - begin));
    if (term == kLeftOut) continue;
    words.push_back({term, row, static_cast<uint32_t>(i)});
    ++length;
  }
  if (words.size() >= batch_words_) EndBatch(fields_[field]);
  return length;
}

void Inverter::EndBatch(Field& field) {
  starts_.assign(term_texts_.size() + 1, 0);
  for (const Word& word : field.words) ++starts_[word.term + 1];
  for (size_t term = 0; term < term_texts_.size(); ++term) starts_[term + 1] += starts_[term];
  grouped_.resize(field.words.size());
  for (const Word& word : field.words) grouped_[starts_[word.term]++] = word;
  field.lists.resize(term_texts_.size());
  // Counting moved each start to where the next term begins.
  const Word* begin = grouped_.data();
  for (uint32_t term = 0; term < term_texts_.size(); ++term) {
    const Word* end = grouped_.data() + starts_[term];
    if (begin != end) AppendList(field, term, begin, end);
    begin = end;
  }
  field.words.clear();
}

void Inverter::AppendList(Field& field, uint32_t term, const Word* begin, const Word* end) {
  encoded_.resize(static_cast<size_t>(end - begin) * 3 * kVarintBytesMax);
  List& list = field.lists[term];
  uint8_t* out = encoded_.data();
  while (begin < end) {
    const Word* next = begin;
    while (next < end && next->row == begin->row) ++next;
    const auto tf = static_cast<uint32_t>(next - begin);
    out = PutVarint(uint64_t{begin->row - list.row} << 1 | (tf > 1 ? 1 : 0), out);
    if (tf > 1) out = PutVarint(tf, out);
    list.row = begin->row;
    uint32_t position = 0;
    for (; positions_ && begin < next; ++begin) {
      out = PutVarint(begin->position - position, out);
      position = begin->position;
    }
    begin = next;
  }
  const auto size = static_cast<size_t>(out - encoded_.data());
  auto* chunk = reinterpret_cast<Chunk*>(arena_.Take(sizeof(Chunk) + size));
  *chunk = {nullptr, static_cast<uint32_t>(size)};
  std::memcpy(chunk + 1, encoded_.data(), size);
  (list.last == nullptr ? list.first : list.last->next) = chunk;
  list.last = chunk;
}

void Inverter::Finish() {
  for (Field& field : fields_) {
    if (!field.words.empty()) EndBatch(field);
    field.words = {};
  }
  std::vector<std::pair<uint64_t, uint32_t>> keys;
  keys.reserve(term_texts_.size());
  for (uint32_t term = 0; term < term_texts_.size(); ++term) {
    keys.emplace_back(TermKey(term_texts_[term]), term);
  }
  std::sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;
    return term_texts_[a.second] < term_texts_[b.second];
  });
  sorted_.clear();
  for (const auto& [key, term] : keys) sorted_.push_back(term);
}

std::unique_ptr<TermSource> Inverter::Open(size_t field) const {
  return std::make_unique<InverterSource>(*this, field);
}

int64_t Inverter::memory_bytes() const {
  size_t bytes = term_texts_.capacity() * (sizeof(std::string_view) + 3 * sizeof(uint32_t)) +
                 grouped_.capacity() * sizeof(Word) + encoded_.capacity();
  for (const Field& field : fields_) {
    bytes += field.lists.capacity() * sizeof(List) + field.words.capacity() * sizeof(Word);
  }
  return static_cast<int64_t>(bytes) + arena_.bytes() + words_.bytes() + terms_.bytes();
}

}  // namespace iolite::text::internal
