#pragma once

#include <cstdint>
#include <string_view>

#include "iolite/base/status.h"

namespace iolite::text::internal {

/// One row of a list: how often the term occurs there, and where. Positions are varints, the first
/// as it is, the others as steps.
struct Posting {
  uint32_t row = 0;
  uint32_t tf = 0;
  std::string_view positions;
};

/// Terms in bytewise order, and the rows of each in ascending order: what an index file is written
/// from.
class TermSource {
 public:
  virtual ~TermSource() = default;
  /// Goes to the next term. False at the end, or after an error: see status().
  virtual bool NextTerm() = 0;
  virtual std::string_view term() const = 0;
  /// The next row of the term. Its positions last until the next call.
  virtual bool NextPosting(Posting& posting) = 0;
  virtual Status status() const { return Status::Ok(); }
};

}  // namespace iolite::text::internal
