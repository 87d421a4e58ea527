#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "iolite/results/result_table.h"

namespace iolite::search::testing {

/// Rows of a FakeSegment: ids and vectors in the order of their ordinals.
struct FakeRows {
  std::vector<std::string> ids;
  std::vector<std::vector<float>> vectors;
};

/// A segment in memory whose index compares every row; it counts its searches.
class FakeSegment final : public segments::Segment {
 public:
  FakeSegment(FakeRows rows, vector::Metric metric, int32_t dimension);

  const segments::SegmentManifest& manifest() const override { return manifest_; }
  const std::string& stem() const override { return stem_; }
  int64_t row_count() const override { return manifest_.row_count; }
  Result<std::shared_ptr<const vector::VectorIndex>> index() const override { return index_; }
  std::string index_warning() const override { return warning; }
  Result<std::string_view> row_id(uint32_t ordinal) const override {
    return std::string_view(rows_.ids[ordinal]);
  }
  Result<std::optional<uint32_t>> FindRow(std::string_view row_id) const override;
  Status FindRows(std::span<const std::string_view> row_ids,
                  std::span<uint32_t> ordinals) const override;
  Status ReadVector(uint32_t ordinal, std::span<float> vector) const override;
  Result<std::shared_ptr<const columnar::RowSet>> Hidden(int64_t) const override { return nullptr; }
  Status Verify(const RequestContext&) const override { return Status::Ok(); }

  int64_t search_count() const;

  std::string warning;

 private:
  FakeRows rows_;
  std::string stem_ = "fake";
  segments::SegmentManifest manifest_;
  std::map<std::string, uint32_t, std::less<>> ordinals_;
  std::shared_ptr<const vector::VectorIndex> index_;
};

/// Result tables in memory.
///
/// Threads: any number.
class FakeResultStore final : public results::ResultStore {
 public:
  void Put(const std::string& table, std::shared_ptr<const results::Snapshot> snapshot);

  std::string MakeName(std::string_view source, std::string_view, std::string_view) override;
  Result<std::shared_ptr<const results::Snapshot>> Get(std::string_view table) override;
  Status CheckIndex(vector::Metric, int32_t) override { return Status::Ok(); }
  Result<std::unique_ptr<results::ResultRun>> StartRun(std::string_view, std::string_view) override;
  Result<std::optional<std::string>> FindRun(std::string_view) override;
  Status ForEachRow(const RequestContext& context, const results::Snapshot& snapshot,
                    const std::function<void(std::string_view row_id,
                                             std::string_view content_hash)>& visit) override;
  Result<std::vector<std::string>> List() override;
  Status Drop(std::string_view table) override;
  Result<std::vector<results::VerifyFinding>> Verify(const RequestContext&,
                                                     std::string_view) override;
  Status Repair(const RequestContext&, std::string_view) override { return Status::Ok(); }
  Result<std::string> SelectStatement(std::string_view) override { return std::string("SELECT 1"); }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const results::Snapshot>, std::less<>> tables_;
};

/// A snapshot of segments made of these rows; `hidden[i]` are the ordinals that part i hides.
std::shared_ptr<results::Snapshot> MakeSnapshot(std::vector<FakeRows> parts, vector::Metric metric,
                                                int32_t dimension,
                                                std::vector<std::vector<uint32_t>> hidden = {});

}  // namespace iolite::search::testing
