#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "iolite/base/clock.h"
#include "iolite/base/random.h"
#include "iolite/storage/disk.h"

namespace iolite::storage::internal {

inline constexpr std::string_view kDraftPrefix = ".iolite-draft-";

/// A file on its way to its name: written under another one in the same folder, synced, then
/// renamed. Removed when it goes unpublished.
class Draft {
 public:
  static Result<Draft> Make(Disk& disk, Clock& clock, Random& random, const std::string& folder);
  Draft(Draft&& other) noexcept;
  Draft& operator=(Draft&&) = delete;
  ~Draft();

  Status Append(std::string_view bytes);
  /// Writes what is left, stamps the time and syncs the contents. Spent after an error.
  Status Finish();
  /// Names the finished draft, and syncs the folder. kAlreadyExists when the name is taken.
  Status PublishNew(const std::string& path);
  /// Names the finished draft in place of what has the name, and syncs the folder.
  Status PublishOver(const std::string& path);

  int64_t size_bytes() const { return size_bytes_; }
  const DiskFile& file() const { return *file_; }

 private:
  Draft(Disk& disk, Clock& clock, std::string path, std::unique_ptr<DiskFile> file);
  Status Flush();
  Status Remember(Status status);
  Status Publish(const std::string& path, bool over);

  Disk* disk_;
  Clock* clock_;
  std::string path_;  // empty once published
  std::unique_ptr<DiskFile> file_;
  std::string buffer_;
  int64_t size_bytes_ = 0;
  bool finished_ = false;
  Status failure_;  // the first error; later calls repeat it
};

}  // namespace iolite::storage::internal
