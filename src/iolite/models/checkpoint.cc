#include "iolite/models/checkpoint.h"

#include <bit>
#include <cstring>
#include <map>

#include "iolite/models/internal/files.h"
#include "iolite/models/model_config.h"

namespace iolite::models {
namespace {

float WidenBf16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

float WidenF16(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1fu;
  const uint32_t fraction = bits & 0x3ffu;
  if (exponent == 0) {  // zero, or a subnormal that f32 holds as a normal number
    const float value = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | sign);
  }
  const uint32_t wide_exponent = exponent == 0x1f ? 0xffu : exponent + 112;
  return std::bit_cast<float>(sign | (wide_exponent << 23) | (fraction << 13));
}

using Floats = std::shared_ptr<std::vector<float>>;

Floats Widen(const SafeTensor& tensor, float (*widen)(uint16_t)) {
  const size_t count = tensor.size_bytes / 2;
  auto values = std::make_shared<std::vector<float>>(count);
  for (size_t i = 0; i < count; ++i) {
    uint16_t bits = 0;
    std::memcpy(&bits, tensor.data + 2 * i, 2);
    (*values)[i] = widen(bits);
  }
  return values;
}

/// A header of odd length leaves floats between two addresses that are theirs.
Floats CopyF32(const SafeTensor& tensor) {
  auto values = std::make_shared<std::vector<float>>(tensor.size_bytes / 4);
  std::memcpy(values->data(), tensor.data, tensor.size_bytes);
  return values;
}

bool IsAligned(const void* data) { return reinterpret_cast<uintptr_t>(data) % alignof(float) == 0; }

std::string ShardPath(const std::string& folder, const std::string& name) {
  return folder + "/" + name;
}

}  // namespace

Result<std::unique_ptr<const Checkpoint>> Checkpoint::Open(const std::string& folder) {
  std::unique_ptr<Checkpoint> checkpoint(new Checkpoint());
  checkpoint->folder_ = folder;
  const std::string single = folder + "/model.safetensors";
  const std::string index = single + ".index.json";
  if (FileExists(single)) {
    IOLITE_ASSIGN_OR_RETURN(auto file, SafetensorsFile::Open(single));
    checkpoint->AddFile(file);
  } else if (FileExists(index)) {
    IOLITE_RETURN_IF_ERROR(checkpoint->OpenShards(index));
  } else if (FileExists(folder + "/pytorch_model.bin")) {
    return Unimplemented(
        "{} has its weights in pytorch_model.bin only: convert them to model.safetensors "
        "(save_pretrained of the transformers package does)",
        folder);
  } else {
    return NotFound("{} has no model.safetensors", folder);
  }
  return std::unique_ptr<const Checkpoint>(std::move(checkpoint));
}

void Checkpoint::AddFile(const std::shared_ptr<const SafetensorsFile>& file) {
  for (const auto& [name, tensor] : file->tensors()) entries_[name] = {&tensor, file};
}

Status Checkpoint::OpenShards(const std::string& index_path) {
  IOLITE_ASSIGN_OR_RETURN(const ModelConfig index, ModelConfig::Read(index_path));
  IOLITE_ASSIGN_OR_RETURN(const auto shard_names, index.TextMap("weight_map"));
  if (shard_names.empty()) return InvalidArgument("{} has no `weight_map`", index_path);
  std::map<std::string, std::shared_ptr<const SafetensorsFile>> shards;
  for (const auto& [name, shard] : shard_names) {
    if (shard.empty() || shard.find('/') != std::string::npos) {
      return InvalidArgument("{}: shard `{}` lies outside the model's folder", index_path, shard);
    }
    auto& file = shards[shard];
    if (!file) {
      IOLITE_ASSIGN_OR_RETURN(file, SafetensorsFile::Open(ShardPath(folder_, shard)));
      AddFile(file);
    }
    if (file->Find(name) == nullptr) {
      return DataLoss("{} lacks tensor `{}`, which {} promises: fetch the model again",
                      file->path(), name, index_path);
    }
  }
  return Status::Ok();
}

bool Checkpoint::Has(std::string_view name) const { return entries_.contains(std::string(name)); }

std::optional<std::vector<int64_t>> Checkpoint::Shape(std::string_view name) const {
  const auto found = entries_.find(std::string(name));
  if (found == entries_.end()) return std::nullopt;
  return found->second.tensor->shape;
}

Result<program::Weight> Checkpoint::Load(std::string_view name,
                                         const std::vector<int64_t>& shape) const {
  const auto found = entries_.find(std::string(name));
  if (found == entries_.end()) return InvalidArgument("{} has no tensor `{}`", folder_, name);
  const SafeTensor& tensor = *found->second.tensor;
  if (tensor.shape != shape) {
    return InvalidArgument("{}: tensor `{}` has shape {}, and the configuration asks for {}",
                           found->second.file->path(), name, program::ShapeText(tensor.shape),
                           program::ShapeText(shape));
  }
  program::Weight weight{.name = std::string(name), .shape = shape};
  if (tensor.type == "F32" && IsAligned(tensor.data)) {
    weight.data = tensor.data;
    weight.owner = found->second.file;
    return weight;
  }
  Floats values;
  if (tensor.type == "F32") values = CopyF32(tensor);
  if (tensor.type == "F16") values = Widen(tensor, WidenF16);
  if (tensor.type == "BF16") values = Widen(tensor, WidenBf16);
  if (!values) {
    return InvalidArgument("{}: tensor `{}` has elements of type {}; weights are F32, F16 or BF16",
                           found->second.file->path(), name, tensor.type);
  }
  weight.data = values->data();
  weight.owner = values;
  return weight;
}

}  // namespace iolite::models
