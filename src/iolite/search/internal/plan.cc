#include "iolite/search/internal/plan.h"

#include <arrow/type.h>

#include <algorithm>

#include "iolite/search/internal/relation.h"

namespace iolite::search::internal {
namespace {

Status CheckRequest(const SearchRequest& request) {
  if (request.k < 0) {
    return InvalidArgument("k is {}; it says how many rows to answer: 0 or more.", request.k);
  }
  if (request.ef < 0) {
    return InvalidArgument("ef is {}; it is the size of a candidate pool: 0 lets the index choose.",
                           request.ef);
  }
  // Written so that NaN is refused.
  if (!(request.target_recall >= 0 && request.target_recall <= 1)) {
    return InvalidArgument(
        "The target recall is {}; it is the share of the true neighbours to find, above 0 and up "
        "to 1. 0 lets the index choose.",
        request.target_recall);
  }
  if (request.ef > 0 && request.target_recall > 0) {
    return InvalidArgument(
        "ef {} and a target recall of {} are both given: a target recall lets the index choose its "
        "ef, so give one of them.",
        request.ef, request.target_recall);
  }
  return Status::Ok();
}

}  // namespace

Result<Plan> Planner::Make(const RequestContext& context, const SearchRequest& request) {
  IOLITE_RETURN_IF_ERROR(context.Check());
  IOLITE_RETURN_IF_ERROR(CheckRequest(request));
  Plan plan;
  IOLITE_ASSIGN_OR_RETURN(plan.target, targets_.Resolve(context, request.source));
  const catalog::TableEntry& table = plan.target->table;
  IOLITE_ASSIGN_OR_RETURN(plan.snapshot, results_->Get(table.name));
  int64_t row_count = 0;
  for (const results::Snapshot::Part& part : plan.snapshot->parts) {
    row_count += part.segment->row_count();
  }
  plan.k = static_cast<size_t>(std::min(request.k, row_count));
  SetPool(request, plan);
  plan.dimension = plan.snapshot->materialization.dimension;
  if (plan.snapshot->parts.empty()) {
    IOLITE_ASSIGN_OR_RETURN(plan.metric, vector::ParseMetric(table.metric));
  } else {
    plan.metric = plan.snapshot->parts.front().segment->manifest().metric;
    plan.dimension = plan.snapshot->parts.front().segment->manifest().dimension;
  }
  IOLITE_RETURN_IF_ERROR(AddSource(context, request, plan));
  if (!request.where.empty()) {
    IOLITE_ASSIGN_OR_RETURN(plan.filter, filters_.Evaluate(context, *plan.source->rows, table.name,
                                                           *plan.snapshot, request.where));
  }
  return plan;
}

void Planner::SetPool(const SearchRequest& request, Plan& plan) const {
  if (request.target_recall > 0) {
    plan.target_recall = static_cast<float>(request.target_recall);
    return;
  }
  plan.ef = static_cast<size_t>(request.ef > 0 ? request.ef : ef_default_);
  if (plan.ef == 0) plan.target_recall = static_cast<float>(target_recall_default_);
}

Status Planner::AddSource(const RequestContext& context, const SearchRequest& request, Plan& plan) {
  const Target& target = *plan.target;
  Result<std::shared_ptr<const OpenSource>> source = sources_.Get(context, target);
  if (!source.ok()) {
    const bool needed = !request.where.empty() || (request.fetch_rows && !request.select.empty());
    if (needed || source.status().code() == StatusCode::kCancelled ||
        source.status().code() == StatusCode::kDeadlineExceeded) {
      return source.status();
    }
    plan.warnings.push_back(
        source.status().message() +
        (request.fetch_rows ? " Ids and scores are answered without rows." : ""));
    return Status::Ok();
  }
  plan.source = std::move(*source);
  if (plan.source->entry) {
    std::string stale =
        StalenessWarning(target, plan.snapshot->materialization, *plan.source->entry);
    if (!stale.empty()) plan.warnings.push_back(std::move(stale));
  }
  return Status::Ok();
}

Result<std::shared_ptr<arrow::Schema>> Planner::RowSchema(const RequestContext& context,
                                                          std::string_view source,
                                                          const std::vector<std::string>& select) {
  IOLITE_ASSIGN_OR_RETURN(const auto target, targets_.Resolve(context, source));
  IOLITE_ASSIGN_OR_RETURN(const auto opened, sources_.Get(context, *target));
  IOLITE_ASSIGN_OR_RETURN(const auto schema, opened->rows->Schema(context));
  IOLITE_ASSIGN_OR_RETURN(const std::vector<int> columns,
                          SelectColumns(*schema, select, target->table.source));
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (const int column : columns) fields.push_back(schema->field(column));
  return arrow::schema(std::move(fields));
}

}  // namespace iolite::search::internal
