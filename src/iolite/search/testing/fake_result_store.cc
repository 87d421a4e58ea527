#include "iolite/search/testing/fake_result_store.h"

#include <algorithm>
#include <atomic>
#include <cmath>

namespace iolite::search::testing {
namespace {

float Distance(vector::Metric metric, std::span<const float> left, std::span<const float> right) {
  float product = 0, left_square = 0, right_square = 0, square = 0;
  for (size_t i = 0; i < left.size(); ++i) {
    product += left[i] * right[i];
    left_square += left[i] * left[i];
    right_square += right[i] * right[i];
    square += (left[i] - right[i]) * (left[i] - right[i]);
  }
  if (metric == vector::Metric::kL2) return square;
  if (metric == vector::Metric::kInnerProduct) return -product;
  const float scale = std::sqrt(left_square) * std::sqrt(right_square);
  return scale == 0 ? 1 : 1 - product / scale;
}

class ScanIndex final : public vector::VectorIndex {
 public:
  ScanIndex(const FakeRows* rows, vector::Metric metric, int32_t dimension)
      : rows_(rows), metric_(metric), dimension_(dimension) {}

  Result<size_t> Search(const RequestContext& context, const vector::VectorSearch& request,
                        std::span<vector::Neighbor> out) const override {
    IOLITE_RETURN_IF_ERROR(context.Check());
    ++search_count;
    std::vector<vector::Neighbor> all;
    for (uint32_t row = 0; row < rows_->vectors.size(); ++row) {
      if (request.allowed && !request.allowed->Contains(row)) continue;
      if (request.hidden && request.hidden->Contains(row)) continue;
      all.push_back({row, Distance(metric_, request.query, rows_->vectors[row])});
    }
    std::ranges::stable_sort(all, {}, &vector::Neighbor::distance);
    const size_t count = std::min(request.k, all.size());
    std::copy_n(all.begin(), count, out.begin());
    if (request.stats) {
      request.stats->plan = "exact";
      request.stats->rows_visited = static_cast<int64_t>(all.size());
    }
    return count;
  }
  std::string_view kind() const override { return "flat"; }
  vector::Metric metric() const override { return metric_; }
  vector::ElementType element_type() const override { return vector::ElementType::kF32; }
  int32_t dimension() const override { return dimension_; }
  int64_t row_count() const override { return static_cast<int64_t>(rows_->ids.size()); }
  int64_t memory_bytes() const override { return 0; }
  int64_t mapped_bytes() const override { return 0; }
  Status Verify(const RequestContext&) const override { return Status::Ok(); }

  mutable std::atomic<int64_t> search_count = 0;

 private:
  const FakeRows* const rows_;
  const vector::Metric metric_;
  const int32_t dimension_;
};

}  // namespace

FakeSegment::FakeSegment(FakeRows rows, vector::Metric metric, int32_t dimension)
    : rows_(std::move(rows)), index_(std::make_shared<ScanIndex>(&rows_, metric, dimension)) {
  manifest_.row_count = static_cast<int64_t>(rows_.ids.size());
  manifest_.dimension = dimension;
  manifest_.metric = metric;
  for (uint32_t row = 0; row < rows_.ids.size(); ++row) ordinals_.emplace(rows_.ids[row], row);
}

Result<std::optional<uint32_t>> FakeSegment::FindRow(std::string_view row_id) const {
  const auto found = ordinals_.find(row_id);
  if (found == ordinals_.end()) return std::optional<uint32_t>();
  return std::optional<uint32_t>(found->second);
}

Status FakeSegment::FindRows(std::span<const std::string_view> row_ids,
                             std::span<uint32_t> ordinals) const {
  for (size_t i = 0; i < row_ids.size(); ++i) {
    const auto found = ordinals_.find(row_ids[i]);
    ordinals[i] = found == ordinals_.end() ? kNoRow : found->second;
  }
  return Status::Ok();
}

Status FakeSegment::ReadVector(uint32_t ordinal, std::span<float> vector) const {
  std::ranges::copy(rows_.vectors[ordinal], vector.begin());
  return Status::Ok();
}

int64_t FakeSegment::search_count() const {
  return static_cast<const ScanIndex&>(*index_).search_count;
}

void FakeResultStore::Put(const std::string& table,
                          std::shared_ptr<const results::Snapshot> snapshot) {
  const std::lock_guard lock(mutex_);
  tables_[table] = std::move(snapshot);
}

std::string FakeResultStore::MakeName(std::string_view source, std::string_view, std::string_view) {
  return std::string(source) + "__fake";
}

Result<std::shared_ptr<const results::Snapshot>> FakeResultStore::Get(std::string_view table) {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(table);
  if (found == tables_.end()) return NotFound("no result table {}", table);
  return found->second;
}

Result<std::unique_ptr<results::ResultRun>> FakeResultStore::StartRun(std::string_view,
                                                                      std::string_view) {
  return Unimplemented("fake tables are put, not run");
}

Result<std::optional<std::string>> FakeResultStore::FindRun(std::string_view) {
  return std::optional<std::string>();
}

Status FakeResultStore::ForEachRow(
    const RequestContext&, const results::Snapshot&,
    const std::function<void(std::string_view row_id, std::string_view content_hash)>&) {
  return Unimplemented("fake tables keep no content hashes");
}

Result<std::vector<std::string>> FakeResultStore::List() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, snapshot] : tables_) names.push_back(name);
  return names;
}

Status FakeResultStore::Drop(std::string_view table) {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(table);
  if (found == tables_.end()) return NotFound("no result table {}", table);
  tables_.erase(found);
  return Status::Ok();
}

Result<std::vector<results::VerifyFinding>> FakeResultStore::Verify(const RequestContext&,
                                                                    std::string_view) {
  return std::vector<results::VerifyFinding>();
}

std::shared_ptr<results::Snapshot> MakeSnapshot(std::vector<FakeRows> parts, vector::Metric metric,
                                                int32_t dimension,
                                                std::vector<std::vector<uint32_t>> hidden) {
  auto snapshot = std::make_shared<results::Snapshot>();
  snapshot->version = 1;
  snapshot->materialization.dimension = dimension;
  snapshot->materialization.metric = vector::MetricName(metric);
  snapshot->materialization.task = "embedding";
  for (size_t i = 0; i < parts.size(); ++i) {
    results::Snapshot::Part part;
    snapshot->row_count += static_cast<int64_t>(parts[i].ids.size());
    if (i < hidden.size() && !hidden[i].empty()) {
      part.hidden = std::make_shared<columnar::RowSet>(columnar::RowSet::Of(hidden[i]));
      snapshot->row_count -= static_cast<int64_t>(hidden[i].size());
    }
    part.segment = std::make_shared<FakeSegment>(std::move(parts[i]), metric, dimension);
    snapshot->parts.push_back(std::move(part));
  }
  return snapshot;
}

}  // namespace iolite::search::testing
