#include "iolite/models/internal/model_files.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include <nlohmann/json.hpp>

#include "iolite/models/architectures.h"
#include "iolite/models/internal/files.h"

namespace iolite::models {
namespace {

constexpr int kFolderDepthMax = 2;

/// `1_Pooling/` for `1_Pooling/config.json`; empty when `name` is in no module's folder.
std::string_view ModuleFolder(std::string_view name) {
  size_t digits = 0;
  while (digits < name.size() && std::isdigit(static_cast<unsigned char>(name[digits]))) ++digits;
  if (digits == 0 || digits == name.size() || name[digits] != '_') return {};
  const size_t slash = name.find('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash + 1);
}

bool IsConfiguration(std::string_view name) {
  if (name.find('/') != std::string_view::npos || name.ends_with(".index.json")) return false;
  if (name == "vocab.txt" || name == "merges.txt" || name.ends_with(".model")) return true;
  if (!name.ends_with(".json")) return false;
  for (const std::string_view begin : {"config", "iolite.task", "tokenizer", "modules", "sentence_",
                                       "special_tokens", "added_tokens", "vocab"}) {
    if (name.starts_with(begin)) return true;
  }
  return false;
}

bool IsShard(std::string_view name) {
  return name.starts_with("model-") && name.ends_with(".safetensors") &&
         name.find('/') == std::string_view::npos;
}

/// Picks from the names in `folder` (empty, or with a slash at its end).
class Selection {
 public:
  Selection(const std::set<std::string>& names, std::set<std::string>* selected)
      : names_(names), selected_(*selected) {}

  void AddFolder(const std::string& folder, WeightsChoice choice) {
    PickAll(folder, IsConfiguration);
    if (choice == WeightsChoice::kOnnxFirst && PickOnnx(folder)) return;
    if (!PickSafetensors(folder)) PickOnnx(folder);
  }

 private:
  bool Pick(const std::string& name) {
    if (!names_.contains(name)) return false;
    selected_.insert(name);
    return true;
  }

  void PickAll(const std::string& folder, bool (*wanted)(std::string_view name)) {
    for (const std::string& name : names_) {
      const bool inside = name.starts_with(folder);
      if (inside && wanted(std::string_view(name).substr(folder.size()))) selected_.insert(name);
    }
  }

  bool PickSafetensors(const std::string& folder) {
    if (Pick(folder + "model.safetensors")) return true;
    if (!Pick(folder + "model.safetensors.index.json")) return false;
    PickAll(folder, IsShard);
    return true;
  }

  bool PickOnnx(const std::string& folder) {
    for (const std::string place : {"", "onnx/"}) {
      const std::string name = folder + place + "model.onnx";
      if (!Pick(name)) continue;
      Pick(name + "_data");
      Pick(name + ".data");
      return true;
    }
    return false;
  }

  const std::set<std::string>& names_;
  std::set<std::string>& selected_;
};

}  // namespace

Status CheckFileName(std::string_view name) {
  const Status refused =
      InvalidArgument("The file name '{}' leads out of the model's folder: refused", name);
  if (name.empty() || name.front() == '/' || name.back() == '/') return refused;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 32 || c == 127) return refused;
  }
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return refused;
    begin = end + 1;
  }
  return Status();
}

bool IsWeightsFile(std::string_view name) {
  return name.ends_with(".safetensors") || name.ends_with(".onnx");
}

WeightsChoice ChooseWeights(std::string_view config) {
  const auto document = nlohmann::json::parse(config, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return WeightsChoice::kSafetensorsFirst;
  const auto found = document.find("model_type");
  if (found == document.end() || !found->is_string()) return WeightsChoice::kSafetensorsFirst;
  const std::string type = found->get<std::string>();
  const auto built = Architectures();
  const bool runs =
      type == "model2vec" ||
      std::any_of(built.begin(), built.end(), [&](const auto& a) { return a.model_type == type; });
  return runs ? WeightsChoice::kSafetensorsFirst : WeightsChoice::kOnnxFirst;
}

Result<std::vector<std::string>> SelectModelFiles(std::span<const std::string> names,
                                                  WeightsChoice choice) {
  for (const std::string& name : names) IOLITE_RETURN_IF_ERROR(CheckFileName(name));
  const std::set<std::string> all(names.begin(), names.end());
  std::set<std::string> folders = {""};
  for (const std::string& name : all) folders.emplace(ModuleFolder(name));
  std::set<std::string> selected;
  for (const std::string& folder : folders) Selection(all, &selected).AddFolder(folder, choice);
  return std::vector<std::string>(selected.begin(), selected.end());
}

Result<std::vector<std::string>> SelectFolderFiles(const std::string& folder) {
  IOLITE_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFolderFiles(folder));
  const auto config = ReadFile(folder + "/config.json");
  return SelectModelFiles(names, ChooseWeights(config.ok() ? *config : ""));
}

Result<std::vector<std::string>> ListFolderFiles(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(folder, error)) return NotFound("{} is no folder", folder);
  std::vector<std::string> names;
  fs::recursive_directory_iterator entries(folder, fs::directory_options::follow_directory_symlink,
                                           error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    const bool hidden = entries->path().filename().string().starts_with('.');
    std::error_code ignored;
    if (entries->is_directory(ignored)) {
      if (hidden || entries.depth() >= kFolderDepthMax) entries.disable_recursion_pending();
    } else if (!hidden && entries->is_regular_file(ignored)) {
      names.push_back(entries->path().lexically_relative(folder).generic_string());
    }
  }
  if (error) return PermissionDenied("Cannot list {}: {}", folder, error.message());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace iolite::models
