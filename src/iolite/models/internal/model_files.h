#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"

namespace iolite::models {

/// Which kind of weights runs where a model has both.
enum class WeightsChoice { kSafetensorsFirst, kOnnxFirst };

/// ONNX for a checkpoint of an architecture that only its ONNX can run. `config` is the text of
/// config.json, or empty.
WeightsChoice ChooseWeights(std::string_view config);

/// Which of a model's files decide its vectors, in order of name: configuration, tokenizer, the
/// modules' folders (`1_Pooling/`, `2_Dense/`) and weights: model.safetensors, or its shards with
/// their index; model.onnx, or onnx/model.onnx. Never pickles (.bin, .pt), which can run code.
///
/// kInvalidArgument for a name that leads out of the folder.
Result<std::vector<std::string>> SelectModelFiles(std::span<const std::string> names,
                                                  WeightsChoice choice);

/// The same for a folder on this machine.
Result<std::vector<std::string>> SelectFolderFiles(const std::string& folder);

/// Whether `name` is weights of a kind that is loaded.
bool IsWeightsFile(std::string_view name);

/// kInvalidArgument unless `name` is a relative path of plain parts.
Status CheckFileName(std::string_view name);

/// Files in `folder` and two floors below, relative to it, links followed. Hidden ones are left
/// out. kNotFound when it is no folder.
Result<std::vector<std::string>> ListFolderFiles(const std::string& folder);

}  // namespace iolite::models
