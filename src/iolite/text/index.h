#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/base/status.h"
#include "iolite/columnar/row_set.h"
#include "iolite/text/analyzer.h"
#include "iolite/text/index_builder.h"
#include "iolite/text/query.h"

namespace iolite::text {

/// A row that answers a query: the higher the score the better, always above 0.
struct TextHit {
  uint32_t row = 0;
  double score = 0;

  bool operator==(const TextHit&) const = default;
};

/// score = boost * idf * tf / (tf + k1 * (1 - b + b * length / average length)), with
/// idf = ln(1 + (N - df + .5) / (df + .5)); summed over the terms of a query. N counts rows with
/// text. Over several fields, tf and lengths are sums weighted by the fields' boosts (BM25F).
struct Bm25 {
  float k1 = 1.2f;
  float b = 0.75f;
};

/// What scores depend on beside a row itself. Segments that answer together must share it: add up
/// what each says of the query, and hand the sum to every search.
///
/// Of the terms that a beginning or a misspelling stands for it keeps all that some segment has.
struct TextStatistics {
  struct Field {
    uint64_t rows = 0;    ///< with text
    uint64_t length = 0;  ///< of all texts, weighted
  };
  std::map<std::string, Field> fields;  ///< the empty name: all fields together
  /// By field and term.
  std::map<std::pair<std::string, std::string>, uint64_t> row_counts;
  /// By field and what was asked (`cell*`, `cell~1`): terms, and their edits.
  std::map<std::pair<std::string, std::string>, std::map<std::string, int32_t>> expansions;

  void Add(const TextStatistics& other);
};

/// How a search went: for explanations.
struct TextSearchStats {
  /// `union`, `intersection`, `rows of the filter`, `none`
  std::string plan;
  std::string reason;
  int64_t rows_matched = 0;     ///< rows offered to the answer; others could not enter it
  int64_t blocks_unpacked = 0;  ///< of 128 rows
  int64_t blocks_there = 0;     ///< in the lists of the query's terms
};

struct TextSearch {
  const TextQuery* query = nullptr;
  size_t k = 10;
  Bm25 bm25;
  /// Of all segments that answer together; null for those of this index alone.
  const TextStatistics* statistics = nullptr;
  /// Rows that may appear; null for all. Rows past the end are ignored.
  const columnar::RowSet* allowed = nullptr;
  /// Rows that may not appear; null for none. They count in statistics until segments are merged.
  const columnar::RowSet* hidden = nullptr;
  /// Score every matching row instead of leaving out those that cannot enter the answer, which is
  /// the same.
  bool exhaustive = false;
  TextSearchStats* stats = nullptr;
};

/// What one term adds to a row's score.
struct TermExplanation {
  std::string field;  ///< empty for all fields together
  std::string term;   ///< `cell`, `"stem cell"`, `cell*`
  double boost = 1;
  uint64_t row_count = 0;  ///< N
  uint64_t df = 0;         ///< rows with the term; of a phrase, of the rarest of its words
  double idf = 0;
  double tf = 0;  ///< weighted; of a misspelling, less for each edit
  double length = 0, average_length = 0;
  double contribution = 0;
};
struct TextExplanation {
  bool matches = false;
  double score = 0;
  std::vector<TermExplanation> terms;  ///< those that the row has
};

struct TextIndexOpenOptions {
  /// Holds the bytes; kept as long as the index.
  std::shared_ptr<const void> keep_alive;
};

/// Finds the rows whose texts answer a query. For reading; TextIndexBuilder writes.
///
/// Threads: any number may search.
/// Cost:    opening reads the directory; all else is checked against its checksums when a search
///          first needs it, 256 KiB at a time, and gives kDataLoss then.
class TextIndex {
 public:
  /// Over bytes in memory, mapped or not. kDataLoss when they are damaged, kUnimplemented when a
  /// newer release wrote them, kInvalidArgument when this one lacks their analyzer.
  static Result<std::unique_ptr<const TextIndex>> Open(std::string_view bytes,
                                                       TextIndexOpenOptions options);
  virtual ~TextIndex() = default;

  /// Fills `out` (at least min(k, row_count()) long) with hits, the best first and by row among
  /// equals, and returns how many there are: min(k, rows that match and may appear). Scores are the
  /// same to the bit whatever the way, the threads and the segments, given the same statistics.
  ///
  /// kInvalidArgument for an unknown field, a phrase where no positions are kept, a beginning of
  /// more than 65,536 terms, and a query that only says what must not occur; kCancelled or
  /// kDeadlineExceeded as `context` asks.
  virtual Result<size_t> Search(const RequestContext& context, const TextSearch& request,
                                std::span<TextHit> out) const = 0;
  /// Answers many queries on `executor`; `request` says the rest. Answer i is what Search would
  /// give. The error is that of the first query that has one.
  Result<std::vector<std::vector<TextHit>>> SearchBatch(const RequestContext& context,
                                                        Executor& executor,
                                                        std::span<const TextQuery> queries,
                                                        const TextSearch& request) const;
  /// What this index says of the terms of a query.
  virtual Result<TextStatistics> Statistics(const RequestContext& context,
                                            const TextQuery& query) const = 0;
  /// How the score of one row comes about. kOutOfRange when there is no such row.
  virtual Result<TextExplanation> Explain(const RequestContext& context, const TextSearch& request,
                                          uint32_t row) const = 0;

  virtual const std::shared_ptr<const Analyzer>& analyzer() const = 0;
  virtual const std::vector<TextField>& fields() const = 0;
  virtual bool has_positions() const = 0;
  virtual int64_t row_count() const = 0;
  virtual int64_t mapped_bytes() const = 0;
  /// Distinct terms of a field, or of all together for the empty name.
  virtual Result<uint64_t> TermCount(std::string_view field) const = 0;

  /// Looks at every byte that opening trusted. kDataLoss says where the damage is.
  virtual Status Verify(const RequestContext& context) const = 0;
};

}  // namespace iolite::text
