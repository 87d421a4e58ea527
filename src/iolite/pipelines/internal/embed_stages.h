#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/pipelines/embed.h"
#include "iolite/pipelines/internal/bounded_queue.h"
#include "iolite/pipelines/internal/part_writer.h"
#include "iolite/pipelines/internal/running_job.h"
#include "iolite/pipelines/internal/table_plan.h"

namespace iolite::pipelines {

/// Rows on their way through the stages.
struct Window {
  std::vector<std::string> row_ids, content_hashes;
  std::vector<std::string> texts;  ///< until they are tokens
  int64_t text_bytes = 0;
  std::unique_ptr<models::TokenizedTexts> tokens;
  std::vector<float> vectors;
};

/// Moves the rows of a query through three stages, each with a thread: read and tokenize, run,
/// write. At most five windows are in memory. When a stage fails, the ones after it finish what
/// they have.
class EmbedStages {
 public:
  struct Input {
    sql::Session* session = nullptr;
    std::string query;  ///< of two strings: the key, the text
    std::string_view definition_hash;
    int32_t dimension = 0;
    std::function<Result<std::shared_ptr<const models::Embedder>>()> load_embedder;
  };
  struct Counts {
    int64_t rows = 0;
    int64_t embedded = 0;
    int64_t unchanged = 0;
    int64_t failed = 0;
    int64_t tokens = 0;
    double model_seconds = 0;
  };

  EmbedStages(const PipelineOptions& options, Input input, RunningJob& job, TablePlan& plan,
              PartWriter& parts)
      : options_(options), input_(std::move(input)), job_(job), plan_(plan), parts_(parts) {}

  /// The error of the last stage that has one: it is why the others stopped.
  Status Run();
  const Counts& counts() const { return counts_; }

 private:
  using EmbedderResult = Result<std::shared_ptr<const models::Embedder>>;

  Status ReadRows();
  Status ReadBatch(const arrow::RecordBatch& batch);
  Status ReadRow(std::string_view row_id, std::string_view text);
  bool WindowIsFull() const;
  Status SendWindow();
  Status FlushRowErrors();
  Result<const models::Embedder*> Embedder();
  Status RunWindows();
  Status RunWindow(Window& window);
  Status WriteWindows();
  Status WriteWindow(const Window& window);

  const PipelineOptions& options_;
  const Input input_;
  RunningJob& job_;
  TablePlan& plan_;
  PartWriter& parts_;

  BoundedQueue<std::unique_ptr<Window>> to_run_{1}, to_write_{1};
  // Of the reading thread.
  std::unique_ptr<Window> window_;
  std::string hashed_;
  int windows_sent_ = 0;
  std::vector<catalog::JobRowError> row_errors_;
  std::future<EmbedderResult> loading_;
  // Set by the reading thread before it sends the first window.
  std::shared_ptr<const models::Embedder> embedder_;
  // Of the writing thread.
  int64_t part_text_bytes_ = 0;
  Counts counts_;  ///< each field belongs to one thread until all have ended
  int64_t refused_ = 0;
  double load_seconds_ = 0;
};

}  // namespace iolite::pipelines
