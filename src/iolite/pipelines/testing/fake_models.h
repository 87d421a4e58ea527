#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "iolite/models/model_store.h"

namespace iolite::pipelines::testing {

/// What a fake model is and does.
struct FakeModel {
  int32_t dimension = 8;
  std::string content_hash = "content";
  std::string metric = "cosine";
  /// Called before each text becomes a vector; what it answers fails the run.
  std::function<Status(std::string_view text)> on_text;
  /// Changes a vector before it is handed over.
  std::function<void(std::string_view text, std::span<float> vector)> on_vector;
};

/// Models without weights: a text's vector is made of its hash, equal on every machine.
///
/// Threads: any number, after the models were set.
class FakeModelStore final : public models::ModelStore {
 public:
  std::map<std::string, FakeModel> models;

  int64_t load_count() const { return load_count_; }
  /// Texts that were run since the start, in order.
  std::vector<std::string> texts() const;
  void Forget();

  Result<models::ResolvedModel> Resolve(std::string_view id) override;
  Result<models::PullResult> Pull(
      const RequestContext& context, std::string_view id, std::string_view revision,
      const std::function<void(const models::PullProgress&)>& progress) override;
  Result<std::shared_ptr<const models::Embedder>> LoadEmbedder(
      const RequestContext& context, std::string_view id,
      std::optional<program::Precision> precision) override;
  Status Remove(std::string_view) override { return Status::Ok(); }
  Result<models::EmbedderInfo> Inspect(std::string_view id) override;

  /// The vector of a text in a model of `dimension`.
  static std::vector<float> VectorOf(std::string_view text, int32_t dimension);

 private:
  friend class FakeEmbedder;
  void Note(std::string_view text);

  std::atomic<int64_t> load_count_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
};

}  // namespace iolite::pipelines::testing
