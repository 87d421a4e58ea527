#include "iolite/vector/internal/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace iolite::vector::internal {
namespace {

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) close(number);
  }
};

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::Open(const std::string& path) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0) return ErrnoStatus(errno, path);
  struct stat info;
  if (fstat(file.number, &info) != 0) return ErrnoStatus(errno, path);
  if (!S_ISREG(info.st_mode)) return InvalidArgument("{} is no regular file", path);
  std::shared_ptr<MappedFile> mapped(new MappedFile);
  if (info.st_size == 0) return std::shared_ptr<const MappedFile>(mapped);
  void* data = mmap(nullptr, info.st_size, PROT_READ, MAP_SHARED, file.number, 0);
  if (data == MAP_FAILED) return ErrnoStatus(errno, path);
  mapped->data_ = static_cast<const char*>(data);
  mapped->size_ = info.st_size;
  return std::shared_ptr<const MappedFile>(mapped);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<char*>(data_), size_);
}

std::shared_ptr<const void> Both(std::shared_ptr<const void> first,
                                 std::shared_ptr<const void> second) {
  return std::make_shared<std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>>(
      std::move(first), std::move(second));
}

}  // namespace iolite::vector::internal
