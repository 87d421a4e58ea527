#include "iolite/text/internal/output.h"

#include <algorithm>

#include "iolite/base/hash.h"
#include "iolite/text/internal/layout.h"

namespace iolite::text::internal {
namespace {

// What a buffer may hold before it is set aside where that is possible.
constexpr size_t kBufferBytesMax = size_t{8} << 20;

}  // namespace

SpillArea::~SpillArea() {
  for (const std::string& path : paths_) (void)store_->Delete(path);
}

Result<std::unique_ptr<storage::ObjectWriter>> SpillArea::Write(std::string* path) {
  *path = fmt::format("{}.run-{}", prefix_, ++count_);
  // What a process that died left behind.
  IOLITE_RETURN_IF_ERROR(store_->Delete(*path));
  paths_.push_back(*path);
  return store_->Write(*path);
}

void SpillArea::Delete(const std::string& path) {
  (void)store_->Delete(path);
  std::erase(paths_, path);
}

Status SpillBuffer::Append(std::string_view bytes) {
  size_ += bytes.size();
  const size_t size = memory_.size() + bytes.size();
  if (size > memory_.capacity() || reservation_.bytes() == 0) {
    const size_t capacity = std::max(size, std::max<size_t>(memory_.capacity() * 2, 4096));
    Result<Reservation> reservation = budget_.Reserve(static_cast<int64_t>(capacity));
    if (reservation.ok()) {
      memory_.reserve(capacity);
      reservation_ = std::move(*reservation);
    } else if (!area_.usable()) {
      return reservation.status();
    }
  }
  memory_ += bytes;
  const bool full = memory_.size() > kBufferBytesMax ||
                    static_cast<int64_t>(memory_.size()) > reservation_.bytes();
  return full && area_.usable() ? Spill() : Status::Ok();
}

Status SpillBuffer::Spill() {
  if (!writer_) {
    IOLITE_ASSIGN_OR_RETURN(writer_, area_.Write(&path_));
  }
  IOLITE_RETURN_IF_ERROR(writer_->Append(memory_));
  memory_.clear();
  return Status::Ok();
}

Status SpillBuffer::MoveTo(const WriteFunction& write) {
  if (writer_) {
    IOLITE_RETURN_IF_ERROR(Spill());
    IOLITE_RETURN_IF_ERROR(writer_->Seal().status());
    IOLITE_ASSIGN_OR_RETURN(auto mapped, area_.store().Map(path_));
    IOLITE_RETURN_IF_ERROR(write(mapped->bytes()));
    writer_.reset();
    area_.Delete(path_);
  } else if (!memory_.empty()) {
    IOLITE_RETURN_IF_ERROR(write(memory_));
  }
  memory_ = std::string();
  reservation_.Release();
  size_ = 0;
  return Status::Ok();
}

Status SummedOutput::Write(std::string_view bytes) {
  IOLITE_RETURN_IF_ERROR(write_(bytes));
  offset_ += bytes.size();
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, kExtentBytes - in_extent_);
    sum_ = Crc32c(part, sum_);
    in_extent_ += part.size();
    bytes.remove_prefix(part.size());
    if (in_extent_ < kExtentBytes) continue;
    sums_.append(reinterpret_cast<const char*>(&sum_), 4);
    sum_ = 0;
    in_extent_ = 0;
  }
  return Status::Ok();
}

Status SummedOutput::Align() {
  const size_t over = offset_ % kSectionAlignment;
  return over == 0 ? Status::Ok() : Write(std::string(kSectionAlignment - over, '\0'));
}

std::string SummedOutput::FinishSums() {
  if (in_extent_ > 0) sums_.append(reinterpret_cast<const char*>(&sum_), 4);
  return std::move(sums_);
}

}  // namespace iolite::text::internal
