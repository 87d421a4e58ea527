#include "iolite/catalog/internal/portable_path.h"

#include <filesystem>

namespace iolite::catalog::internal {
namespace {

constexpr std::string_view kInside = "./";

template <typename Function>
SourceEntry ChangePaths(SourceEntry source, const Function& change) {
  for (auto& pattern : source.patterns) pattern = change(std::move(pattern));
  for (auto& file : source.files) file.path = change(std::move(file.path));
  return source;
}

template <typename Function>
ModelEntry ChangePaths(ModelEntry model, const Function& change) {
  model.path = change(std::move(model.path));
  for (auto& file : model.files) file.path = change(std::move(file.path));
  return model;
}

}  // namespace

PortablePaths::PortablePaths(std::string_view catalog_path)
    : folder_(std::filesystem::absolute(catalog_path).lexically_normal().parent_path().string()) {
  if (!folder_.ends_with('/')) folder_ += '/';
}

std::string PortablePaths::ToStored(std::string path) const {
  if (!path.starts_with(folder_)) return path;
  return std::string(kInside) + path.substr(folder_.size());
}

std::string PortablePaths::FromStored(std::string path) const {
  if (!path.starts_with(kInside)) return path;
  return folder_ + path.substr(kInside.size());
}

SourceEntry PortablePaths::ToStored(SourceEntry source) const {
  return ChangePaths(std::move(source),
                     [&](std::string path) { return ToStored(std::move(path)); });
}

SourceEntry PortablePaths::FromStored(SourceEntry source) const {
  return ChangePaths(std::move(source),
                     [&](std::string path) { return FromStored(std::move(path)); });
}

ModelEntry PortablePaths::ToStored(ModelEntry model) const {
  return ChangePaths(std::move(model), [&](std::string path) { return ToStored(std::move(path)); });
}

ModelEntry PortablePaths::FromStored(ModelEntry model) const {
  return ChangePaths(std::move(model),
                     [&](std::string path) { return FromStored(std::move(path)); });
}

}  // namespace iolite::catalog::internal
