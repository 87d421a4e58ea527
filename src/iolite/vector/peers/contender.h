#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "iolite/columnar/row_set.h"
#include "iolite/vector/peers/data_set.h"

namespace iolite::vector::peers {

/// How a contender builds. 0 leaves a size to the contender.
struct BuildSettings {
  size_t connectivity = 0;   ///< M; links a vertex keeps
  size_t expansion_add = 0;  ///< efConstruction
  std::string element_type;  ///< of the vectors inside; empty for f32
  size_t thread_count = 1;
};

/// Which rows may appear, in the forms that contenders take.
struct Filter {
  columnar::RowSet rows;
  std::vector<uint64_t> words;  ///< a bit a row
};

/// An index that takes part. Failure of a library ends the program with its message.
///
/// Threads: any number may search.
class Contender {
 public:
  virtual ~Contender() = default;

  virtual Status Build(const DataSet& data, const BuildSettings& settings) = 0;
  virtual Status Save(const std::string& path) = 0;
  virtual Status Open(const DataSet& data, const std::string& path) = 0;

  /// The rows nearest to `query`, in any order; `filter` is null for all. Returns how many.
  virtual size_t Search(std::span<const float> query, size_t k, size_t ef, const Filter* filter,
                        std::span<uint32_t> rows) const = 0;
  /// What it takes to search: in memory, and mapped.
  virtual int64_t bytes() const = 0;
};

/// `hnswlib`, `exact` (every row compared), and the kinds of index_factory.h. kInvalidArgument for
/// others.
Result<std::unique_ptr<Contender>> MakeContender(const std::string& kind);

std::unique_ptr<Contender> MakeHnswlibContender();
std::unique_ptr<Contender> MakeFlatContender();
std::unique_ptr<Contender> MakeOwnContender(const std::string& kind);

}  // namespace iolite::vector::peers
