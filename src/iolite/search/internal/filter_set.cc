#include "iolite/search/internal/filter_set.h"

#include <arrow/table.h>

#include "iolite/search/explanation.h"
#include "iolite/search/internal/text_column.h"

namespace iolite::search::internal {
namespace {

constexpr std::string_view kStableFunctions = R"(
    SELECT DISTINCT lower(function_name) FROM duckdb_functions()
    WHERE internal AND function_type = 'scalar' AND stability = 'CONSISTENT'
    EXCEPT
    SELECT lower(function_name) FROM duckdb_functions()
    WHERE NOT internal OR (function_type = 'scalar' AND stability <> 'CONSISTENT')
       OR lower(function_name) IN ('getvariable', 'current_setting', 'getenv', 'error'))";

int64_t RowCount(const results::Snapshot& snapshot) {
  int64_t count = 0;
  for (const auto& part : snapshot.parts) count += part.segment->row_count();
  return count;
}

}  // namespace

Result<const std::set<std::string, std::less<>>*> FilterSet::StableFunctions(
    const RequestContext& context) {
  const std::lock_guard lock(mutex_);
  if (stable_functions_.empty()) {
    IOLITE_ASSIGN_OR_RETURN(const auto names, sessions_->QueryTable(context, kStableFunctions));
    IOLITE_RETURN_IF_ERROR(
        ForEachText(*names->column(0), [&](std::optional<std::string_view> name) {
          if (name) stable_functions_.emplace(*name);
          return Status::Ok();
        }));
  }
  return &stable_functions_;
}

Result<std::shared_ptr<const FilterRows>> FilterSet::Evaluate(const RequestContext& context,
                                                              SourceRows& source,
                                                              std::string_view table,
                                                              const results::Snapshot& snapshot,
                                                              const std::string& condition) {
  TraceScope step(context.trace, "filter", *context.clock);
  const auto tell = [&](const FilterRows& rows, std::string_view way) {
    if (!step.enabled()) return;
    step.set_detail(fmt::format("`{}` passes {} of {} rows, {}", condition,
                                WithThousands(rows.match_count), WithThousands(RowCount(snapshot)),
                                way));
  };
  std::string key;
  if (source.version() != 0) {
    key = fmt::format("{}\n{}\n{}\n{}", table, snapshot.version, source.version(), condition);
    if (auto kept = kept_.Find(key)) {
      tell(*kept, "known from before");
      return kept;
    }
  }
  IOLITE_ASSIGN_OR_RETURN(const Condition parsed, ParseCondition(condition));
  IOLITE_ASSIGN_OR_RETURN(FilterRows rows, source.Filter(context, snapshot, condition));
  auto evaluated = std::make_shared<const FilterRows>(std::move(rows));
  tell(*evaluated, "evaluated in SQL");
  if (key.empty()) return evaluated;
  const bool calls_functions = !parsed.functions.empty();
  static const std::set<std::string, std::less<>> kNone;
  const std::set<std::string, std::less<>>* stable = &kNone;
  if (calls_functions) {
    IOLITE_ASSIGN_OR_RETURN(stable, StableFunctions(context));
  }
  if (IsRepeatable(parsed, *stable)) kept_.Put(std::move(key), evaluated);
  return evaluated;
}

}  // namespace iolite::search::internal
