#pragma once

#include <span>
#include <string>
#include <vector>

#include "iolite/vector/flat/file.h"
#include "iolite/vector/internal/search_run.h"

namespace iolite::vector::flat {

/// One search of a flat file: codes of one bit propose rows, finer ones choose among these, exact
/// distances decide.
///
/// Threads: one each.
class Search {
 public:
  Search(const File& file, internal::SearchRun& run) : file_(file), run_(run) {}

  /// Whichever way suits the rows that may appear.
  Status Answer();
  /// By codes. `proposed` is a first round of proposals that was made elsewhere, or empty.
  Status ByCodes(const CodeQuery& query, std::vector<Neighbor> proposed);

 private:
  Status Exact(std::string reason);
  Status Propose(const CodeQuery& query, std::vector<Neighbor> proposed, bool& settled);
  Status ReadAll();
  Status FineScan(const CodeQuery& query);
  Status Decide(const CodeQuery& query, std::span<const Neighbor> proposed);
  Result<std::vector<Neighbor>> ByFineCodes(const CodeQuery& query,
                                            std::span<const Neighbor> proposed) const;
  Status Rescore(std::span<const Neighbor> candidates);

  const File& file_;
  internal::SearchRun& run_;
};

}  // namespace iolite::vector::flat
