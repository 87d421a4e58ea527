#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "iolite/cli/console.h"
#include "iolite/cli/json.h"

namespace iolite::cli {

/// Things of one kind, a line each: as aligned columns, or as one JSON object a line.
class Listing {
 public:
  explicit Listing(std::vector<std::string> headings);
  /// The same thing twice: for programs and for people.
  void Add(Json json, std::vector<std::string> cells);
  /// `when_empty` is what a person reads when there is nothing.
  void Print(const Console& console, std::string_view when_empty) const;

 private:
  std::vector<std::string> headings_;
  std::vector<Json> documents_;
  std::vector<std::vector<std::string>> rows_;
};

/// One thing: as `key  value` lines, or as one JSON object.
void PrintRecord(const Console& console, const Json& json);

}  // namespace iolite::cli
