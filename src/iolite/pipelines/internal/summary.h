#pragma once

#include <string>
#include <string_view>

#include "iolite/pipelines/embed.h"

namespace iolite::pipelines {

/// `{"table", "rows", "embedded", "unchanged", "hidden", "failed", "seconds"}`: what a job keeps.
std::string SummaryJson(const EmbedSummary& summary);

/// What a model is, without loading it. kNotFound also lists the models the catalog knows.
Result<models::EmbedderInfo> InspectModel(const PipelineOptions& options, std::string_view id);

}  // namespace iolite::pipelines
