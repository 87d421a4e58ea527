#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/text/internal/layout.h"
#include "iolite/text/internal/output.h"
#include "iolite/text/internal/term_source.h"

namespace iolite::text::internal {

/// What a file is written from: lists that several sources have of each field, and how long every
/// row's texts are.
struct FileInput {
  std::string analyzer;
  bool positions = true;
  uint32_t unit = 1;
  std::vector<Directory::Field> fields;
  /// One number a row for each field.
  std::span<const std::vector<uint32_t>> lengths;
  size_t source_count = 0;
  /// Opens the lists of a field from their begin.
  std::function<std::unique_ptr<TermSource>(size_t source, size_t field)> open;
};

/// Writes a whole index file. It depends on what the sources say together, not on how many there
/// are.
Status WriteIndexFile(const RequestContext& context, const FileInput& input, SpillArea& area,
                      Budget& budget, const WriteFunction& write);

}  // namespace iolite::text::internal
