#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "iolite/results/internal/run_parts.h"
#include "iolite/results/internal/table_storage.h"
#include "iolite/results/result_table.h"

namespace iolite::results {

/// What a run asks of the store that started it.
struct RunOwner {
  /// The newest version, after a commit.
  std::function<Result<std::shared_ptr<const Snapshot>>()> load;
  /// Lets the next run of the table begin.
  std::function<void()> release;
};

/// A run over the objects of a store.
class StoredRun final : public ResultRun {
 public:
  /// Makes the run durable, or takes over the parts of one with the same definition.
  static Result<std::unique_ptr<ResultRun>> Start(TableStorage& storage, std::string_view table,
                                                  std::string_view definition_hash, RunOwner owner);
  ~StoredRun() override { owner_.release(); }

  const std::string& table() const override { return table_; }
  Status ForEachRecovered(
      const std::function<void(std::string_view, std::string_view)>& visit) override;
  Status AppendPart(const RequestContext& context, const arrow::RecordBatch& rows) override;
  Status Hide(std::span<const std::string> row_ids) override;
  Result<std::shared_ptr<const Snapshot>> Commit(const RequestContext& context,
                                                 Materialization materialization,
                                                 const ProgressFunction& progress) override;
  Status Discard() override;

 private:
  StoredRun(TableStorage& storage, std::string_view table, RunOwner owner)
      : storage_(storage),
        table_(table),
        owner_(std::move(owner)),
        parts_(storage.store(), table_) {}
  Status Begin(std::string_view definition_hash);
  Result<TableManifest> NextManifest(Materialization materialization) const;
  Status HideEarlier(TableManifest& manifest);
  void RemoveLeftovers(const TableManifest& manifest);

  TableStorage& storage_;
  const std::string table_;
  const RunOwner owner_;
  RunRecord record_;
  std::optional<StoredManifest> before_;
  RunParts parts_;
  std::vector<std::string> hidden_ids_;
  bool ended_ = false;
};

}  // namespace iolite::results
