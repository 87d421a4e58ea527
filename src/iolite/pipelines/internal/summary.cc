#include "iolite/pipelines/internal/summary.h"

#include <nlohmann/json.hpp>

namespace iolite::pipelines {

std::string SummaryJson(const EmbedSummary& summary) {
  nlohmann::ordered_json json{{"table", summary.table},
                              {"rows", summary.rows},
                              {"embedded", summary.embedded},
                              {"unchanged", summary.unchanged},
                              {"hidden", summary.hidden},
                              {"failed", summary.failed},
                              {"seconds", summary.seconds},
                              {"tokens", summary.tokens},
                              {"seconds_outside_model", summary.seconds_outside_model}};
  return json.dump();
}

Result<models::EmbedderInfo> InspectModel(const PipelineOptions& options, std::string_view id) {
  if (id.empty()) return InvalidArgument("Name the model to embed with");
  auto info = options.models->Inspect(id);
  if (info.status().code() != StatusCode::kNotFound) return info;
  auto known = options.catalog->ListModels();
  std::string names;
  for (size_t i = 0; known.ok() && i < known->size(); ++i) {
    names += (names.empty() ? "" : ", ") + (*known)[i].id;
  }
  if (names.empty()) return info;
  return NotFound("{}. Models that are here: {}", info.status().message(), names);
}

}  // namespace iolite::pipelines
