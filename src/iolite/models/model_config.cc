#include "iolite/models/model_config.h"

#include <nlohmann/json.hpp>

#include "iolite/models/internal/files.h"

namespace iolite::models {

struct ModelConfig::Json {
  nlohmann::json object;
};

namespace {

Result<nlohmann::json> ReadJson(const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    return InvalidArgument("{} is not JSON: {}", path, error.what());
  }
}

/// The value of a key, or null for one that is absent.
const nlohmann::json* Find(const nlohmann::json& object, std::string_view key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Status WrongType(const std::string& path, std::string_view key, std::string_view wanted,
                 const nlohmann::json& value) {
  return InvalidArgument("{}: `{}` must be {}, and is {}", path, key, wanted, value.dump());
}

Status Missing(const std::string& path, std::string_view key) {
  return InvalidArgument("{} has no `{}`", path, key);
}

}  // namespace

ModelConfig::ModelConfig(std::shared_ptr<const Json> json, std::string path)
    : json_(std::move(json)), path_(std::move(path)) {}

Result<ModelConfig> ModelConfig::Read(const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(nlohmann::json json, ReadJson(path));
  if (!json.is_object()) return InvalidArgument("{} must hold a JSON object", path);
  return ModelConfig(std::make_shared<Json>(Json{std::move(json)}), path);
}

Result<ModelConfig> ModelConfig::ReadIfExists(const std::string& path) {
  if (FileExists(path)) return Read(path);
  return ModelConfig(std::make_shared<Json>(Json{nlohmann::json::object()}), path);
}

Result<std::vector<ModelConfig>> ModelConfig::ReadList(const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(nlohmann::json json, ReadJson(path));
  if (!json.is_array()) return InvalidArgument("{} must hold a list of JSON objects", path);
  std::vector<ModelConfig> list;
  for (auto& element : json) {
    if (!element.is_object()) return InvalidArgument("{} must hold a list of JSON objects", path);
    list.push_back(ModelConfig(std::make_shared<Json>(Json{std::move(element)}), path));
  }
  return list;
}

bool ModelConfig::Has(std::string_view key) const { return Find(json_->object, key) != nullptr; }

Result<int64_t> ModelConfig::Integer(std::string_view key, std::optional<int64_t> fallback) const {
  const auto* value = Find(json_->object, key);
  if (value == nullptr && fallback) return *fallback;
  if (value == nullptr) return Missing(path_, key);
  if (!value->is_number_integer()) return WrongType(path_, key, "an integer", *value);
  return value->get<int64_t>();
}

Result<int64_t> ModelConfig::Size(std::string_view key, std::optional<int64_t> fallback) const {
  IOLITE_ASSIGN_OR_RETURN(const int64_t size, Integer(key, fallback));
  constexpr int64_t kSizeMax = int64_t{1} << 31;
  if (size >= 1 && size < kSizeMax) return size;
  return InvalidArgument("{}: `{}` must be between 1 and {}, and is {}", path_, key, kSizeMax - 1,
                         size);
}

Result<double> ModelConfig::Number(std::string_view key, std::optional<double> fallback) const {
  const auto* value = Find(json_->object, key);
  if (value == nullptr && fallback) return *fallback;
  if (value == nullptr) return Missing(path_, key);
  if (!value->is_number()) return WrongType(path_, key, "a number", *value);
  return value->get<double>();
}

Result<bool> ModelConfig::Flag(std::string_view key, bool fallback) const {
  const auto* value = Find(json_->object, key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) return WrongType(path_, key, "true or false", *value);
  return value->get<bool>();
}

Result<std::string> ModelConfig::Text(std::string_view key,
                                      std::optional<std::string> fallback) const {
  const auto* value = Find(json_->object, key);
  if (value == nullptr && fallback) return *fallback;
  if (value == nullptr) return Missing(path_, key);
  if (!value->is_string()) return WrongType(path_, key, "a text", *value);
  return value->get<std::string>();
}

Result<std::vector<std::string>> ModelConfig::Texts(std::string_view key) const {
  const auto* value = Find(json_->object, key);
  if (value == nullptr) return std::vector<std::string>();
  if (value->is_string()) return std::vector<std::string>{value->get<std::string>()};
  if (!value->is_array()) return WrongType(path_, key, "a list of texts", *value);
  std::vector<std::string> texts;
  for (const auto& element : *value) {
    if (!element.is_string()) return WrongType(path_, key, "a list of texts", *value);
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

Result<std::map<std::string, std::string>> ModelConfig::TextMap(std::string_view key) const {
  std::map<std::string, std::string> texts;
  const auto* value = Find(json_->object, key);
  if (value == nullptr) return texts;
  if (!value->is_object()) return WrongType(path_, key, "an object of texts", *value);
  for (const auto& [name, element] : value->items()) {
    if (element.is_null()) continue;
    if (!element.is_string()) return WrongType(path_, key, "an object of texts", *value);
    texts[name] = element.get<std::string>();
  }
  return texts;
}

Result<std::map<std::string, std::string>> ModelConfig::LabelMap(std::string_view key) const {
  std::map<std::string, std::string> labels;
  const auto* value = Find(json_->object, key);
  if (value == nullptr) return labels;
  if (!value->is_object()) return WrongType(path_, key, "an object of texts", *value);
  for (const auto& [name, element] : value->items()) {
    if (!element.is_string() && !element.is_number()) {
      return WrongType(path_, key, "an object of texts", *value);
    }
    labels[name] = element.is_string() ? element.get<std::string>() : element.dump();
  }
  return labels;
}

Result<std::optional<ModelConfig>> ModelConfig::Object(std::string_view key) const {
  const auto* value = Find(json_->object, key);
  if (value == nullptr) return std::optional<ModelConfig>();
  if (!value->is_object()) return WrongType(path_, key, "an object", *value);
  return std::optional(
      ModelConfig(std::make_shared<Json>(Json{*value}), fmt::format("{}, `{}`", path_, key)));
}

}  // namespace iolite::models
