#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/eval/run_file.h"
#include "iolite/evaluation.h"

/// How a measurement is kept: JSON for its entry in the catalog, JSON lines for what was answered.

namespace iolite::eval {

using NamedFigures = std::vector<std::pair<std::string, double>>;

/// `{"ndcg@10": 0.645, …}`, in order.
std::string FiguresToJson(const NamedFigures& figures);
/// kDataLoss for anything else.
Result<NamedFigures> ParseFigures(std::string_view json);

/// How a configuration is asked: `{"source": "papers", "exact": false, …}`.
std::string ConfigurationToJson(const EvalConfiguration& configuration,
                                const std::vector<int64_t>& cutoffs);

/// One line a query: `{"query": "1", "documents": [["d7", 0.83], …]}`, best first. Unlike TREC's
/// layout it carries every id, and the order of equal scores.
std::string AnswersToJsonLines(const std::vector<EvalQueryResult>& answers);
/// kDataLoss, with the line, for anything else.
Result<Run> ParseAnswers(std::string_view lines);

}  // namespace iolite::eval
