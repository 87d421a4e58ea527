#pragma once

#include <string>

#include "iolite/base/status.h"

namespace iolite::models {

/// The bytes of a file. kNotFound or kPermissionDenied, naming the path.
Result<std::string> ReadFile(const std::string& path);

/// SHA-256 of a file's bytes, read in pieces.
Result<std::string> Sha256OfFile(const std::string& path);

/// Whether `path` names a file, also through a link.
bool FileExists(const std::string& path);

/// The ONNX file of a model's folder, model.onnx or onnx/model.onnx; empty when there is none.
std::string FindOnnxFile(const std::string& folder);

/// Whether a model's folder has a checkpoint, in one file or in shards.
bool HasSafetensors(const std::string& folder);

}  // namespace iolite::models
