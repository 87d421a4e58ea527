#include "iolite/models/internal/files.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <memory>

namespace iolite::models {

Result<std::string> ReadFile(const std::string& path) {
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return ErrnoStatus(errno, "Cannot open " + path);
  std::string bytes;
  char buffer[1 << 16];
  size_t count;
  while ((count = std::fread(buffer, 1, sizeof(buffer), file.get())) > 0)
    bytes.append(buffer, count);
  if (std::ferror(file.get())) return ErrnoStatus(errno, "Cannot read " + path);
  return bytes;
}

bool FileExists(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace iolite::models
