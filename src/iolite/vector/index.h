#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/base/status.h"
#include "iolite/columnar/row_set.h"

namespace iolite::vector {

enum class Metric { kCosine, kInnerProduct, kL2, kL1, kHamming, kJaccard };
inline constexpr size_t kMetricCount = 6;
/// Vectors come and go as floats. kU8 holds whole numbers from 0 to 255, kBits 0 and 1; kI8 the
/// direction of a vector.
enum class ElementType { kF32, kF16, kBF16, kI8, kU8, kBits };
inline constexpr size_t kElementTypeCount = 6;

/// `cosine`, `inner_product`, `l2`, `l1`, `hamming`, `jaccard`
std::string_view MetricName(Metric metric);
/// Accepts the names above, and `ip`, `dot`, `euclidean`, `manhattan`. kInvalidArgument lists them.
Result<Metric> ParseMetric(std::string_view name);
std::string_view ElementTypeName(ElementType type);  ///< `f32`, `f16`, `bf16`, `i8`, `u8`, `bits`
Result<ElementType> ParseElementType(std::string_view name);
/// kInvalidArgument unless elements of `type` have this metric: bits have hamming and jaccard, all
/// others the other four.
Status CheckMetric(Metric metric, ElementType type);

/// A row and how far it lies from the query: smaller is nearer. Cosine: 1 - cos; a zero vector is
/// at distance 1 from everything. Inner product: minus the product. L2: the squared Euclidean
/// distance. L1: the sum of absolute differences. Hamming: how many bits differ. Jaccard: 1 less
/// the share of bits set in both among those set in either; 0 when none is.
///
/// Distances in answers are exact for the stored f32 vectors when the index can see them.
/// A vector too short for its squared length to be a number above 0 in f32 counts as a zero vector.
struct Neighbor {
  uint32_t row = 0;
  float distance = 0;
};

/// How a search went: for explanations.
struct SearchStats {
  /// `graph`, `filtered graph`, `codes`, `codes over the filter`, `exact`, `exact over the filter`,
  /// `none`
  std::string plan;
  std::string reason;  ///< why that plan: `filter passes 812 of 117,659 rows`
  int64_t rows_visited = 0;
  int64_t rows_rescored = 0;
};

struct VectorSearch {
  std::span<const float> query;
  size_t k = 10;
  /// Size of the candidate pool of an approximate search; 0 lets the index choose.
  size_t ef = 0;
  /// The share of the true neighbours that shall be found, where `ef` is 0: the index chooses the
  /// pool that reached it when it was built. 0 for the index's own choice. Only `qg` looks at it.
  float target_recall = 0;
  /// Rows that may appear; null for all. Rows past the end are ignored.
  const columnar::RowSet* allowed = nullptr;
  /// Rows that may not appear; null for none. Stands apart from `allowed` because it lives longer.
  const columnar::RowSet* hidden = nullptr;
  /// Only rows at most this far.
  std::optional<float> distance_max;
  /// Scan instead of using a graph or codes.
  bool exact = false;
  SearchStats* stats = nullptr;
};

/// Finds the rows whose vectors lie nearest to a query. For reading; VectorIndexBuilder writes.
///
/// Threads: any number may search.
class VectorIndex {
 public:
  virtual ~VectorIndex() = default;

  /// Fills `out` (at least min(k, row_count()) long) with neighbours, nearest first and by row
  /// among equals, and returns how many there are: min(k, rows that may appear), at every
  /// selectivity.
  ///
  /// kInvalidArgument when the query's dimension is not dimension() or it holds NaN or infinity;
  /// kCancelled or kDeadlineExceeded as `context` asks.
  virtual Result<size_t> Search(const RequestContext& context, const VectorSearch& request,
                                std::span<Neighbor> out) const = 0;

  /// Answers many queries, dimension() floats each and one after another, on `executor`. `request`
  /// says the rest; its `query` and `stats` are not looked at. Query q's neighbours begin at out[q
  /// * min(k, row_count())], and there are counts[q] of them: the same as Search would give. The
  /// error is that of the first query that has one.
  virtual Status SearchBatch(const RequestContext& context, Executor& executor,
                             std::span<const float> queries, const VectorSearch& request,
                             std::span<Neighbor> out, std::span<size_t> counts) const;

  virtual std::string_view kind() const = 0;  ///< `flat`, `usearch`, `qg`
  virtual Metric metric() const = 0;
  virtual ElementType element_type() const = 0;
  virtual int32_t dimension() const = 0;
  virtual int64_t row_count() const = 0;
  virtual int64_t memory_bytes() const = 0;
  virtual int64_t mapped_bytes() const = 0;

  /// Looks at every byte that opening trusted. kDataLoss says what is damaged.
  virtual Status Verify(const RequestContext& context) const = 0;
};

/// Takes rows in order and makes an index of them. Row ordinals count from 0.
///
/// Threads: one; Add and Finish use the executor given when it was made.
class VectorIndexBuilder {
 public:
  virtual ~VectorIndexBuilder() = default;

  /// Appends `row_count` rows of dimension() floats each. kInvalidArgument, naming the row, for NaN
  /// or infinity; nothing of the call is added then.
  virtual Status Add(const RequestContext& context, std::span<const float> rows,
                     size_t row_count) = 0;
  /// Takes bytes that follow those of the call before.
  using WriteFunction = std::function<Status(std::string_view bytes)>;
  /// Writes the index file. The builder is spent.
  virtual Status Finish(const RequestContext& context, const WriteFunction& write) = 0;
  /// The same into memory.
  Result<std::string> FinishInMemory(const RequestContext& context);
  virtual int64_t memory_bytes() const = 0;
};

}  // namespace iolite::vector
