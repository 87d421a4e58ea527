#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>

#include "iolite/base/budget.h"
#include "iolite/base/status.h"

namespace iolite::search::internal {

/// Decoded pieces of sources under a byte budget: a column of a row group, the keys of a source, a
/// whole small source. The piece that was asked for longest ago goes first; who holds one keeps it.
///
/// Threads: any number; those who ask for one piece at once wait for one load.
class RowCache {
 public:
  /// Which piece: of which version of a source, and which part of it.
  struct Key {
    uint64_t source_version = 0;
    int32_t file = -1;
    int32_t row_group = -1;
    int32_t column = -1;
    auto operator<=>(const Key&) const = default;
  };
  struct Piece {
    std::shared_ptr<const void> value;
    int64_t bytes = 0;
  };

  RowCache(int64_t bytes_max, Budget* budget) : bytes_max_(bytes_max), budget_(budget) {}

  /// The piece, loaded when it is not there. One that does not fit the bound or the budget is given
  /// to the caller and not kept.
  template <typename T>
  Result<std::shared_ptr<const T>> Get(const Key& key, const std::function<Result<Piece>()>& load) {
    IOLITE_ASSIGN_OR_RETURN(std::shared_ptr<const void> value, GetAny(key, load));
    return std::static_pointer_cast<const T>(std::move(value));
  }

  /// Whether `key` is there now.
  bool Has(const Key& key) const;
  /// Drops the pieces of a version that is no longer read.
  void Forget(uint64_t source_version);

  int64_t bytes_max() const { return bytes_max_; }
  int64_t bytes() const;

 private:
  struct Entry {
    std::mutex loading;
    std::shared_ptr<const void> value;
    Reservation reservation;
    std::list<Key>::iterator place;
    bool kept = false;
  };

  Result<std::shared_ptr<const void>> GetAny(const Key& key,
                                             const std::function<Result<Piece>()>& load);
  /// Called by the holder of the entry's mutex.
  Result<std::shared_ptr<const void>> Load(const Key& key, const std::shared_ptr<Entry>& entry,
                                           const std::function<Result<Piece>()>& load);
  std::shared_ptr<const void> FindKept(const Key& key, std::shared_ptr<Entry>* entry);
  void Keep(const Key& key, const std::shared_ptr<Entry>& entry, const Piece& piece);
  void DropOldest();

  const int64_t bytes_max_;
  Budget* const budget_;
  mutable std::mutex mutex_;
  std::map<Key, std::shared_ptr<Entry>> entries_;
  std::list<Key> order_;  ///< of the kept ones, newest use first
  int64_t bytes_ = 0;
};

}  // namespace iolite::search::internal
