#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/text/internal/layout.h"
#include "iolite/text/internal/lengths.h"
#include "iolite/text/internal/output.h"
#include "iolite/text/internal/term_source.h"
#include "iolite/text/kernels/kernels.h"

namespace iolite::text::internal {

/// Writes the lists and the dictionary of one part. What the file says depends on terms and rows
/// alone.
class PartWriter {
 public:
  PartWriter(SummedOutput& out, SpillArea& area, Budget& budget, const LengthTable& lengths)
      : out_(out), lengths_(lengths), positions_(area, budget), terms_(area, budget) {}

  /// Writes where the part's lists begin.
  Status Begin();
  void BeginTerm(std::string_view term) { term_ = term; }
  /// Rows ascend.
  Status Add(const Posting& posting);
  /// A term without rows is left out.
  Status EndTerm();
  /// Writes all other sections. `lengths` are those that the table was made of.
  Result<Part> Finish(std::span<const uint32_t> lengths);

 private:
  Status EndBlock();
  Status EndList();
  Status WriteList(std::string_view bytes);
  Frontier MakeFrontier() const;
  void AddToFrontier(uint8_t tf, uint8_t length, std::array<uint16_t, 256>& shortest) const;
  Status WriteSection(Part::SectionName name, std::string_view bytes);
  Status MoveSection(Part::SectionName name, SpillBuffer& buffer);

  SummedOutput& out_;
  const LengthTable& lengths_;
  SpillBuffer positions_, terms_;
  Part part_;
  std::string index_;  // TermBlock of each
  std::string list_;   // written, but not yet handed on

  std::string term_, term_before_;
  uint64_t list_begin_ = 0, positions_begin_ = 0;  // in their sections
  uint64_t df_ = 0;
  uint32_t last_row_ = 0;  // of the block before
  uint32_t row_before_ = 0;
  size_t count_ = 0;  // in the open block
  std::array<uint32_t, kernels::kBlock> rows_{}, tfs_{};
  uint64_t block_positions_ = 0;  // where those of the open block begin, in the list
  std::string position_bytes_;    // of the open block
  std::string entries_;           // BlockEntry of each
  std::array<uint16_t, 256> list_shortest_{};
};

}  // namespace iolite::text::internal
