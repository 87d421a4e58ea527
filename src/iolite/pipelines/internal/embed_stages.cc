#include "iolite/pipelines/internal/embed_stages.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <utility>

#include "iolite/base/hash.h"
#include "iolite/pipelines/internal/blank_text.h"

namespace iolite::pipelines {
namespace {

constexpr size_t kRowErrorsAtOnce = 1000;
constexpr int kSmallWindows = 3;

double SecondsSince(Clock& clock, int64_t start_ns) {
  return static_cast<double>(clock.monotonic_ns() - start_ns) * 1e-9;
}

bool AllFinite(std::span<const float> vector) {
  for (float value : vector) {
    if (!std::isfinite(value)) return false;
  }
  return true;
}

}  // namespace

Status EmbedStages::Run() {
  Status read, written;
  std::thread reader([&] {
    read = ReadRows();
    to_run_.Close();
  });
  std::thread writer([&] {
    written = WriteWindows();
    to_write_.Abandon();
  });
  Status run = RunWindows();
  to_run_.Abandon();
  to_write_.Close();
  reader.join();
  writer.join();
  if (loading_.valid()) loading_.wait();
  counts_.failed += refused_;
  counts_.model_seconds += load_seconds_;
  if (!written.ok()) return written;
  return run.ok() ? read : run;
}

Status EmbedStages::ReadRows() {
  IOLITE_ASSIGN_OR_RETURN(auto rows, input_.session->Query(job_.context(), input_.query));
  while (true) {
    IOLITE_ASSIGN_OR_RETURN(auto batch, rows->Next());
    if (!batch) break;
    IOLITE_RETURN_IF_ERROR(ReadBatch(*batch));
  }
  IOLITE_RETURN_IF_ERROR(FlushRowErrors());
  return window_ ? SendWindow() : Status::Ok();
}

Status EmbedStages::ReadBatch(const arrow::RecordBatch& batch) {
  for (int column : {0, 1}) {
    if (batch.column(column)->type_id() == arrow::Type::STRING) continue;
    return Internal("column {} of the rows to embed is {}", column,
                    batch.column(column)->type()->ToString());
  }
  const auto& row_ids = static_cast<const arrow::StringArray&>(*batch.column(0));
  const auto& texts = static_cast<const arrow::StringArray&>(*batch.column(1));
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    if (row_ids.IsNull(row))
      return Aborted("A key became null while the rows were read; run again");
    IOLITE_RETURN_IF_ERROR(ReadRow(row_ids.GetView(row), texts.GetView(row)));
  }
  return job_.context().Check();
}

Status EmbedStages::ReadRow(std::string_view row_id, std::string_view text) {
  ++counts_.rows;
  if (IsBlank(text)) {
    ++counts_.failed;
    job_.AddRowsDone(1);
    row_errors_.push_back({.row_id = std::string(row_id), .reason = "the text is empty"});
    return row_errors_.size() < kRowErrorsAtOnce ? Status::Ok() : FlushRowErrors();
  }
  hashed_.assign(input_.definition_hash).append(text);
  std::string content_hash = ContentHash(hashed_);
  if (plan_.Meet(row_id, content_hash) == KnownRows::Match::kSame) {
    ++counts_.unchanged;
    job_.AddRowsDone(1);
    return Status::Ok();
  }
  // The first text is the first need of the model; it is loaded while more rows are read.
  if (!loading_.valid() && !embedder_) {
    loading_ = std::async(std::launch::async, [this] {
      int64_t start_ns = options_.clock->monotonic_ns();
      auto embedder = input_.load_embedder();
      load_seconds_ = SecondsSince(*options_.clock, start_ns);
      return embedder;
    });
  }
  if (!window_) window_ = std::make_unique<Window>();
  window_->row_ids.emplace_back(row_id);
  window_->content_hashes.push_back(std::move(content_hash));
  window_->texts.emplace_back(text);
  window_->text_bytes += static_cast<int64_t>(text.size());
  return WindowIsFull() ? SendWindow() : Status::Ok();
}

// The first windows are small: the model begins while most rows are still to be read, and progress
// shows at once.
bool EmbedStages::WindowIsFull() const {
  int64_t divisor = int64_t{1} << std::max(0, kSmallWindows - windows_sent_);
  return static_cast<int64_t>(window_->texts.size()) * divisor >= options_.window_row_count ||
         window_->text_bytes * divisor >= options_.window_text_bytes;
}

Status EmbedStages::FlushRowErrors() {
  Status status = job_.AddRowErrors(row_errors_);
  row_errors_.clear();
  return status;
}

Result<const models::Embedder*> EmbedStages::Embedder() {
  if (!embedder_) {
    IOLITE_ASSIGN_OR_RETURN(embedder_, loading_.get());
    if (embedder_->info().dimension != input_.dimension) {
      return Internal("the model says it has dimension {}, its vectors have {}", input_.dimension,
                      embedder_->info().dimension);
    }
  }
  return embedder_.get();
}

Status EmbedStages::SendWindow() {
  IOLITE_ASSIGN_OR_RETURN(auto* embedder, Embedder());
  std::vector<std::string_view> texts(window_->texts.begin(), window_->texts.end());
  IOLITE_ASSIGN_OR_RETURN(window_->tokens,
                          embedder->Tokenize(job_.context(), texts, models::TextRole::kDocument));
  std::vector<std::string>().swap(window_->texts);
  counts_.tokens += window_->tokens->token_count();
  ++windows_sent_;
  bool wanted = to_run_.Push(std::exchange(window_, nullptr));
  return wanted ? Status::Ok() : Cancelled("a later stage stopped");
}

Status EmbedStages::RunWindows() {
  while (auto window = to_run_.Pop()) {
    IOLITE_RETURN_IF_ERROR(RunWindow(**window));
    if (!to_write_.Push(std::move(*window))) return Cancelled("a later stage stopped");
  }
  return Status::Ok();
}

Status EmbedStages::RunWindow(Window& window) {
  window.vectors.resize(window.row_ids.size() * static_cast<size_t>(input_.dimension));
  int64_t start_ns = options_.clock->monotonic_ns();
  Status status = embedder_->Run(job_.context(), *window.tokens, window.vectors);
  counts_.model_seconds += SecondsSince(*options_.clock, start_ns);
  window.tokens.reset();
  return status;
}

Status EmbedStages::WriteWindows() {
  while (auto window = to_write_.Pop()) IOLITE_RETURN_IF_ERROR(WriteWindow(**window));
  return parts_.Flush();
}

Status EmbedStages::WriteWindow(const Window& window) {
  size_t dimension = static_cast<size_t>(input_.dimension);
  std::vector<catalog::JobRowError> refused;
  for (size_t row = 0; row < window.row_ids.size(); ++row) {
    std::span<const float> vector(window.vectors.data() + row * dimension, dimension);
    if (AllFinite(vector)) {
      IOLITE_RETURN_IF_ERROR(parts_.Add(window.row_ids[row], window.content_hashes[row], vector));
    } else {
      refused.push_back({window.row_ids[row], "the model gave a vector with NaN or infinity"});
    }
  }
  if (refused.size() == window.row_ids.size() && refused.size() > 1) {
    return Internal("the model gave NaN or infinity for all of {} texts in a row", refused.size());
  }
  refused_ += static_cast<int64_t>(refused.size());
  counts_.embedded += static_cast<int64_t>(window.row_ids.size() - refused.size());
  job_.AddRowsDone(static_cast<int64_t>(window.row_ids.size()));
  IOLITE_RETURN_IF_ERROR(job_.AddRowErrors(refused));
  part_text_bytes_ += window.text_bytes;
  if (part_text_bytes_ < options_.part_text_bytes) return Status::Ok();
  part_text_bytes_ = 0;
  return parts_.Flush();
}

}  // namespace iolite::pipelines
