#include "iolite/eval/qrels_file.h"

#include <optional>
#include <string_view>
#include <vector>

#include "iolite/eval/internal/line_reader.h"

namespace iolite::eval {
namespace {

using internal::LineReader;

constexpr std::string_view kLayouts =
    "expected `query-id<TAB>corpus-id<TAB>score` or `query 0 document grade`";

struct Judgement {
  std::string_view query;
  std::string_view document;
  std::string_view grade;
};

/// Three fields between tabs are BEIR's, whose ids may hold blanks; four between blanks are TREC's.
enum class Layout { kUnknown, kBeir, kTrec };

Layout LayoutOf(std::string_view line) {
  if (internal::SplitTabs(line).size() == 3) return Layout::kBeir;
  const size_t field_count = internal::SplitBlanks(line).size();
  if (field_count == 4) return Layout::kTrec;
  return field_count == 3 ? Layout::kBeir : Layout::kUnknown;
}

std::optional<Judgement> Parse(Layout layout, std::string_view line) {
  std::vector<std::string_view> fields = internal::SplitTabs(line);
  if (layout == Layout::kTrec || fields.size() != 3) fields = internal::SplitBlanks(line);
  if (layout == Layout::kTrec && fields.size() == 4)
    return Judgement{fields[0], fields[2], fields[3]};
  if (layout == Layout::kBeir && fields.size() == 3)
    return Judgement{fields[0], fields[1], fields[2]};
  return std::nullopt;
}

bool IsHeader(const Judgement& judgement) {
  return judgement.grade == "score" || judgement.grade == "relevance" ||
         judgement.grade == "grade" || judgement.grade == "label";
}

Status Add(const LineReader& reader, const Judgement& judgement, Qrels& qrels) {
  const std::optional<int32_t> grade = internal::ParseInteger(judgement.grade);
  if (!grade) {
    return reader.Malformed(fmt::format("the grade \"{}\" is not a whole number", judgement.grade));
  }
  if (judgement.query.empty() || judgement.document.empty())
    return reader.Malformed("an id is empty");
  const auto [entry, added] =
      qrels[std::string(judgement.query)].emplace(std::string(judgement.document), *grade);
  if (!added && entry->second != *grade) {
    return reader.Malformed(
        fmt::format("query \"{}\", document \"{}\" was judged {} before and {} here",
                    judgement.query, judgement.document, entry->second, *grade));
  }
  return Status::Ok();
}

}  // namespace

Result<Qrels> ReadQrels(const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(LineReader reader, LineReader::Open(path));
  Qrels qrels;
  Layout layout = Layout::kUnknown;
  while (true) {
    IOLITE_ASSIGN_OR_RETURN(const std::optional<std::string_view> line, reader.Next());
    if (!line) break;
    const bool first = layout == Layout::kUnknown;
    if (first) layout = LayoutOf(*line);
    const std::optional<Judgement> judgement = Parse(layout, *line);
    if (!judgement) return reader.Malformed(fmt::format("not a judgement; {}", kLayouts));
    if (first && IsHeader(*judgement)) continue;
    IOLITE_RETURN_IF_ERROR(Add(reader, *judgement, qrels));
  }
  if (qrels.empty()) return InvalidArgument("{} holds no judgements: {}.", path, kLayouts);
  return qrels;
}

}  // namespace iolite::eval
