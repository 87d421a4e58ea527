#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "iolite/text/index.h"
#include "iolite/text/query.h"

namespace iolite::text::internal {

/// A query as one index reads it: words have become terms, fields have become parts.
struct PlanNode {
  enum class Kind {
    kNothing,  ///< words that are left out: such a clause asks nothing
    kTerm,
    kPhrase,
    kExpansion,  ///< beginnings and misspellings
    kBoolean,
  };
  Kind kind = Kind::kNothing;
  QueryNode::Occur occur = QueryNode::Occur::kShould;
  float boost = 1;  ///< with those of all around it
  size_t part = 0;
  std::vector<std::string> terms;   ///< of a phrase, several; else the term, or what was asked
  std::vector<uint32_t> positions;  ///< of the terms of a phrase, from 0
  bool is_prefix = false;           ///< of an expansion; else a misspelling
  int32_t distance = 0;
  size_t offset = 0;  ///< in the query
  size_t leaf = 0;    ///< which of the evaluation's leaves it is
  std::vector<PlanNode> children;

  /// `cell`, `"stem cell"~2`, `cell*`: for people, and for keys of expansions.
  std::string Text() const;
};

/// What a plan needs to know of an index.
struct PlanTarget {
  const Analyzer& analyzer;
  const std::vector<TextField>& fields;
  bool has_positions;

  /// That of all fields together.
  size_t whole() const { return fields.size() > 1 ? fields.size() : 0; }
  /// The name of a part in statistics: of all fields together, the empty one.
  std::string PartName(size_t part) const {
    return part < fields.size() ? fields[part].name : std::string();
  }
};

/// kInvalidArgument, pointing at the place, for what the index does not have.
Result<PlanNode> MakePlan(const PlanTarget& target, const TextQuery& query);

}  // namespace iolite::text::internal
