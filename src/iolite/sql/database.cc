#include "iolite/sql/database.h"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/parser/parsed_data/create_function_info.hpp>

#include "iolite/sql/internal/database_state.h"
#include "iolite/sql/internal/functions.h"
#include "iolite/sql/internal/session_state.h"

namespace iolite::sql {
namespace {

// Files that this process has open. The operating system's lock does not keep a process from
// itself, and closing a second handle would drop the first one's lock.
class OpenFiles {
 public:
  static OpenFiles& Get() {
    static OpenFiles files;
    return files;
  }

  Result<std::shared_ptr<void>> Claim(const std::string& path, bool read_only) {
    std::error_code ignored;
    const std::string key = std::filesystem::weakly_canonical(path, ignored).string();
    std::lock_guard lock(mutex_);
    Use& use = uses_[key];
    if (use.count > 0 && !(use.read_only && read_only)) {
      return FailedPrecondition(
          "{} is already open in this process: use that Database, or close it", path);
    }
    use.read_only = read_only;
    ++use.count;
    return std::shared_ptr<void>(this, [key](OpenFiles* files) { files->Release(key); });
  }

 private:
  struct Use {
    int count = 0;
    bool read_only = false;
  };

  void Release(const std::string& key) {
    std::lock_guard lock(mutex_);
    if (--uses_[key].count == 0) uses_.erase(key);
  }

  std::mutex mutex_;  // guards uses_
  std::map<std::string, Use> uses_;
};

// DuckDB names the holder of its lock: "Conflicting lock is held in /usr/bin/x (PID 12) by user u.
// See …".
Status ExplainOpenError(const std::string& path, const Status& error) {
  const std::string& message = error.message();
  const size_t holder = message.find("Conflicting lock is held in ");
  if (holder != std::string::npos) {
    const size_t begin = holder + std::string_view("Conflicting lock is held in ").size();
    const size_t end = std::min(message.find(". See", begin), message.size());
    return Unavailable(
        "{} is held by another process: {}. Close it there, or open for reading "
        "once it is done",
        path, message.substr(begin, end - begin));
  }
  if (message.find("with version number") != std::string::npos) {
    return Unimplemented(
        "{} was written by a newer release of DuckDB than this one reads: {}. "
        "Open it with the release that wrote it",
        path, message);
  }
  return error.WithContext("Opening " + path);
}

void Configure(const DatabaseOptions& options, const TableResolver* resolver,
               duckdb::DBConfig& config) {
  // DuckDB has no read-only database in memory; the session keeps tables from being made there.
  if (options.read_only && !options.path.empty()) {
    config.options.access_mode = duckdb::AccessMode::READ_ONLY;
  }
  if (options.thread_count > 0) {
    config.options.maximum_threads = static_cast<duckdb::idx_t>(options.thread_count);
  }
  if (options.memory_bytes_max > 0) {
    config.options.maximum_memory = static_cast<duckdb::idx_t>(options.memory_bytes_max);
  }
  if (!options.temp_folder.empty()) config.options.temporary_directory = options.temp_folder;
  // Nothing is fetched from the network, and nothing foreign is loaded.
  config.SetOptionByName("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName("allow_community_extensions", duckdb::Value::BOOLEAN(false));
  // A file that is replaced while it is read can leave blocks of both in this cache, and every
  // later query of it fails. The system's page cache costs nothing measurable more.
  config.SetOptionByName("enable_external_file_cache", duckdb::Value::BOOLEAN(false));
  config.replacement_scans.push_back(MakeTableResolverScan(resolver));
}

class DuckDbDatabase final : public Database {
 public:
  explicit DuckDbDatabase(std::shared_ptr<DatabaseState> state) : state_(std::move(state)) {}

  Status RegisterScalarFunction(ScalarFunction function) override {
    if (function.name.empty() || !function.bind || (!function.call && !function.start)) {
      return InvalidArgument("A scalar function needs a name, bind, and call or start");
    }
    return Register([&](duckdb::ClientContext& context) {
      return MakeScalarFunction(context, std::move(function));
    });
  }

  Status RegisterTableFunction(TableFunction function) override {
    if (function.name.empty() || !function.bind) {
      return InvalidArgument("A table function needs a name and bind");
    }
    return Register([&](duckdb::ClientContext& context) {
      return MakeTableFunction(context, std::move(function));
    });
  }

  Status RegisterRowsFunction(RowsFunction function) override {
    if (function.name.empty() || !function.bind) {
      return InvalidArgument("A function over rows needs a name and bind");
    }
    return Register([&](duckdb::ClientContext& context) {
      return MakeRowsFunction(context, std::move(function));
    });
  }

  Status RegisterMacro(std::string_view create_macro) override {
    return Register([&](duckdb::ClientContext&) { return MakeMacro(create_macro); });
  }

  void SetTableResolver(TableResolver resolver) override { state_->resolver = std::move(resolver); }

  Result<std::unique_ptr<Session>> Connect() override {
    return Guard([&]() -> Result<std::unique_ptr<Session>> { return MakeSession(state_); });
  }

 private:
  template <typename Make>
  Status Register(const Make& make) {
    return Guard([&] {
      duckdb::Connection connection(*state_->database);
      duckdb::ClientContext& context = *connection.context;
      connection.BeginTransaction();
      auto info = make(context);
      info->on_conflict = duckdb::OnCreateConflict::ALTER_ON_CONFLICT;
      duckdb::Catalog::GetSystemCatalog(context).CreateFunction(context, *info);
      connection.Commit();
      return Status::Ok();
    });
  }

  std::shared_ptr<DatabaseState> state_;
};

}  // namespace

Result<std::unique_ptr<Database>> Database::Open(const DatabaseOptions& options) {
  auto state = std::make_shared<DatabaseState>();
  state->read_only = options.read_only;
  if (!options.path.empty()) {
    IOLITE_ASSIGN_OR_RETURN(state->file_claim,
                            OpenFiles::Get().Claim(options.path, options.read_only));
  }
  const Status opened = Guard([&] {
    duckdb::DBConfig config;
    Configure(options, &state->resolver, config);
    state->database = duckdb::make_uniq<duckdb::DuckDB>(
        options.path.empty() ? ":memory:" : options.path, &config);
    return Status::Ok();
  });
  if (!opened.ok()) return ExplainOpenError(options.path, opened);
  return std::unique_ptr<Database>(std::make_unique<DuckDbDatabase>(std::move(state)));
}

}  // namespace iolite::sql
