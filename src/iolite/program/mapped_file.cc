#include "iolite/program/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace iolite::program {
namespace {

Result<std::span<const std::byte>> MapDescriptor(int descriptor, const std::string& path) {
  struct stat info = {};
  if (::fstat(descriptor, &info) != 0) return ErrnoStatus(errno, "Cannot read " + path);
  if (!S_ISREG(info.st_mode)) return InvalidArgument("{} is not a regular file", path);
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return std::span<const std::byte>();
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED) return ErrnoStatus(errno, "Cannot map " + path);
  return std::span<const std::byte>(static_cast<const std::byte*>(data), size);
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::Open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return ErrnoStatus(errno, "Cannot open " + path);
  auto bytes = MapDescriptor(descriptor, path);
  ::close(descriptor);
  if (!bytes.ok()) return bytes.status();
  return std::shared_ptr<const MappedFile>(new MappedFile(path, bytes->data(), bytes->size()));
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace iolite::program
