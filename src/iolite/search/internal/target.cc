#include "iolite/search/internal/target.h"

#include <arrow/table.h>

#include <utility>
#include <vector>

#include "iolite/search/internal/relation.h"
#include "iolite/sql/database.h"

namespace iolite::search::internal {
namespace {

constexpr size_t kListedMax = 20;

template <typename Entry>
std::string NamesOf(const Result<std::vector<Entry>>& entries) {
  if (!entries.ok() || entries->empty()) return "none";
  std::string names;
  for (size_t i = 0; i < entries->size() && i < kListedMax; ++i) {
    names += (i == 0 ? "" : ", ") + (*entries)[i].name;
  }
  if (entries->size() > kListedMax)
    names += fmt::format(" and {} more", entries->size() - kListedMax);
  return names;
}

}  // namespace

std::string_view PlainName(std::string_view name) {
  constexpr std::string_view kMiddle = ".public.";
  const size_t middle = name.find(kMiddle);
  if (middle == std::string_view::npos) return name;
  const std::string_view last = name.substr(middle + kMiddle.size());
  return EqualIgnoringCase(name.substr(0, middle), last) ? last : name;
}

std::shared_ptr<const Target> TargetResolver::Remembered(int64_t revision, std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (revision != revision_) {
    targets_.clear();
    revision_ = revision;
  }
  const auto found = targets_.find(std::string(name));
  return found == targets_.end() ? nullptr : found->second;
}

Result<std::shared_ptr<const Target>> TargetResolver::Resolve(const RequestContext& context,
                                                              std::string_view name) {
  TraceScope step(context.trace, "resolve", *context.clock);
  IOLITE_ASSIGN_OR_RETURN(const int64_t revision, catalog_->Revision());
  std::shared_ptr<const Target> target = Remembered(revision, name);
  if (!target) {
    auto found = std::make_shared<Target>();
    IOLITE_ASSIGN_OR_RETURN(found->table, FindTable(context, name));
    Result<catalog::SourceEntry> source = catalog_->GetSource(found->table.source);
    if (source.ok()) {
      found->source = std::move(*source);
    } else if (source.status().code() != StatusCode::kNotFound) {
      return source.status();
    }
    target = std::move(found);
    const std::lock_guard lock(mutex_);
    if (revision == revision_) targets_[std::string(name)] = target;
  }
  if (step.enabled())
    step.set_detail(fmt::format("{} is answered by {}", name, target->table.name));
  return target;
}

Result<catalog::TableEntry> TargetResolver::FindTable(const RequestContext& context,
                                                      std::string_view name) const {
  if (name.empty())
    return InvalidArgument("A search needs the name of a source or a result table.");
  IOLITE_ASSIGN_OR_RETURN(std::vector<catalog::TableEntry> tables,
                          catalog_->ListTables(PlainName(name)));
  if (!tables.empty()) return std::move(tables.front());
  Result<catalog::TableEntry> table = catalog_->GetTable(name);
  if (table.ok() || table.status().code() != StatusCode::kNotFound) return table;
  return Unknown(context, name);
}

Status TargetResolver::Unknown(const RequestContext& context, std::string_view name) const {
  const std::string_view plain = PlainName(name);
  if (catalog_->GetSource(plain).ok() || IsSqlTable(context, plain)) {
    return FailedPrecondition(
        "{} has no vectors to search yet. Make them with `iolite embed {} --model MODEL --columns "
        "COLUMN,… "
        "--key COLUMN`, or bring your own with `iolite import {} --vectors FILE --key COLUMN`.",
        plain, plain, plain);
  }
  return NotFound(
      "There is no source, SQL table or result table named \"{}\". Sources: {}. Result tables: {}. "
      "Register "
      "files with `iolite sources add NAME FILE…`.",
      name, NamesOf(catalog_->ListSources()), NamesOf(catalog_->ListTables()));
}

bool TargetResolver::IsSqlTable(const RequestContext& context, std::string_view name) const {
  RequestContext untraced = context;
  untraced.trace = nullptr;
  const size_t dot = name.rfind('.');
  const std::string_view table = dot == std::string_view::npos ? name : name.substr(dot + 1);
  const auto found = sessions_->QueryTable(
      untraced, fmt::format("SELECT 1 FROM duckdb_tables() WHERE lower(table_name) = lower({})",
                            sql::QuoteLiteral(table)));
  return found.ok() && (*found)->num_rows() > 0;
}

}  // namespace iolite::search::internal
