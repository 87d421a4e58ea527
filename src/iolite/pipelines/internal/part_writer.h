#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/results/result_table.h"

namespace iolite::pipelines {

/// Collects rows and appends them to a run in parts. The run begins with the first part, unless it
/// is handed over.
///
/// Threads: one.
class PartWriter {
 public:
  struct Options {
    results::ResultStore* results = nullptr;
    std::string table;
    std::string definition_hash;
    int32_t dimension = 0;
    int64_t row_count_max = 0;  ///< of a part
  };
  PartWriter(Options options, std::unique_ptr<results::ResultRun> run)
      : options_(std::move(options)), run_(std::move(run)) {}

  Status Add(std::string_view row_id, std::string_view content_hash, std::span<const float> vector);
  /// Appends what was collected, whatever its number.
  Status Flush();
  /// The run, begun if need be, with everything appended.
  Result<results::ResultRun*> Run();

  /// Whether there is a run: otherwise nothing was made and nothing is to be committed.
  bool has_run() const { return run_ != nullptr; }
  int64_t appended_row_count() const { return appended_row_count_; }

 private:
  Status Begin();

  const Options options_;
  std::unique_ptr<results::ResultRun> run_;
  std::vector<std::string> row_ids_, content_hashes_;
  std::vector<float> vectors_;
  int64_t appended_row_count_ = 0;
};

}  // namespace iolite::pipelines
