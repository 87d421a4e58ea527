#include "iolite/search/internal/source_set.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "iolite/search/internal/loaded_rows.h"
#include "iolite/search/internal/parquet_rows.h"
#include "iolite/search/internal/relation.h"
#include "iolite/search/internal/scan_rows.h"
#include "iolite/sql/source.h"

namespace iolite::search::internal {
namespace {

/// Decoded rows take about this many times the bytes of a text file.
constexpr int64_t kTextGrowth = 2;
/// Keys, their places and their hashes take about this much a row.
constexpr int64_t kKeyBytes = 40;

bool SameFiles(const std::vector<catalog::FileAnchor>& left,
               const std::vector<catalog::FileAnchor>& right) {
  return std::ranges::equal(left, right, [](const auto& a, const auto& b) {
    return a.path == b.path && a.size_bytes == b.size_bytes && a.modified_us == b.modified_us;
  });
}

/// Parquet's own names for where a row stands: a column of that name would hide them.
bool HidesPlaces(const catalog::SourceEntry& entry) {
  return std::ranges::any_of(entry.columns, [](const catalog::ColumnEntry& column) {
    return EqualIgnoringCase(column.name, "file_row_number") ||
           EqualIgnoringCase(column.name, "file_index");
  });
}

std::string FileName(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

std::string EmbedCommand(const catalog::TableEntry& table) {
  if (table.task == "import") return "run `iolite import` again with new vectors";
  std::string columns;
  for (const std::string& column : table.text_columns)
    columns += (columns.empty() ? "" : ",") + column;
  return fmt::format("run `iolite embed {} --model {} --columns {} --key {}` again", table.source,
                     table.model_id, columns, table.key_column);
}

/// What happened to the first file that is not as it was, in words.
std::string FirstChange(const results::Materialization& made, const catalog::SourceEntry& now) {
  std::map<std::string, const results::Materialization::Input*> inputs;
  for (const auto& input : made.inputs) inputs[input.path] = &input;
  std::set<std::string> present;
  for (const catalog::FileAnchor& file : now.files) {
    present.insert(file.path);
    const auto input = inputs.find(file.path);
    if (input == inputs.end()) {
      return fmt::format("{} is new", FileName(file.path));
    } else if (input->second->size_bytes != file.size_bytes ||
               input->second->modified_us != file.modified_us) {
      return fmt::format("{} changed at {}", FileName(file.path),
                         FormatTimestamp(file.modified_us));
    }
  }
  for (const auto& input : made.inputs) {
    if (!present.contains(input.path)) return fmt::format("{} is gone", FileName(input.path));
  }
  return {};
}

}  // namespace

std::string StalenessWarning(const Target& target, const results::Materialization& made,
                             const catalog::SourceEntry& now) {
  // A folder may have moved meanwhile, with the files as they were.
  const auto same = [](const auto& input, const catalog::FileAnchor& file) {
    return input.size_bytes == file.size_bytes && input.modified_us == file.modified_us &&
           FileName(input.path) == FileName(file.path);
  };
  if (made.inputs.empty() || std::ranges::equal(made.inputs, now.files, same)) return {};
  const std::string change = FirstChange(made, now);
  if (change.empty()) return {};
  return fmt::format("The vectors are older than the source {}: {}, they were made at {}; {}.",
                     now.name, change, FormatTimestamp(made.created_us),
                     EmbedCommand(target.table));
}

std::shared_ptr<const OpenSource> SourceSet::Find(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(key);
  return found == sources_.end() ? nullptr : found->second;
}

void SourceSet::Remember(const Key& key, std::shared_ptr<const OpenSource> source) {
  const std::lock_guard lock(mutex_);
  sources_[key] = std::move(source);
}

Result<std::shared_ptr<const OpenSource>> SourceSet::Get(const RequestContext& context,
                                                         const Target& target) {
  return target.source ? OpenFiles(context, target) : OpenTable(target);
}

Result<std::shared_ptr<const OpenSource>> SourceSet::OpenTable(const Target& target) {
  const Key key(target.table.source, target.table.key_column);
  std::shared_ptr<const OpenSource> known = Find(key);
  if (known && !known->entry) return known;
  auto opened = std::make_shared<OpenSource>();
  opened->rows = std::make_shared<ScanRows>(
      sessions_, TableRelation(target.table.source, target.table.key_column), 0);
  Remember(key, opened);
  return std::shared_ptr<const OpenSource>(opened);
}

Result<std::shared_ptr<const OpenSource>> SourceSet::OpenFiles(const RequestContext& context,
                                                               const Target& target) {
  const Key key(target.source->name, target.table.key_column);
  std::shared_ptr<const OpenSource> known = Find(key);
  if (known && known->entry) {
    IOLITE_ASSIGN_OR_RETURN(const sql::SourceState state, sql::CheckSource(*known->entry));
    if (state == sql::SourceState::kUnchanged) return known;
  }
  const std::lock_guard reading(reading_);
  known = Find(key);
  // What another search found while this one waited, or what the catalog says.
  const catalog::SourceEntry& entry = known && known->entry ? *known->entry : *target.source;
  IOLITE_ASSIGN_OR_RETURN(const sql::SourceState state, sql::CheckSource(entry));
  if (state == sql::SourceState::kUnchanged && known && known->entry) return known;
  if (state == sql::SourceState::kGone) {
    std::string patterns;
    for (const std::string& pattern : entry.patterns)
      patterns += (patterns.empty() ? "" : ", ") + pattern;
    return NotFound("The files of source {} are gone: {}. Bring them back, or remove the source.",
                    entry.name, patterns);
  }
  auto opened = std::make_shared<OpenSource>();
  opened->entry = entry;
  if (state == sql::SourceState::kChanged) {
    IOLITE_ASSIGN_OR_RETURN(opened->entry, ReadAnew(context, entry));
  }
  opened->rows = MakeRows(*opened->entry, target.table.key_column);
  Remember(key, opened);
  return std::shared_ptr<const OpenSource>(opened);
}

Result<catalog::SourceEntry> SourceSet::ReadAnew(const RequestContext& context,
                                                 const catalog::SourceEntry& entry) {
  TraceScope step(context.trace, "read source", *context.clock);
  const Result<catalog::SourceEntry> stored = catalog_->GetSource(entry.name);
  if (stored.ok() && !SameFiles(stored->files, entry.files)) {
    const Result<sql::SourceState> state = sql::CheckSource(*stored);
    if (state.ok() && *state == sql::SourceState::kUnchanged) return *stored;
  }
  IOLITE_ASSIGN_OR_RETURN(const catalog::SourceEntry read,
                          sql::RefreshSource(context, *database_, entry));
  // A reader cannot write the catalog: then the writer's next look at the source does.
  (void)catalog_->UpdateSource(read);
  if (step.enabled()) step.set_detail(fmt::format("the files of {} changed", entry.name));
  return read;
}

std::shared_ptr<SourceRows> SourceSet::MakeRows(const catalog::SourceEntry& entry,
                                                const std::string& key_column) {
  uint64_t version = 0;
  {
    const std::lock_guard lock(mutex_);
    version = ++version_last_;
  }
  Relation relation = FileRelation(entry, key_column);
  int64_t file_bytes = 0;
  for (const catalog::FileAnchor& file : entry.files) {
    file_bytes += file.size_bytes;
  }
  const int64_t bytes_max = cache_->bytes_max();
  if (entry.format == "parquet") {
    if (!HidesPlaces(entry) && entry.row_count * kKeyBytes <= bytes_max / 2) {
      return std::make_shared<ParquetRows>(sessions_, cache_, entry, key_column, version);
    }
  } else if (file_bytes * kTextGrowth <= bytes_max) {
    return std::make_shared<LoadedRows>(sessions_, cache_, std::move(relation), version);
  }
  return std::make_shared<ScanRows>(sessions_, std::move(relation), version);
}

}  // namespace iolite::search::internal
