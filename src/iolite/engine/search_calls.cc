#include <arrow/c/bridge.h>
#include <arrow/table.h>

#include "iolite/columnar/arrow_status.h"
#include "iolite/engine/local_engine.h"
#include "iolite/search/search.h"

namespace iolite::engine {
namespace {

Result<ArrowStream> ExportRows(const std::shared_ptr<arrow::Table>& rows) {
  ArrowStream stream;
  if (rows == nullptr) return stream;
  auto reader = std::make_shared<arrow::TableBatchReader>(rows);
  IOLITE_RETURN_IF_ERROR(columnar::FromArrow(arrow::ExportRecordBatchReader(reader, stream.get())));
  return stream;
}

Result<SearchResult> ToPublic(search::SearchResponse response) {
  SearchResult result{.table = std::move(response.table),
                      .hits = std::move(response.hits),
                      .warnings = std::move(response.warnings)};
  IOLITE_ASSIGN_OR_RETURN(result.rows, ExportRows(response.rows));
  return result;
}

std::vector<ExplainStep> ToPublic(const Trace& trace) {
  std::vector<ExplainStep> steps;
  for (const auto& step : trace.steps()) {
    steps.push_back({step.name, static_cast<double>(step.duration_ns) * 1e-6, step.detail});
  }
  return steps;
}

}  // namespace

Result<SearchResult> LocalEngine::Search(const SearchOptions& options, const CallOptions& call) {
  auto context = MakeContext(call);
  Trace trace;
  context.trace = &trace;
  IOLITE_ASSIGN_OR_RETURN(auto response, searcher_->Search(context, options));
  IOLITE_ASSIGN_OR_RETURN(auto result, ToPublic(std::move(response)));
  result.steps = ToPublic(trace);
  return result;
}

Result<std::vector<SearchResult>> LocalEngine::SearchBatch(const SearchOptions& options,
                                                           const std::vector<SearchQuery>& queries,
                                                           int32_t thread_count,
                                                           const CallOptions& call) {
  IOLITE_ASSIGN_OR_RETURN(
      auto responses, searcher_->SearchBatch(MakeContext(call), options, queries, thread_count));
  std::vector<SearchResult> results;
  results.reserve(responses.size());
  for (auto& response : responses) {
    IOLITE_ASSIGN_OR_RETURN(auto result, ToPublic(std::move(response)));
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace iolite::engine
