#include "iolite/text/internal/plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace iolite::text::internal {
namespace {

using Occur = QueryNode::Occur;
using Kind = PlanNode::Kind;

class Planner {
 public:
  Planner(const PlanTarget& target, const TextQuery& query) : target_(target), query_(query) {}

  Result<PlanNode> Plan(const QueryNode& node, float boost) {
    PlanNode plan{.occur = node.occur, .boost = boost * node.boost, .offset = node.offset};
    if (node.kind == QueryNode::Kind::kBoolean) {
      IOLITE_RETURN_IF_ERROR(PlanChildren(node, plan));
      return plan;
    }
    IOLITE_ASSIGN_OR_RETURN(plan.part, FindPart(node));
    switch (node.kind) {
      case QueryNode::Kind::kPrefix:
      case QueryNode::Kind::kFuzzy: PlanExpansion(node, plan); break;
      case QueryNode::Kind::kPhrase: IOLITE_RETURN_IF_ERROR(PlanPhrase(node, plan)); break;
      default: PlanWord(node, plan);
    }
    return plan;
  }

 private:
  Result<size_t> FindPart(const QueryNode& node) const {
    if (node.field.empty()) return target_.whole();
    std::string known;
    for (size_t i = 0; i < target_.fields.size(); ++i) {
      if (target_.fields[i].name == node.field) return i;
      known += (i > 0 ? ", " : "") + target_.fields[i].name;
    }
    return query_.ErrorAt(node.offset, fmt::format("There is no field '{}' in this index ({}); "
                                                   "write \\: for the character itself",
                                                   node.field, known));
  }

  void Analyze(const QueryNode& node, PlanNode& plan) const {
    for (Token& token : target_.analyzer.Analyze(node.text)) {
      plan.terms.push_back(std::move(token.term));
      plan.positions.push_back(token.position);
    }
    for (size_t i = plan.positions.size(); i-- > 0;) plan.positions[i] -= plan.positions[0];
  }

  static void BecomeTerm(PlanNode& plan) {
    plan.kind = plan.terms.empty() ? Kind::kNothing : Kind::kTerm;
    plan.positions.clear();
  }

  // A word that is several terms (wi-fi) asks for any of them, or where it must or must not occur,
  // for all, side by side.
  void PlanWord(const QueryNode& node, PlanNode& plan) const {
    Analyze(node, plan);
    if (plan.terms.size() < 2) return BecomeTerm(plan);
    const bool strict = node.occur != Occur::kShould;
    if (strict && target_.has_positions) {
      plan.kind = Kind::kPhrase;
      return;
    }
    plan.kind = Kind::kBoolean;
    for (std::string& term : std::exchange(plan.terms, {})) {
      PlanNode child{.kind = Kind::kTerm,
                     .occur = strict ? Occur::kMust : Occur::kShould,
                     .boost = plan.boost,
                     .part = plan.part,
                     .offset = plan.offset};
      child.terms.push_back(std::move(term));
      AddChild(std::move(child), plan);
    }
    plan.positions.clear();
  }

  Status PlanPhrase(const QueryNode& node, PlanNode& plan) const {
    Analyze(node, plan);
    plan.distance = node.distance;
    if (plan.terms.size() < 2) {
      BecomeTerm(plan);
    } else if (target_.has_positions) {
      plan.kind = Kind::kPhrase;
    } else {
      return query_.ErrorAt(node.offset, "This index keeps no positions, which phrases need");
    }
    return Status::Ok();
  }

  void PlanExpansion(const QueryNode& node, PlanNode& plan) const {
    plan.terms.push_back(target_.analyzer.Fold(node.text));
    plan.is_prefix = node.kind == QueryNode::Kind::kPrefix;
    plan.distance = node.distance;
    plan.kind = plan.terms[0].empty() ? Kind::kNothing : Kind::kExpansion;
  }

  static bool IsUnion(const PlanNode& node) {
    return node.kind == Kind::kBoolean &&
           std::all_of(node.children.begin(), node.children.end(),
                       [](const PlanNode& child) { return child.occur == Occur::kShould; });
  }

  // Unions within unions become one, and a term that is asked twice counts twice.
  static void AddChild(PlanNode child, PlanNode& parent) {
    if (child.kind == Kind::kNothing) return;
    if (child.kind == Kind::kBoolean && child.children.size() == 1 &&
        child.children[0].occur != Occur::kMustNot) {
      const Occur occur = child.occur;
      PlanNode only = std::move(child.children[0]);
      only.occur = occur;
      return AddChild(std::move(only), parent);
    }
    if (child.occur == Occur::kShould && IsUnion(child)) {
      for (PlanNode& inner : child.children) AddChild(std::move(inner), parent);
      return;
    }
    if (child.kind == Kind::kTerm) {
      for (PlanNode& other : parent.children) {
        if (other.kind == Kind::kTerm && other.occur == child.occur && other.part == child.part &&
            other.terms == child.terms) {
          other.boost += child.boost;
          return;
        }
      }
    }
    parent.children.push_back(std::move(child));
  }

  Status PlanChildren(const QueryNode& node, PlanNode& plan) {
    bool asks = node.children.empty();
    for (const QueryNode& child : node.children) {
      asks = asks || child.occur != Occur::kMustNot;
      IOLITE_ASSIGN_OR_RETURN(auto planned, Plan(child, plan.boost));
      AddChild(std::move(planned), plan);
    }
    if (!asks) {
      return query_.ErrorAt(node.children[0].offset,
                            "A query, or what stands in parentheses, must also say what shall "
                            "occur");
    }
    asks = std::any_of(plan.children.begin(), plan.children.end(),
                       [](const PlanNode& child) { return child.occur != Occur::kMustNot; });
    plan.kind = asks ? Kind::kBoolean : Kind::kNothing;
    return Status::Ok();
  }

  const PlanTarget& target_;
  const TextQuery& query_;
};

}  // namespace

std::string PlanNode::Text() const {
  std::string text;
  for (const std::string& term : terms) text += (text.empty() ? "" : " ") + term;
  if (kind == Kind::kExpansion) {
    return is_prefix ? text + "*" : fmt::format("{}~{}", text, distance);
  }
  if (kind != Kind::kPhrase) return text;
  return distance > 0 ? fmt::format("\"{}\"~{}", text, distance) : fmt::format("\"{}\"", text);
}

Result<PlanNode> MakePlan(const PlanTarget& target, const TextQuery& query) {
  return Planner(target, query).Plan(query.root(), 1);
}

}  // namespace iolite::text::internal
