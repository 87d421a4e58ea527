#include "iolite/models/internal/files.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "iolite/base/hash.h"

namespace iolite::models {
namespace {

Status ReadPieces(const std::string& path, const std::function<void(std::string_view)>& take) {
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return ErrnoStatus(errno, "Cannot open " + path);
  std::vector<char> buffer(1 << 18);
  size_t count;
  while ((count = std::fread(buffer.data(), 1, buffer.size(), file.get())) > 0) {
    take({buffer.data(), count});
  }
  if (std::ferror(file.get())) return ErrnoStatus(errno, "Cannot read " + path);
  return Status();
}

}  // namespace

Result<std::string> ReadFile(const std::string& path) {
  std::string bytes;
  IOLITE_RETURN_IF_ERROR(ReadPieces(path, [&](std::string_view piece) { bytes += piece; }));
  return bytes;
}

Result<std::string> Sha256OfFile(const std::string& path) {
  Sha256 hash;
  IOLITE_RETURN_IF_ERROR(ReadPieces(path, [&](std::string_view piece) { hash.Update(piece); }));
  return hash.Finish();
}

bool FileExists(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

std::string FindOnnxFile(const std::string& folder) {
  for (const char* name : {"/model.onnx", "/onnx/model.onnx"}) {
    if (FileExists(folder + name)) return folder + name;
  }
  return "";
}

bool HasSafetensors(const std::string& folder) {
  return FileExists(folder + "/model.safetensors") ||
         FileExists(folder + "/model.safetensors.index.json");
}

}  // namespace iolite::models
