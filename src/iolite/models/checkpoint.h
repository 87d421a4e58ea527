#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/models/safetensors.h"
#include "iolite/program/tensor.h"

namespace iolite::models {

/// A model's trained weights: `model.safetensors`, or the shards that
/// `model.safetensors.index.json` lists.
///
/// f32 is shared with the mapped file; f16 and bf16 are widened once into memory of their own, so
/// that every program computes from the same numbers.
///
/// Threads: any number may read.
class Checkpoint {
 public:
  /// kNotFound when the folder has no safetensors; kUnimplemented when it has only another format;
  /// kDataLoss when a file is damaged or a shard lacks what the index promises.
  static Result<std::unique_ptr<const Checkpoint>> Open(const std::string& folder);

  bool Has(std::string_view name) const;
  /// The tensor's shape; nothing when there is no such tensor.
  std::optional<std::vector<int64_t>> Shape(std::string_view name) const;
  /// The tensor as f32 of exactly `shape`. kInvalidArgument names it when it is missing, has
  /// another shape, or no element type of a weight.
  Result<program::Weight> Load(std::string_view name, const std::vector<int64_t>& shape) const;

  const std::string& folder() const { return folder_; }

 private:
  struct Entry {
    const SafeTensor* tensor;
    std::shared_ptr<const SafetensorsFile> file;
  };
  Checkpoint() = default;
  void AddFile(const std::shared_ptr<const SafetensorsFile>& file);
  Status OpenShards(const std::string& index_path);

  std::string folder_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace iolite::models
