#pragma once

#include <memory>
#include <span>
#include <string>

#include "iolite/storage/disk.h"
#include "iolite/vector/index_options.h"

namespace iolite::vector {

/// A quantized graph that takes changes while it is searched. Rows are named by ids of the caller's
/// choice (any below 2^32 - 1; close together, because filters are bitmaps over them).
///
/// A row can be found as soon as Insert returns and cannot after Delete returned. Changes are in
/// memory until Checkpoint, which writes those that came since the one before and is safe against a
/// crash at any point; whoever needs more keeps a log.
///
/// Threads: any number may search, without locks; any number may change, one after another where
///          they touch the graph.
/// Memory:  a mapped file's rows stay in the file until they change; each changed row costs its
///          bytes again, drawn from the budget, and the first change 130 bytes a row for the lists
///          of who links to whom.
class QgMutableIndex : public VectorIndex {
 public:
  /// An empty index.
  static Result<std::unique_ptr<QgMutableIndex>> Make(const IndexBuildOptions& options);
  /// A file that a builder or Checkpoint wrote. Finishes a checkpoint that a crash interrupted, and
  /// checks every checksum. One process at a time may have it open for changes.
  static Result<std::unique_ptr<QgMutableIndex>> Open(storage::Disk& disk, const std::string& path,
                                                      const IndexBuildOptions& options);

  /// Adds rows, dimension() floats each, under `ids`. All of them are added, or none:
  /// kAlreadyExists names an id that has a row, kInvalidArgument one that comes twice or a row with
  /// NaN, kResourceExhausted a budget without room.
  virtual Status Insert(const RequestContext& context, std::span<const uint32_t> ids,
                        std::span<const float> rows) = 0;
  /// Gives ids other vectors. A search meanwhile finds the old one or the new one. kNotFound names
  /// an id without a row; rows before it have been replaced.
  virtual Status Replace(const RequestContext& context, std::span<const uint32_t> ids,
                         std::span<const float> rows) = 0;
  /// Takes rows out. kNotFound names an id without a row; nothing is changed then.
  virtual Status Delete(const RequestContext& context, std::span<const uint32_t> ids) = 0;

  /// Makes the file `path` hold what the index holds. Writes only what changed when it is the file
  /// of the last checkpoint or of Open; then it waits, within the context's deadline, for searches
  /// that began before, and whoever else has the file mapped must open it again. On an error the
  /// file is as it was, or will be when it is opened for changes.
  virtual Status Checkpoint(const RequestContext& context, storage::Disk& disk,
                            const std::string& path) = 0;

  virtual bool Contains(uint32_t id) const = 0;
};

}  // namespace iolite::vector
