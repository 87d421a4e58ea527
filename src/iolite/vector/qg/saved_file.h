#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/storage/disk.h"
#include "iolite/vector/qg/checkpoint.h"
#include "iolite/vector/qg/file.h"
#include "iolite/vector/qg/live_vertices.h"

namespace iolite::vector::qg {

/// The file that an index was opened from or last written to, and which slots have changed since.
///
/// An update has two halves, because the file is mapped: rows that changed meanwhile are still read
/// from it by searches that began before. Begin writes the changes beside the file while nobody
/// changes the index; Commit puts them into it when those searches have ended.
///
/// Threads: one at a time, but Commit needs no standstill of the index.
class SavedFile {
 public:
  const std::string& path() const { return path_; }
  bool IsAt(const std::string& path) const { return !path.empty() && path == path_; }

  /// The file at `path` holds all of an index of so many slots.
  void Holds(const std::string& path, uint32_t slot_count);
  void MarkChanged(uint32_t slot);

  /// Whether a commit failed after which the file may be half changed, until FinishCommit.
  bool CommitFailed() const { return commit_failed_; }
  /// Finishes a commit that failed, where its journal had its name already. Searches that were
  /// running when it was begun must have ended.
  Status FinishCommit(storage::Disk& disk);

  /// Writes what changed beside the file, and counts it as saved. Without a change there is nothing
  /// to commit.
  Status Begin(const RequestContext& context, storage::Disk& disk, const LiveVertices& vertices,
               const Header& header);
  /// Whether Begin found changes.
  bool begun() const { return journal_ != nullptr; }
  /// Makes the file hold them; they are on disk then.
  Status Commit();
  /// After a failed Begin or Commit: the changes are unsaved again.
  void Undo();

 private:
  Status AppendExtents(const RequestContext& context, storage::Disk& disk,
                       const LiveVertices& vertices);
  Result<bool> AddChanges(const RequestContext& context, const LiveVertices& vertices,
                          JournaledWrite& journal);

  std::string path_;
  uint32_t slot_count_ = 0;    // that the file's header counts
  std::vector<bool> changed_;  // slots, since the last Begin
  bool commit_failed_ = false;

  // Of the update that is under way, or failed.
  std::unique_ptr<JournaledWrite> journal_;
  std::vector<bool> saving_;
  uint32_t saving_slot_count_ = 0;
};

/// Writes an index whole.
Status WriteIndexFile(const RequestContext& context, const LiveVertices& vertices,
                      const Header& header, storage::DiskFile& file);

}  // namespace iolite::vector::qg
