#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/base/progress.h"
#include "iolite/base/status.h"
#include "iolite/storage/object_store.h"
#include "iolite/text/analyzer.h"

namespace iolite::text {

class TextIndex;

/// A column of texts, and how much an occurrence in it counts beside the others: .01 to 100, in
/// hundredths.
struct TextField {
  std::string name;
  double boost = 1;

  bool operator==(const TextField&) const = default;
};

/// Reads `title^2,abstract`. kInvalidArgument for empty or repeated names and boosts that cannot
/// be.
Result<std::vector<TextField>> ParseFields(std::string_view text);

/// Where a build puts aside what its memory does not hold: objects `<prefix>.run-1` and on, gone
/// when the build ends. A process that dies leaves them; the next build of the same prefix replaces
/// them.
struct SpillOptions {
  storage::ObjectStore* store = nullptr;
  std::string prefix;
};

struct TextIndexBuildOptions {
  AnalyzerOptions analyzer;
  std::vector<TextField> fields;
  /// Where words stand: what phrases need. About half of the file.
  bool positions = true;
  /// Lists are put aside where they take more than this, or than `budget` gives; without
  /// `spill.store` that is kResourceExhausted.
  int64_t memory_bytes_max = int64_t{512} << 20;
  Budget* budget = &Budget::Unlimited();
  Executor* executor = nullptr;  ///< null for the caller's thread
  SpillOptions spill;
  ProgressFunction progress;  ///< of rows analyzed
};

/// Takes rows in order and makes an index file of them. Row ordinals count from 0. The same rows
/// give the same bytes whatever threads and memory there are.
///
/// Threads: one; Add and Finish use the executor given when it was made.
/// Memory:  four bytes a row and field, the lists (about two bytes an occurrence) up to the bound,
///          and 16 bytes for each distinct term while it is written.
class TextIndexBuilder {
 public:
  using WriteFunction = std::function<Status(std::string_view bytes)>;

  /// kInvalidArgument for what does not exist or cannot be.
  static Result<std::unique_ptr<TextIndexBuilder>> Make(const TextIndexBuildOptions& options);
  virtual ~TextIndexBuilder() = default;

  /// Appends rows: `texts` has one for each field, row after row; an empty one for none.
  /// kInvalidArgument for a text of 2 GiB and more. After an error the builder is spent.
  virtual Status Add(const RequestContext& context, std::span<const std::string_view> texts) = 0;
  /// Writes the file. The builder is spent.
  virtual Status Finish(const RequestContext& context, const WriteFunction& write) = 0;
  /// The same into memory.
  Result<std::string> FinishInMemory(const RequestContext& context);

  virtual int64_t row_count() const = 0;
  virtual int64_t memory_bytes() const = 0;
};

/// An index whose rows shall be part of another one: its row i becomes rows[i].
struct MergeInput {
  static constexpr uint32_t kGone = UINT32_MAX;  ///< the row is left out

  const TextIndex* index = nullptr;
  std::span<const uint32_t> rows;
};

/// Writes one index of several, without their texts: for compaction. Every number below `row_count`
/// is given at most once; one that is not has no text. Analyzer and fields must be equal; boosts
/// are those of the first. The file is what a builder makes of the same rows.
///
/// Memory: twelve bytes a row and field. Rows that are not given in ascending order cost the
/// longest list of a term in addition.
struct MergeOptions {
  uint32_t row_count = 0;
  Budget* budget = &Budget::Unlimited();
  SpillOptions spill;
};
Status MergeTextIndexes(const RequestContext& context, std::span<const MergeInput> inputs,
                        const MergeOptions& options, const TextIndexBuilder::WriteFunction& write);

}  // namespace iolite::text
