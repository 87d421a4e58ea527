#include "iolite/models/internal/download.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <utility>

#include "iolite/base/hash.h"
#include "iolite/models/internal/retry.h"

namespace iolite::models {
namespace {

using storage::Disk;
using storage::DiskFile;
using storage::OpenMode;

bool IsSha256(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

std::string Unquoted(std::string tag) {
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"')
    tag = tag.substr(1, tag.size() - 2);
  return tag;
}

/// Reads all of a file into `hash`, and tells its size.
Result<int64_t> HashInto(const RequestContext& context, const DiskFile& file, Sha256* hash) {
  std::vector<char> buffer(1 << 20);
  int64_t offset = 0;
  while (true) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    IOLITE_ASSIGN_OR_RETURN(const size_t count, file.ReadAt(offset, buffer));
    if (count == 0) return offset;
    hash->Update({buffer.data(), count});
    offset += static_cast<int64_t>(count);
  }
}

/// One file on its way.
class Transfer {
 public:
  Transfer(const RequestContext& context, HttpClient& http, const DownloadSource& source,
           const DownloadTarget& target, const std::function<void(int64_t)>& on_bytes)
      : context_(context),
        http_(http),
        source_(source),
        target_(target),
        on_bytes_(on_bytes),
        disk_(*target.disk),
        part_path_(target.path + ".part"),
        sha256_(source.sha256) {}

  Result<PulledFile> Run() {
    IOLITE_RETURN_IF_ERROR(Fetch());
    std::string got = hash_->Finish();
    if (!sha256_.empty() && got != sha256_) {
      // What was left by an earlier run may be to blame: once more, from the start.
      IOLITE_RETURN_IF_ERROR(Restart());
      IOLITE_RETURN_IF_ERROR(Fetch());
      got = hash_->Finish();
    }
    if (!sha256_.empty() && got != sha256_) {
      file_.reset();
      (void)disk_.Remove(part_path_);
      return DataLoss("{} arrived with SHA-256 {}, announced was {}: nothing was kept",
                      source_.what, got, sha256_);
    }
    IOLITE_RETURN_IF_ERROR(Publish());
    return PulledFile{"", offset_, got};
  }

 private:
  /// Gets what is missing, however many attempts it takes.
  Status Fetch() {
    IOLITE_RETURN_IF_ERROR(OpenPart());
    Retry retry(context_, *target_.clock);
    while (source_.size_bytes < 0 || offset_ < source_.size_bytes) {
      const int64_t before = offset_;
      std::optional<std::chrono::seconds> wait;
      const Status status = Attempt(&wait);
      if (status.ok()) break;
      if (offset_ > before) retry.Reset();
      IOLITE_RETURN_IF_ERROR(retry.Wait(status, wait));
    }
    return Status();
  }

  /// Opens the part that an earlier run left and reads it into the hash. A crash may have torn it,
  /// so it is continued only where a checksum will tell.
  Status OpenPart() {
    hash_ = std::make_unique<Sha256>();
    offset_ = 0;
    tag_.clear();
    IOLITE_ASSIGN_OR_RETURN(file_, disk_.Open(part_path_, OpenMode::kReadWrite));
    IOLITE_ASSIGN_OR_RETURN(const storage::DiskStat stat, file_->Stat());
    const bool too_long = source_.size_bytes >= 0 && stat.size_bytes > source_.size_bytes;
    if (sha256_.empty() || too_long) return Restart();
    IOLITE_ASSIGN_OR_RETURN(offset_, HashInto(context_, *file_, hash_.get()));
    return Status();
  }

  Status Restart() {
    hash_ = std::make_unique<Sha256>();
    offset_ = 0;
    tag_.clear();
    return file_->Truncate(0);
  }

  Status Attempt(std::optional<std::chrono::seconds>* wait) {
    HttpRequest request = source_.request;
    if (offset_ > 0) {
      request.headers.emplace_back("Range", fmt::format("bytes={}-", offset_));
      if (!tag_.empty()) request.headers.emplace_back("If-Range", tag_);
    }
    begun_ = false;
    const auto take = [&](const HttpResponse& response, std::string_view bytes) {
      return response.status / 100 == 2 ? Take(response, bytes) : Status();
    };
    IOLITE_ASSIGN_OR_RETURN(HttpResponse response,
                            GetFollowingRedirects(http_, context_, request, take));
    if (response.status == 416 && offset_ > 0) {
      IOLITE_RETURN_IF_ERROR(Restart());
      return Unavailable("{} could not be continued", source_.what);
    }
    *wait = RetryAfter(response, *target_.clock);
    if (response.status / 100 != 2) return HttpFailure(response, source_.what);
    if (!begun_) IOLITE_RETURN_IF_ERROR(Begin(response));  // an empty file
    return CheckSize();
  }

  Status CheckSize() {
    if (source_.size_bytes < 0 || offset_ == source_.size_bytes) return Status();
    if (offset_ < source_.size_bytes) {
      return Unavailable("{} broke off after {} of {} bytes", source_.what, offset_,
                         source_.size_bytes);
    }
    return DataLoss("{} has more than the {} bytes announced", source_.what, source_.size_bytes);
  }

  /// Looks at the first answer to an attempt: does it continue, or start again?
  Status Begin(const HttpResponse& response) {
    begun_ = true;
    if (const std::string linked = Unquoted(response.header("x-linked-etag"));
        sha256_.empty() && IsSha256(linked)) {
      sha256_ = linked;
    }
    const std::string start = fmt::format("bytes {}-", offset_);
    if (response.status == 206 && response.header("content-range").starts_with(start)) {
      return Status();
    }
    if (response.status == 206 && offset_ > 0) {
      return DataLoss("{} was asked for from byte {} and came with range '{}'", source_.what,
                      offset_, response.header("content-range"));
    }
    if (offset_ > 0) IOLITE_RETURN_IF_ERROR(Restart());
    tag_ = response.header("etag");
    if (tag_.starts_with("W/")) tag_.clear();  // weak ones do not promise equal bytes
    return Status();
  }

  Status Take(const HttpResponse& response, std::string_view bytes) {
    if (!begun_) IOLITE_RETURN_IF_ERROR(Begin(response));
    IOLITE_RETURN_IF_ERROR(file_->WriteAt(offset_, bytes));
    hash_->Update(bytes);
    offset_ += static_cast<int64_t>(bytes.size());
    if (source_.size_bytes >= 0 && offset_ > source_.size_bytes) return CheckSize();
    if (on_bytes_) on_bytes_(offset_);
    return Status();
  }

  Status Publish() {
    IOLITE_RETURN_IF_ERROR(file_->Sync());
    file_.reset();
    IOLITE_RETURN_IF_ERROR(disk_.Rename(part_path_, target_.path));
    return disk_.SyncFolder(storage::ParentFolder(target_.path));
  }

  const RequestContext& context_;
  HttpClient& http_;
  const DownloadSource& source_;
  const DownloadTarget& target_;
  const std::function<void(int64_t)>& on_bytes_;
  Disk& disk_;
  const std::string part_path_;
  std::string sha256_;
  std::unique_ptr<DiskFile> file_;
  std::unique_ptr<Sha256> hash_;
  int64_t offset_ = 0;
  std::string tag_;     // the validator of the bytes that this run got; empty for those it found
  bool begun_ = false;  // the current attempt has seen its answer
};

}  // namespace

Result<PulledFile> Download(const RequestContext& context, HttpClient& http,
                            const DownloadSource& source, const DownloadTarget& target,
                            const std::function<void(int64_t)>& on_bytes) {
  return Transfer(context, http, source, target, on_bytes).Run();
}

Result<PulledFile> Describe(const RequestContext& context, storage::Disk& disk,
                            const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(const auto file, disk.Open(path, OpenMode::kRead));
  Sha256 hash;
  IOLITE_ASSIGN_OR_RETURN(const int64_t size, HashInto(context, *file, &hash));
  return PulledFile{"", size, hash.Finish()};
}

}  // namespace iolite::models
