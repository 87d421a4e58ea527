#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace iolite::search::internal {

/// Keys of a source in the order of its rows, and where each stands: about 20 bytes a row beside
/// the text.
///
/// Threads: any number may read.
class KeyIndex {
 public:
  class Builder {
   public:
    explicit Builder(int64_t row_count_estimate);
    /// The next row's key; nothing where it is null.
    void Add(std::optional<std::string_view> key);
    /// The builder is spent. Of keys that appear twice the first row counts.
    KeyIndex Finish();

   private:
    std::string text_;
    std::vector<uint64_t> ends_;
    std::vector<bool> nulls_;
  };

  std::optional<int64_t> Find(std::string_view key) const;
  int64_t row_count() const { return static_cast<int64_t>(ends_.size()); }
  int64_t memory_bytes() const;

 private:
  /// A slot is 0 when empty, else 24 bits of the hash and the row number plus 1 in 40 bits.
  std::string_view key(int64_t row) const;
  void Insert(int64_t row);

  std::string text_;
  std::vector<uint64_t> ends_;
  std::vector<uint64_t> slots_;
};

}  // namespace iolite::search::internal
