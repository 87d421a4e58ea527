#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "iolite/base/log.h"
#include "iolite/base/machine.h"
#include "iolite/engine/local_engine.h"
#include "iolite/pipelines/tables.h"
#include "iolite/storage/local_store.h"

namespace iolite::engine {
namespace {

namespace fs = std::filesystem;

Result<std::string> ReadSettingsFile(const fs::path& path) {
  if (!fs::exists(path)) return std::string();
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file.good() && !file.eof()) {
    return PermissionDenied("Cannot read {}: check its permissions", path.string());
  }
  return text.str();
}

int64_t BudgetBytes(const Settings& settings) {
  return settings.memory.budget_bytes > 0 ? settings.memory.budget_bytes
                                          : MachineMemoryBytes() / 10 * 6;
}

Status MakeFolder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error)
    return ErrnoStatus(error.value(),
                       fmt::format("Cannot make the database folder {}", path.string()));
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<Engine>> LocalEngine::Open(const EngineOptions& options) {
  auto engine = std::unique_ptr<LocalEngine>(new LocalEngine());
  IOLITE_RETURN_IF_ERROR(engine->OpenFolder(options));
  IOLITE_RETURN_IF_ERROR(engine->OpenRooms(options));
  IOLITE_RETURN_IF_ERROR(engine->RegisterFunctions());
  return std::unique_ptr<Engine>(std::move(engine));
}

LocalEngine::~LocalEngine() = default;

Status LocalEngine::OpenFolder(const EngineOptions& options) {
  fs::path folder = fs::absolute(options.path).lexically_normal();
  path_ = folder.string();
  if (fs::exists(folder) && !fs::is_directory(folder)) {
    return InvalidArgument("{} is a file, not a database folder: give a folder with --db", path_);
  }
  bool exists = fs::exists(folder / "catalog.sqlite");
  if (!exists && options.access == Access::kReadOnly) {
    return NotFound("There is no database in {}: `iolite sources add` makes one", path_);
  }
  IOLITE_ASSIGN_OR_RETURN(auto toml, ReadSettingsFile(folder / "iolite.toml"));
  IOLITE_ASSIGN_OR_RETURN(
      settings_, LoadSettings(toml, (folder / "iolite.toml").string(), ProcessEnvironment()));
  for (const auto& [key, value] : options.settings) {
    IOLITE_RETURN_IF_ERROR(SetSetting(settings_, key, value));
  }
  read_only_ = options.access == Access::kReadOnly;
  if (read_only_) return Status::Ok();
  IOLITE_RETURN_IF_ERROR(MakeFolder(folder));
  auto lock = storage::FileLock::Acquire(path_);
  if (lock.ok()) {
    lock_ = std::move(lock).value();
    return Status::Ok();
  }
  bool may_read = options.access == Access::kReadWriteIfFree && exists;
  if (!may_read) return lock.status();
  writer_ = lock.status().message();
  read_only_ = true;
  return Status::Ok();
}

Status LocalEngine::OpenRooms(const EngineOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(auto log_level, ParseLogLevel(settings_.log.level));
  SetLogLevel(log_level);
  budget_ = std::make_unique<Budget>("memory", BudgetBytes(settings_));
  executor_ = Executor::Threads(static_cast<size_t>(settings_.threads.count));
  IOLITE_ASSIGN_OR_RETURN(store_,
                          storage::OpenLocalStore({.root = path_, .read_only = read_only_}));
  IOLITE_ASSIGN_OR_RETURN(
      catalog_,
      catalog::Catalog::Open({.path = path_ + "/catalog.sqlite",
                              .read_only = read_only_,
                              .finished_job_count_max = settings_.jobs.finished_count_max}));
  // The lock is ours, so whatever still counts as running died with its process.
  if (!read_only_) IOLITE_RETURN_IF_ERROR(catalog_->FailAbandonedJobs().status());
  IOLITE_RETURN_IF_ERROR(OpenModels());
  IOLITE_RETURN_IF_ERROR(OpenResults());
  // A crash may have come between a table's commit and its entry in the catalog.
  if (!read_only_) IOLITE_RETURN_IF_ERROR(pipelines::AdoptTables(*catalog_, *results_));
  IOLITE_RETURN_IF_ERROR(OpenSql(options));
  search::SearcherOptions searcher{
      .catalog = catalog_.get(),
      .results = results_.get(),
      .database = database_.get(),
      .executor = executor_.get(),
      .budget = budget_.get(),
      .ef_default = settings_.index.expansion_search,
      .target_recall_default = settings_.index.target_recall,
      .filter_cache_entry_count = settings_.search.filter_cache_entry_count,
      .row_cache_bytes_max = settings_.search.row_cache_bytes_max};
  searcher.load_embedder = [this](const RequestContext& context, std::string_view id) {
    return models_->LoadEmbedder(context, id);
  };
  IOLITE_ASSIGN_OR_RETURN(searcher_, search::Searcher::Make(std::move(searcher)));
  return Status::Ok();
}

Status LocalEngine::OpenModels() {
  models::ModelStoreOptions options;
  options.folder = settings_.models.folder.empty() ? path_ + "/models" : settings_.models.folder;
  options.hub_cache_folder = settings_.models.hub_cache_folder;
  options.hub_url = settings_.models.hub_url;
  const char* token = std::getenv("HF_TOKEN");
  options.hub_token = token ? token : "";
  options.offline = settings_.models.offline;
  options.batch_token_count_max = static_cast<int32_t>(settings_.models.batch_token_count_max);
  options.thread_count = static_cast<int32_t>(settings_.threads.count);
  options.executor = executor_.get();
  IOLITE_ASSIGN_OR_RETURN(options.precision, program::ParsePrecision(settings_.models.precision));
  IOLITE_ASSIGN_OR_RETURN(options.runtime, program::OpenVinoRuntime());
  options.find_in_catalog = [this](std::string_view id) -> std::optional<models::ResolvedModel> {
    auto entry = catalog_->GetModel(id);
    if (!entry.ok()) return std::nullopt;
    return models::ResolvedModel{.id = entry->id,
                                 .folder = entry->path,
                                 .origin = "catalog",
                                 .revision = entry->revision,
                                 .content_hash = entry->content_hash};
  };
  IOLITE_ASSIGN_OR_RETURN(models_, models::ModelStore::Open(std::move(options)));
  return Status::Ok();
}

Status LocalEngine::OpenResults() {
  results::ResultStoreOptions options{.store = store_.get(),
                                      .executor = executor_.get(),
                                      .budget = budget_.get(),
                                      .segment_row_count_max = settings_.segments.row_count_max,
                                      .read_only = read_only_};
  options.index.index_kind = settings_.index.kind;
  options.index.connectivity = static_cast<int32_t>(settings_.index.connectivity);
  options.index.expansion_add = static_cast<int32_t>(settings_.index.expansion_add);
  IOLITE_ASSIGN_OR_RETURN(options.index.element_type,
                          vector::ParseElementType(settings_.index.element_type));
  IOLITE_ASSIGN_OR_RETURN(results_, results::ResultStore::Open(options));
  return Status::Ok();
}

Status LocalEngine::OpenSql(const EngineOptions& options) {
  sql::DatabaseOptions sql_options{.path = path_ + "/tables.duckdb",
                                   .read_only = read_only_ || options.sql_tables_read_only,
                                   .thread_count = static_cast<int32_t>(settings_.threads.count),
                                   .memory_bytes_max = settings_.sql.memory_bytes_max,
                                   .temp_folder = settings_.sql.temp_folder};
  // A database without SQL tables needs no file to read them from.
  if (sql_options.read_only && !fs::exists(sql_options.path)) sql_options.path.clear();
  auto opened = sql::Database::Open(sql_options);
  if (!opened.ok() && read_only_ && !sql_options.path.empty()) {
    // DuckDB's file belongs to one process while that one may write it; all else can be read.
    LogWarning("SQL tables are not available: {}", opened.status().message());
    sql_options.path.clear();
    opened = sql::Database::Open(sql_options);
  }
  IOLITE_ASSIGN_OR_RETURN(database_, std::move(opened));
  database_->SetTableResolver(
      [this](std::string_view catalog, std::string_view schema, std::string_view table) {
        return ResolveTable(catalog, schema, table);
      });
  return Status::Ok();
}

RequestContext LocalEngine::MakeContext(const CallOptions& call) const {
  RequestContext context;
  context.cancel = call.cancel;
  context.budget = budget_.get();
  if (call.timeout_ms > 0) context.SetTimeout(std::chrono::milliseconds(call.timeout_ms));
  return context;
}

Status LocalEngine::RequireWritable(std::string_view what) const {
  if (!read_only_) return Status::Ok();
  if (!writer_.empty()) return FailedPrecondition("Cannot {}: {}", what, writer_);
  return PermissionDenied("Cannot {}: {} was opened for reading only", what, path_);
}

std::vector<SettingInfo> LocalEngine::ListSettings() const {
  std::vector<SettingInfo> infos;
  for (auto& entry : iolite::ListSettings(settings_)) {
    infos.push_back({std::move(entry.key), std::move(entry.value),
                     std::string(SettingOriginName(entry.origin)), std::move(entry.description)});
  }
  return infos;
}

}  // namespace iolite::engine
