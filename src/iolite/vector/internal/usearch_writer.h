#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "iolite/vector/internal/usearch_file.h"

namespace iolite::vector::internal {

/// What the head of a file says.
struct UsearchHead {
  Metric metric;
  ElementType element_type;
  uint64_t row_count;
  uint64_t dimension;
};
/// Appends a head.
void AppendUsearchHead(const UsearchHead& head, std::string& file);

/// Appends a graph that USearch saved with its vertices in slots. The file has them in the order of
/// rows and links by rows, so that a row's place follows from its number alone.
void AppendUsearchGraph(std::string_view saved, std::span<const uint32_t> row_of_slot,
                        size_t connectivity, std::string& file);

}  // namespace iolite::vector::internal
