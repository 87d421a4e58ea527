#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"

namespace iolite::models {

/// A JSON object out of a model's folder, read by key. A key that is null counts as absent; one of
/// the wrong type is kInvalidArgument and named with its file. Cheap to copy.
class ModelConfig {
 public:
  /// kNotFound when there is no such file; kInvalidArgument says where its JSON breaks.
  static Result<ModelConfig> Read(const std::string& path);
  /// As Read; an object without keys where there is no such file.
  static Result<ModelConfig> ReadIfExists(const std::string& path);
  /// The objects of a file that holds a list of them, in order.
  static Result<std::vector<ModelConfig>> ReadList(const std::string& path);

  bool Has(std::string_view key) const;
  Result<int64_t> Integer(std::string_view key, std::optional<int64_t> fallback = {}) const;
  /// An integer of at least 1: a size.
  Result<int64_t> Size(std::string_view key, std::optional<int64_t> fallback = {}) const;
  Result<double> Number(std::string_view key, std::optional<double> fallback = {}) const;
  Result<bool> Flag(std::string_view key, bool fallback) const;
  Result<std::string> Text(std::string_view key, std::optional<std::string> fallback = {}) const;
  /// A list of texts, or one text alone; empty when absent.
  Result<std::vector<std::string>> Texts(std::string_view key) const;
  /// An object of texts, nulls left out; empty when absent.
  Result<std::map<std::string, std::string>> TextMap(std::string_view key) const;

  /// As TextMap; numbers become texts.
  Result<std::map<std::string, std::string>> LabelMap(std::string_view key) const;
  /// The object that a key holds; nothing when it is absent.
  Result<std::optional<ModelConfig>> Object(std::string_view key) const;

  const std::string& path() const { return path_; }

 private:
  struct Json;
  ModelConfig(std::shared_ptr<const Json> json, std::string path);

  std::shared_ptr<const Json> json_;
  std::string path_;
};

}  // namespace iolite::models
