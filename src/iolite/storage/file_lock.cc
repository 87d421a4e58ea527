#include "iolite/storage/file_lock.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

namespace iolite::storage {
namespace {

constexpr int kReadsMax = 20;
constexpr std::chrono::milliseconds kBetweenReads{5};

std::string HostName() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "unknown";
}

struct Holder {
  long pid = 0;
  std::string host;

  /// False for one that was killed; a holder on another host is believed.
  bool may_live() const {
    if (pid <= 0) return false;
    return host != HostName() || ::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM;
  }
};

Holder ParseHolder(const std::string& text) {
  char* end = nullptr;
  Holder holder{.pid = std::strtol(text.c_str(), &end, 10), .host = {}};
  if (*end == ' ') holder.host.assign(end + 1);
  while (!holder.host.empty() && holder.host.back() == '\n') holder.host.pop_back();
  return holder;
}

/// Between taking the lock and writing its name, a holder is unknown, or the one before it still
/// stands there: look again for a moment.
Status HeldBySomebody(const std::string& folder, const DiskFile& file, Clock& clock) {
  for (int i = 0; i < kReadsMax; ++i) {
    IOLITE_ASSIGN_OR_RETURN(const auto text, ReadWhole(file));
    if (const auto holder = ParseHolder(text); holder.may_live()) {
      return FailedPrecondition(
          "{} is open for writing by process {} on host {}. End that process, or open the folder "
          "for reading only",
          folder, holder.pid, holder.host);
    }
    clock.SleepFor(kBetweenReads);
  }
  return FailedPrecondition(
      "{} is open for writing by another process. End that process, or open the folder for reading "
      "only",
      folder);
}

}  // namespace

Result<std::unique_ptr<FileLock>> FileLock::Acquire(const std::string& folder, Disk& disk,
                                                    Clock& clock) {
  IOLITE_ASSIGN_OR_RETURN(auto file, disk.Open(folder + "/lock", OpenMode::kReadWrite));
  IOLITE_ASSIGN_OR_RETURN(const bool locked, file->TryLock(LockKind::kExclusive));
  if (!locked) return HeldBySomebody(folder, *file, clock);
  IOLITE_RETURN_IF_ERROR(file->Truncate(0));
  IOLITE_RETURN_IF_ERROR(file->WriteAt(0, fmt::format("{} {}\n", ::getpid(), HostName())));
  return std::unique_ptr<FileLock>(new FileLock(std::move(file)));
}

FileLock::~FileLock() {
  // Emptied before the kernel lets go, so that the next one is never mistaken for this process.
  (void)file_->Truncate(0);
}

}  // namespace iolite::storage
