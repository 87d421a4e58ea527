#include "iolite/text/internal/dictionary.h"

#include <algorithm>
#include <cstring>

#include "iolite/text/internal/varint.h"

namespace iolite::text::internal {

Dictionary::Dictionary(std::string_view bytes, const Extents* extents, const Part& part)
    : index_(bytes.substr(part.sections[Part::kTermIndex].offset,
                          part.sections[Part::kTermIndex].size)),
      terms_(bytes.substr(part.sections[Part::kTerms].offset, part.sections[Part::kTerms].size)),
      extents_(extents),
      part_(part) {}

TermBlock Dictionary::BlockAt(uint64_t block) const {
  TermBlock found;
  std::memcpy(&found, index_.data() + block * sizeof(TermBlock), sizeof(TermBlock));
  return found;
}

uint64_t Dictionary::BlockEnd(uint64_t block) const {
  return block + 1 < block_count() ? BlockAt(block + 1).offset : terms_.size();
}

std::string_view Dictionary::FirstTerm(uint64_t block) const {
  const uint64_t begin = BlockAt(block).offset, end = BlockEnd(block);
  if (begin > end || end > terms_.size()) return {};
  const auto* at = reinterpret_cast<const uint8_t*>(terms_.data()) + begin;
  const auto* last = reinterpret_cast<const uint8_t*>(terms_.data()) + end;
  size_t size = 0;
  if (!GetVarint(at, last, size) || size > static_cast<size_t>(last - at)) return {};
  return {reinterpret_cast<const char*>(at), size};
}

Result<uint64_t> Dictionary::FindBlock(std::string_view term) const {
  const Section& index = part_.sections[Part::kTermIndex];
  IOLITE_RETURN_IF_ERROR(extents_->Need(index.offset, index.size));
  const uint64_t key = TermKey(term);
  uint64_t low = 0, high = block_count();  // the first block that begins behind the term
  while (low < high) {
    const uint64_t middle = (low + high) / 2;
    const uint64_t other = BlockAt(middle).key;
    bool behind = other > key;
    if (other == key) {
      const Section& terms = part_.sections[Part::kTerms];
      const TermBlock block = BlockAt(middle);
      if (block.offset >= terms.size) return uint64_t{0};
      IOLITE_RETURN_IF_ERROR(extents_->Need(terms.offset + block.offset,
                                            std::min<uint64_t>(terms.size - block.offset, 300)));
      behind = FirstTerm(middle) > term;
    }
    behind ? high = middle : low = middle + 1;
  }
  return low == 0 ? 0 : low - 1;
}

Result<bool> Dictionary::Find(std::string_view term, TermEntry* entry) const {
  Cursor cursor(*this);
  const bool found = cursor.Seek(term) && cursor.term() == term;
  IOLITE_RETURN_IF_ERROR(cursor.status());
  if (found) *entry = cursor.entry();
  return found;
}

bool Dictionary::Cursor::Fail() {
  status_ = DataLoss("The text index is damaged: its dictionary cannot be read. Build it anew");
  return false;
}

bool Dictionary::Cursor::OpenBlock(uint64_t block) {
  const uint64_t begin = dictionary_.BlockAt(block).offset, end = dictionary_.BlockEnd(block);
  if (begin > end || end > dictionary_.terms_.size()) return Fail();
  const Section& terms = dictionary_.part_.sections[Part::kTerms];
  status_ = dictionary_.extents_->Need(terms.offset + begin, end - begin);
  if (!status_.ok()) return false;
  at_ = reinterpret_cast<const uint8_t*>(dictionary_.terms_.data()) + begin;
  end_ = at_ + (end - begin);
  next_term_ = block * kTermsPerBlock;
  const TermBlock first = dictionary_.BlockAt(block);
  entry_ = {.postings = {first.postings_offset, 0}, .positions = {first.positions_offset, 0}};
  term_.clear();
  return true;
}

bool Dictionary::Cursor::ReadTerm() {
  size_t shared = 0, size = 0;
  const bool first = next_term_ % kTermsPerBlock == 0;
  bool sound = (first || GetVarint(at_, end_, shared)) && shared <= term_.size() &&
               GetVarint(at_, end_, size) && size <= static_cast<size_t>(end_ - at_);
  if (!sound) return Fail();
  term_.resize(shared);
  term_.append(reinterpret_cast<const char*>(at_), size);
  at_ += size;
  entry_.postings.offset += entry_.postings.size;
  entry_.positions.offset += entry_.positions.size;
  sound = GetVarint(at_, end_, entry_.df) && GetVarint(at_, end_, entry_.postings.size) &&
          GetVarint(at_, end_, entry_.positions.size);
  const auto& sections = dictionary_.part_.sections;
  auto inside = [](const Section& part, const Section& whole) {
    return part.offset <= whole.size && part.size <= whole.size - part.offset;
  };
  if (!sound || entry_.df == 0 || !inside(entry_.postings, sections[Part::kPostings]) ||
      !inside(entry_.positions, sections[Part::kPositions])) {
    return Fail();
  }
  ++next_term_;
  return true;
}

bool Dictionary::Cursor::Next() {
  if (!status_.ok() || next_term_ >= dictionary_.part_.term_count) return false;
  if (next_term_ % kTermsPerBlock == 0 && !OpenBlock(next_term_ / kTermsPerBlock)) return false;
  return ReadTerm();
}

bool Dictionary::Cursor::Seek(std::string_view term) {
  if (!status_.ok() || dictionary_.part_.term_count == 0) return false;
  auto block = dictionary_.FindBlock(term);
  if (!block.ok()) {
    status_ = block.status();
    return false;
  }
  if (!OpenBlock(*block)) return false;
  while (Next()) {
    if (term_ >= term) return true;
  }
  return false;
}

}  // namespace iolite::text::internal
