#include "iolite/storage/internal/draft.h"

#include <utility>

namespace iolite::storage::internal {
namespace {

constexpr size_t kBufferBytes = 256 << 10;

int64_t PreciseUnixNs(const Clock& clock) {
  // The clock counts microseconds; its monotonic part tells files of one microsecond apart.
  return clock.unix_us() * 1000 + clock.monotonic_ns() % 1000;
}

}  // namespace

Result<Draft> Draft::Make(Disk& disk, Clock& clock, Random& random, const std::string& folder) {
  auto path = fmt::format("{}/{}{}", folder, kDraftPrefix, random.NextHex(16));
  IOLITE_ASSIGN_OR_RETURN(auto file, disk.Open(path, OpenMode::kCreate));
  return Draft(disk, clock, std::move(path), std::move(file));
}

Draft::Draft(Disk& disk, Clock& clock, std::string path, std::unique_ptr<DiskFile> file)
    : disk_(&disk), clock_(&clock), path_(std::move(path)), file_(std::move(file)) {}

Draft::Draft(Draft&& other) noexcept
    : disk_(other.disk_),
      clock_(other.clock_),
      path_(std::exchange(other.path_, {})),
      file_(std::move(other.file_)),
      buffer_(std::move(other.buffer_)),
      size_bytes_(other.size_bytes_),
      finished_(other.finished_),
      failure_(std::move(other.failure_)) {}

Draft::~Draft() {
  // An error leaves litter, which the next opening removes.
  if (!path_.empty()) (void)disk_->Remove(path_);
}

Status Draft::Remember(Status status) {
  if (!status.ok()) failure_ = status;
  return status;
}

Status Draft::Append(std::string_view bytes) {
  IOLITE_RETURN_IF_ERROR(failure_);
  if (finished_) return FailedPrecondition("The object was sealed; it cannot grow");
  size_bytes_ += static_cast<int64_t>(bytes.size());
  if (buffer_.size() + bytes.size() > kBufferBytes) IOLITE_RETURN_IF_ERROR(Flush());
  if (bytes.size() >= kBufferBytes) return Remember(file_->Append(bytes));
  buffer_.append(bytes);
  return Status();
}

Status Draft::Flush() {
  if (buffer_.empty()) return Status();
  IOLITE_RETURN_IF_ERROR(Remember(file_->Append(buffer_)));
  buffer_.clear();
  return Status();
}

Status Draft::Finish() {
  IOLITE_RETURN_IF_ERROR(failure_);
  if (finished_) return FailedPrecondition("The object was sealed already");
  IOLITE_RETURN_IF_ERROR(Flush());
  IOLITE_RETURN_IF_ERROR(Remember(file_->SetModified(PreciseUnixNs(*clock_))));
  IOLITE_RETURN_IF_ERROR(Remember(file_->Sync()));
  finished_ = true;
  return Status();
}

Status Draft::PublishNew(const std::string& path) { return Publish(path, /*over=*/false); }
Status Draft::PublishOver(const std::string& path) { return Publish(path, /*over=*/true); }

Status Draft::Publish(const std::string& path, bool over) {
  IOLITE_RETURN_IF_ERROR(
      Remember(over ? disk_->Rename(path_, path) : disk_->RenameToNew(path_, path)));
  path_.clear();
  return Remember(disk_->SyncFolder(ParentFolder(path)));
}

}  // namespace iolite::storage::internal
