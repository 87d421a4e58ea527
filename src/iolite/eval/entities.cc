#include "iolite/eval/entities.h"

#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "iolite/eval/evaluation.h"
#include "iolite/eval/labels.h"

namespace iolite::eval {
namespace {

/// A tag taken apart: `B-PER` is B and PER.
struct Tag {
  char prefix = 'O';
  std::string_view type;
};

Tag Parse(std::string_view tag) {
  if (tag.empty()) return {'O', "_"};
  if (tag.size() == 1) return {tag.front(), "_"};
  const size_t dash = tag.find('-', 1);
  if (dash == std::string_view::npos) return {'I', tag};
  const std::string_view type = tag.substr(dash + 1);
  return {tag.front(), type.empty() ? "_" : type};
}

bool Inside(char prefix) { return prefix != 'O' && prefix != '.'; }

/// Whether an entity that `before` belongs to ends with it.
bool Ends(const Tag& before, const Tag& now) {
  if (before.prefix == 'E' || before.prefix == 'S') return true;
  const bool open = before.prefix == 'B' || before.prefix == 'I';
  if (open && (now.prefix == 'B' || now.prefix == 'S' || now.prefix == 'O')) return true;
  return Inside(before.prefix) && before.type != now.type;
}

/// Whether an entity begins with `now`.
bool Begins(const Tag& before, const Tag& now) {
  if (now.prefix == 'B' || now.prefix == 'S') return true;
  const bool closed = before.prefix == 'E' || before.prefix == 'S' || before.prefix == 'O';
  if (closed && (now.prefix == 'E' || now.prefix == 'I')) return true;
  return Inside(now.prefix) && before.type != now.type;
}

using Entities = std::set<Entity>;

struct Counts {
  int64_t support = 0;
  int64_t predicted = 0;
  int64_t correct = 0;
};

/// Counts of each type, text after text.
class EntityCounter {
 public:
  void Add(const Entities& predicted, const Entities& truth) {
    ++result_.row_count;
    for (const Entity& entity : truth) ++counts_[entity.type].support;
    for (const Entity& entity : predicted) {
      Counts& counts = counts_[entity.type];
      ++counts.predicted;
      counts.correct += truth.contains(entity);
    }
  }

  EntityEvalResult Finish(std::string layout) {
    result_.layout = std::move(layout);
    for (const auto& [type, counts] : counts_) {
      result_.types.push_back(FiguresOf(type, counts.support, counts.predicted, counts.correct));
    }
    result_.micro = MicroOf(result_.types);
    result_.macro = MacroOf(result_.types);
    result_.weighted = WeightedOf(result_.types);
    return std::move(result_);
  }

  EntityEvalResult& result() { return result_; }

 private:
  EntityEvalResult result_;
  std::map<std::string, Counts> counts_;
};

Status NothingTrue() {
  return InvalidArgument("The truth has no rows: there is nothing to compare.");
}

Result<std::unordered_map<std::string_view, const TagRow*>> ById(const std::vector<TagRow>& rows,
                                                                 std::string_view side) {
  std::unordered_map<std::string_view, const TagRow*> by_id;
  for (const TagRow& row : rows) {
    if (!by_id.emplace(row.id, &row).second) {
      return InvalidArgument("The {} have the row \"{}\" twice: keys must be unique.", side,
                             row.id);
    }
  }
  return by_id;
}

Entities SetOf(const TagRow& row) {
  std::vector<Entity> entities = EntitiesOf(row.tags);
  return Entities(std::make_move_iterator(entities.begin()),
                  std::make_move_iterator(entities.end()));
}

using EntitiesByRow = std::map<std::string, Entities>;

Result<EntitiesByRow> Gather(const std::vector<EntityRow>& rows) {
  EntitiesByRow gathered;
  for (const EntityRow& row : rows) {
    if (row.entity.end < row.entity.start) {
      return InvalidArgument("An entity of row \"{}\" ends at {}, before its start at {}.", row.id,
                             row.entity.end, row.entity.start);
    }
    gathered[row.id].insert(row.entity);
  }
  return gathered;
}

}  // namespace

std::vector<Entity> EntitiesOf(std::span<const std::string> tags) {
  std::vector<Entity> entities;
  Tag before;
  int64_t start = 0;
  for (size_t i = 0; i <= tags.size(); ++i) {
    const Tag now = i < tags.size() ? Parse(tags[i]) : Parse("O");
    if (Ends(before, now)) {
      entities.push_back({std::string(before.type), start, static_cast<int64_t>(i) - 1});
    }
    if (Begins(before, now)) start = static_cast<int64_t>(i);
    before = now;
  }
  return entities;
}

Result<EntityEvalResult> EvaluateTags(const std::vector<TagRow>& predicted,
                                      const std::vector<TagRow>& truth) {
  if (truth.empty()) return NothingTrue();
  IOLITE_ASSIGN_OR_RETURN(const auto predictions, ById(predicted, "predictions"));
  IOLITE_ASSIGN_OR_RETURN(const auto truths, ById(truth, "true tags"));
  EntityCounter counter;
  for (const TagRow& row : truth) {
    const auto found = predictions.find(row.id);
    if (found == predictions.end()) {
      AddStranger(row.id, counter.result().unpredicted);
      counter.Add({}, SetOf(row));
      continue;
    }
    if (found->second->tags.size() != row.tags.size()) {
      return InvalidArgument("The row \"{}\" has {} predicted tags and {} true ones.", row.id,
                             found->second->tags.size(), row.tags.size());
    }
    counter.Add(SetOf(*found->second), SetOf(row));
  }
  for (const TagRow& row : predicted) {
    if (!truths.contains(row.id)) AddStranger(row.id, counter.result().unknown);
  }
  return counter.Finish("tags");
}

Result<EntityEvalResult> EvaluateSpans(const std::vector<EntityRow>& predicted,
                                       const std::vector<EntityRow>& truth) {
  if (truth.empty()) return NothingTrue();
  IOLITE_ASSIGN_OR_RETURN(const EntitiesByRow predictions, Gather(predicted));
  IOLITE_ASSIGN_OR_RETURN(const EntitiesByRow truths, Gather(truth));
  EntityCounter counter;
  for (const auto& [id, entities] : truths) {
    const auto found = predictions.find(id);
    if (found == predictions.end()) AddStranger(id, counter.result().unpredicted);
    counter.Add(found == predictions.end() ? Entities{} : found->second, entities);
  }
  for (const auto& [id, entities] : predictions) {
    if (truths.contains(id)) continue;
    AddStranger(id, counter.result().unknown);
    counter.Add(entities, {});
  }
  return counter.Finish("spans");
}

}  // namespace iolite::eval
