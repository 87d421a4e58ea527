#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "iolite/base/status.h"
#include "iolite/text/internal/extents.h"
#include "iolite/text/internal/layout.h"

namespace iolite::text::internal {

/// Where a term's list lies, in the sections of its part.
struct TermEntry {
  uint64_t df = 0;
  Section postings, positions;
};

/// The terms of one part, mapped: sixteen together share their beginnings, an index finds the
/// sixteen.
class Dictionary {
 public:
  Dictionary() = default;
  Dictionary(std::string_view bytes, const Extents* extents, const Part& part);

  /// True when the term is there.
  Result<bool> Find(std::string_view term, TermEntry* entry) const;
  uint64_t term_count() const { return part_.term_count; }

  /// Walks through the terms in order.
  class Cursor {
   public:
    explicit Cursor(const Dictionary& dictionary) : dictionary_(dictionary) {}
    /// Goes to the first term that is not before `term`; false where there is none, or after an
    /// error: see status().
    bool Seek(std::string_view term);
    bool Next();
    const std::string& term() const { return term_; }
    const TermEntry& entry() const { return entry_; }
    const Status& status() const { return status_; }

   private:
    bool OpenBlock(uint64_t block);
    bool ReadTerm();
    bool Fail();

    const Dictionary& dictionary_;
    uint64_t next_term_ = 0;  // behind the one that was read
    const uint8_t *at_ = nullptr, *end_ = nullptr;
    std::string term_;
    TermEntry entry_;
    Status status_;
  };

 private:
  friend class Cursor;
  uint64_t block_count() const { return (part_.term_count + kTermsPerBlock - 1) / kTermsPerBlock; }
  TermBlock BlockAt(uint64_t block) const;
  uint64_t BlockEnd(uint64_t block) const;
  // The first term of a block; empty where it is damaged.
  std::string_view FirstTerm(uint64_t block) const;
  // The last block that does not begin behind `term`, 0 where all do.
  Result<uint64_t> FindBlock(std::string_view term) const;

  std::string_view index_, terms_;
  const Extents* extents_ = nullptr;
  Part part_;
};

}  // namespace iolite::text::internal
