#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "iolite/catalog/catalog.h"
#include "iolite/catalog/internal/sqlite.h"

/// Entries to and from rows. Each function expects to run inside a transaction.

namespace iolite::catalog::internal {

/// kAlreadyExists when the name belongs to a source or a result table.
Status InsertSource(Connection& connection, const SourceEntry& source);
Status UpdateSource(Connection& connection, const SourceEntry& source);
Result<SourceEntry> SelectSource(Connection& connection, std::string_view name);
Result<std::vector<SourceEntry>> SelectSources(Connection& connection);
Status DeleteSource(Connection& connection, std::string_view name);
Result<bool> SourceExists(Connection& connection, std::string_view name);

Status UpsertModel(Connection& connection, const ModelEntry& model);
Result<ModelEntry> SelectModel(Connection& connection, std::string_view id);
Result<std::vector<ModelEntry>> SelectModels(Connection& connection);
Status DeleteModel(Connection& connection, std::string_view id);

/// kAlreadyExists when the name belongs to a source.
Status UpsertTable(Connection& connection, const TableEntry& table);
Result<TableEntry> SelectTable(Connection& connection, std::string_view name);
/// Of one source, or all for an empty name; newest first.
Result<std::vector<TableEntry>> SelectTables(Connection& connection, std::string_view source);
Status DeleteTable(Connection& connection, std::string_view name);
Result<bool> TableExists(Connection& connection, std::string_view name);

Status UpsertJob(Connection& connection, const JobEntry& job);
/// All but the `count` that finished last.
Status DeleteOldJobs(Connection& connection, int64_t count);
Result<JobEntry> SelectJob(Connection& connection, std::string_view id);
Result<std::vector<JobEntry>> SelectJobs(Connection& connection);
Result<std::vector<JobEntry>> SelectUnfinishedJobs(Connection& connection);
Status MarkCancel(Connection& connection, std::string_view id);
Result<bool> SelectCancel(Connection& connection, std::string_view id);
Status UpdateProgress(Connection& connection, std::string_view id, int64_t rows_done,
                      int64_t rows_total, int64_t now_us);
Status InsertJobRowErrors(Connection& connection, std::string_view id,
                          const std::vector<JobRowError>& errors);
Result<std::vector<JobRowError>> SelectJobRowErrors(Connection& connection, std::string_view id);

Status InsertEvalRun(Connection& connection, const EvalRunEntry& run);
Result<EvalRunEntry> SelectEvalRun(Connection& connection, std::string_view id);
/// Newest first; none from a file of a format that had no such table.
Result<std::vector<EvalRunEntry>> SelectEvalRuns(Connection& connection);
Status DeleteEvalRun(Connection& connection, std::string_view id);

/// The files of a source or model, in a table (owner, position, path, size_bytes, modified_us,
/// etag).
Status InsertFiles(Connection& connection, const char* insert_sql, std::string_view owner,
                   const std::vector<FileAnchor>& files);
Result<std::vector<FileAnchor>> SelectFiles(Connection& connection, const char* select_sql,
                                            std::string_view owner);

}  // namespace iolite::catalog::internal
