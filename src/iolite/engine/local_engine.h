#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/base/settings.h"
#include "iolite/catalog/catalog.h"
#include "iolite/engine.h"
#include "iolite/eval/run_file.h"
#include "iolite/models/model_store.h"
#include "iolite/pipelines/embed.h"
#include "iolite/results/result_table.h"
#include "iolite/search/search.h"
#include "iolite/sql/database.h"
#include "iolite/storage/file_lock.h"
#include "iolite/storage/object_store.h"

namespace iolite::engine {

/// The engine on one machine: opens a database folder, introduces the rooms to each other and maps
/// the public values to theirs. Each group of calls has its own source file.
///
/// Threads: any number.
class LocalEngine final : public Engine {
 public:
  static Result<std::unique_ptr<Engine>> Open(const EngineOptions& options);
  ~LocalEngine() override;

  bool read_only() const override { return read_only_; }
  const std::string& path() const override { return path_; }

  Result<SourceInfo> AddSource(const SourceOptions& options, const CallOptions& call) override;
  Result<std::vector<SourceInfo>> ListSources() override;
  Result<SourceInfo> DescribeSource(std::string_view name) override;
  Status RemoveSource(std::string_view name) override;

  Result<std::unique_ptr<SqlSession>> Connect() override;
  Result<ArrowStream> Sql(std::string_view sql, const CallOptions& call) override;

  Result<ModelInfo> PullModel(std::string_view id, std::string_view revision,
                              const CallOptions& call) override;
  Result<std::vector<ModelInfo>> ListModels() override;
  Result<ModelInfo> ShowModel(std::string_view id) override;
  Status RemoveModel(std::string_view id) override;
  Status ExportModel(std::string_view id, const std::string& onnx_path) override;
  Result<std::vector<float>> EmbedTexts(std::string_view model,
                                        const std::vector<std::string>& texts, bool query,
                                        const CallOptions& call) override;

  Result<EmbedResult> Embed(const EmbedOptions& options, const CallOptions& call) override;
  Result<EmbedResult> Import(const ImportOptions& options, const CallOptions& call) override;

  Result<SearchResult> Search(const SearchOptions& options, const CallOptions& call) override;
  Result<std::vector<SearchResult>> SearchBatch(const SearchOptions& options,
                                                const std::vector<SearchQuery>& queries,
                                                int32_t thread_count,
                                                const CallOptions& call) override;

  Result<EvalResult> Evaluate(const EvalOptions& options, const CallOptions& call) override;
  Result<LabelEvalResult> EvaluateLabels(const LabelEvalOptions& options,
                                         const CallOptions& call) override;
  Result<EntityEvalResult> EvaluateEntities(const EntityEvalOptions& options,
                                            const CallOptions& call) override;
  Result<std::vector<EvalRunInfo>> ListEvalRuns() override;
  Result<EvalRunInfo> ShowEvalRun(std::string_view id) override;
  Status ExportEvalRun(std::string_view id, const std::string& path) override;
  Status RemoveEvalRun(std::string_view id) override;

  Result<std::vector<TableInfo>> ListTables() override;
  Result<TableInfo> DescribeTable(std::string_view name) override;
  Result<std::vector<TableFinding>> VerifyTable(std::string_view name,
                                                const CallOptions& call) override;
  Status RepairTable(std::string_view name, const CallOptions& call) override;
  Status DropTable(std::string_view name) override;

  Result<std::vector<JobInfo>> ListJobs() override;
  Result<JobInfo> ShowJob(std::string_view id) override;
  Result<std::vector<JobError>> ListJobErrors(std::string_view id) override;
  Status CancelJob(std::string_view id) override;

  std::vector<SettingInfo> ListSettings() const override;
  Result<std::vector<DoctorFinding>> Diagnose() override;

 private:
  class Evaluator;

  LocalEngine() = default;

  // Opening, in this order; see open.cc.
  Status OpenFolder(const EngineOptions& options);
  Status OpenRooms(const EngineOptions& options);
  Status OpenModels();
  Status OpenResults();
  Status OpenSql(const EngineOptions& options);
  Status RegisterFunctions();

  RequestContext MakeContext(const CallOptions& call) const;
  /// kPermissionDenied, saying why and what to do, when this engine may not write.
  Status RequireWritable(std::string_view what) const;
  /// The entry of a source as its files are now: reads them anew when they changed.
  Result<catalog::SourceEntry> FreshSource(std::string_view name);
  /// What a name in SQL stands for.
  Result<std::optional<std::string>> ResolveTable(std::string_view catalog, std::string_view schema,
                                                  std::string_view table);
  Result<SourceInfo> DescribeEntry(const catalog::SourceEntry& entry);
  /// A result table by its own name, or the newest one of a source.
  Result<catalog::TableEntry> FindTable(std::string_view name);
  Result<TableInfo> DescribeTableEntry(const catalog::TableEntry& entry);
  pipelines::PipelineOptions MakePipelineOptions();

  /// Gives a measurement an id and remembers it, and forgets the oldest past the setting.
  Result<std::string> KeepRun(catalog::EvalRunEntry entry, const std::string& answers);
  /// Changes kept runs; through a read-only engine with a catalog opened for that moment.
  Status ChangeRuns(const std::function<Status(catalog::Catalog&, storage::ObjectStore&)>& change);
  Result<eval::Run> LoadKeptRun(const catalog::EvalRunEntry& entry) const;
  /// A kept run by its id, or a run file, with documents best first.
  Result<eval::Run> LoadRun(const std::string& name) const;
  /// Which of some row ids a result table lacks.
  Result<EvalStrangers> UnknownRows(const RequestContext& context, const std::string& table,
                                    std::set<std::string, std::less<>> ids);

  std::string path_;
  bool read_only_ = false;
  std::string writer_;  ///< who holds the database when this engine had to open it read only
  Settings settings_;
  std::unique_ptr<storage::FileLock> lock_;
  std::unique_ptr<Budget> budget_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<storage::ObjectStore> store_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<models::ModelStore> models_;
  std::unique_ptr<results::ResultStore> results_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<search::Searcher> searcher_;
};

}  // namespace iolite::engine
