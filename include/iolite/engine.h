#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "iolite/evaluation.h"
#include "iolite/status.h"
#include "iolite/types.h"

/// The product in a process: open a database, register files, query them, embed them, search them.
///
///     auto engine = iolite::Engine::Open({.path = "lab"});
///     (*engine)->AddSource({.name = "papers", .paths = {"papers.parquet"}});
///     (*engine)->Embed({.source = "papers", .model = "local:all-MiniLM-L6-v2", .columns =
///     {"title"}, .key = "id"}); auto found = (*engine)->Search({.source = "papers", .query =
///     {.text = "birds that cannot fly"}});

namespace iolite {

/// Who may change the database through this engine.
enum class Access {
  kReadWrite,  ///< Open fails with kFailedPrecondition, naming the holder, while another process
               ///< writes.
  kReadOnly,   ///< Any number beside one writer. Nothing is written, also no lock.
  kReadWriteIfFree,  ///< kReadWrite, or kReadOnly while another process writes.
};

struct EngineOptions {
  std::string path = "iolite-data";  ///< made when missing, unless read only
  Access access = Access::kReadWrite;
  /// Ordinary SQL tables cannot be changed, so that other processes can read them meanwhile.
  bool sql_tables_read_only = false;
  /// Keys of `iolite settings list` with values that win over file and environment.
  std::vector<std::pair<std::string, std::string>> settings{};
};

/// One SQL connection: its transaction and its temporary tables. Threads: one at a time.
class SqlSession {
 public:
  virtual ~SqlSession() = default;
  /// Runs one statement, or several of which the last one's rows are answered, as a stream: errors
  /// that happen later arrive through the stream. A new query ends the stream of the one before.
  virtual Result<ArrowStream> Query(std::string_view sql, const CallOptions& call = {}) = 0;
};

/// A database: embedded here; later also a remote server's or a cluster's.
///
/// Errors: kInvalidArgument for wrong requests, kNotFound for unknown names, kPermissionDenied for
/// changes through a read-only engine, kDataLoss for damaged files; messages say what to do.
/// Threads: any number, for every call.
class Engine {
 public:
  static Result<std::unique_ptr<Engine>> Open(const EngineOptions& options);
  virtual ~Engine() = default;

  virtual bool read_only() const = 0;
  virtual const std::string& path() const = 0;

  /// Reads schema and row count and keeps them. kAlreadyExists when the name is taken.
  virtual Result<SourceInfo> AddSource(const SourceOptions& options,
                                       const CallOptions& call = {}) = 0;
  virtual Result<std::vector<SourceInfo>> ListSources() = 0;
  virtual Result<SourceInfo> DescribeSource(std::string_view name) = 0;
  /// The files stay, and so do result tables made of them.
  virtual Status RemoveSource(std::string_view name) = 0;

  virtual Result<std::unique_ptr<SqlSession>> Connect() = 0;
  /// One query on a connection of its own, which the stream keeps.
  virtual Result<ArrowStream> Sql(std::string_view sql, const CallOptions& call = {}) = 0;

  /// Resolves a model, downloads it from the hub where needed, and keeps it in the catalog.
  /// `revision` empty means `main`. Progress counts bytes.
  virtual Result<ModelInfo> PullModel(std::string_view id, std::string_view revision = {},
                                      const CallOptions& call = {}) = 0;
  virtual Result<std::vector<ModelInfo>> ListModels() = 0;
  virtual Result<ModelInfo> ShowModel(std::string_view id) = 0;
  /// Forgets a model, and deletes its files where this database downloaded them.
  virtual Status RemoveModel(std::string_view id) = 0;
  /// Writes the model as one ONNX file, weights, pooling and normalisation inside, for other
  /// runtimes.
  virtual Status ExportModel(std::string_view id, const std::string& onnx_path) = 0;
  /// Vectors of texts, row by row: texts.size() * dimension floats.
  virtual Result<std::vector<float>> EmbedTexts(std::string_view model,
                                                const std::vector<std::string>& texts, bool query,
                                                const CallOptions& call = {}) = 0;

  /// Embeds the rows of a source as a job. Running it again embeds only what is new or changed.
  virtual Result<EmbedResult> Embed(const EmbedOptions& options, const CallOptions& call = {}) = 0;
  virtual Result<EmbedResult> Import(const ImportOptions& options,
                                     const CallOptions& call = {}) = 0;

  virtual Result<SearchResult> Search(const SearchOptions& options,
                                      const CallOptions& call = {}) = 0;
  /// Many queries with the settings of `options`, whose own query is ignored. `thread_count` 0:
  /// all.
  virtual Result<std::vector<SearchResult>> SearchBatch(const SearchOptions& options,
                                                        const std::vector<SearchQuery>& queries,
                                                        int32_t thread_count = 0,
                                                        const CallOptions& call = {}) = 0;

  /// Measures retrieval: searches or run files, alone or side by side, against judgements.
  virtual Result<EvalResult> Evaluate(const EvalOptions& options, const CallOptions& call = {}) = 0;
  /// Measures predicted labels against true ones, and how far their confidence can be believed.
  virtual Result<LabelEvalResult> EvaluateLabels(const LabelEvalOptions& options,
                                                 const CallOptions& call = {}) = 0;
  /// Measures predicted entities against true ones, as seqeval counts them.
  virtual Result<EntityEvalResult> EvaluateEntities(const EntityEvalOptions& options,
                                                    const CallOptions& call = {}) = 0;
  /// Runs that were kept, newest first.
  virtual Result<std::vector<EvalRunInfo>> ListEvalRuns() = 0;
  virtual Result<EvalRunInfo> ShowEvalRun(std::string_view id) = 0;
  /// Writes what a kept run answered as a TREC run file. Equal scores are lowered just enough that
  /// a reader ranks as the run did.
  virtual Status ExportEvalRun(std::string_view id, const std::string& path) = 0;
  /// Keeping and removing runs work through a read-only engine too, beside a writer.
  virtual Status RemoveEvalRun(std::string_view id) = 0;

  virtual Result<std::vector<TableInfo>> ListTables() = 0;
  virtual Result<TableInfo> DescribeTable(std::string_view name) = 0;
  /// Recomputes checksums; no finding means that every byte is as it was written.
  virtual Result<std::vector<TableFinding>> VerifyTable(std::string_view name,
                                                        const CallOptions& call = {}) = 0;
  virtual Status RepairTable(std::string_view name, const CallOptions& call = {}) = 0;
  virtual Status DropTable(std::string_view name) = 0;

  virtual Result<std::vector<JobInfo>> ListJobs() = 0;
  virtual Result<JobInfo> ShowJob(std::string_view id) = 0;
  virtual Result<std::vector<JobError>> ListJobErrors(std::string_view id) = 0;
  /// Asks a running job to stop, also one of another process.
  virtual Status CancelJob(std::string_view id) = 0;

  virtual std::vector<SettingInfo> ListSettings() const = 0;
  /// What this machine and this database can do, and what is wrong.
  virtual Result<std::vector<DoctorFinding>> Diagnose() = 0;
};

}  // namespace iolite
