#include "iolite/eval/query_file.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "iolite/eval/internal/line_reader.h"

namespace iolite::eval {
namespace {

using internal::LineReader;

constexpr std::string_view kLayouts =
    "expected {\"_id\": …, \"text\": …} on each line, `id<TAB>text`, or TREC topics (<top>)";

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// Collects queries and refuses an id that came before.
class QueryList {
 public:
  Status Add(const LineReader& reader, EvalQuery query) {
    if (query.id.empty()) return reader.Malformed("the query's id is empty");
    if (!ids_.insert(query.id).second) {
      return reader.Malformed(fmt::format("the query id \"{}\" came before", query.id));
    }
    queries_.push_back(std::move(query));
    return Status::Ok();
  }
  std::vector<EvalQuery> Take() { return std::move(queries_); }
  bool empty() const { return queries_.empty(); }

 private:
  std::vector<EvalQuery> queries_;
  std::unordered_set<std::string> ids_;
};

/// A member under one of two names; numbers count as their digits.
std::optional<std::string> TextMember(const nlohmann::json& object, const char* name,
                                      const char* other_name) {
  for (const char* candidate : {name, other_name}) {
    const auto member = object.find(candidate);
    if (member == object.end()) continue;
    if (member->is_string()) return member->get<std::string>();
    if (member->is_number_integer()) return member->dump();
  }
  return std::nullopt;
}

/// Adds the scalar members of an object, except those with a meaning of their own.
void AddColumns(const nlohmann::json& object, EvalQuery& query) {
  for (const auto& [name, value] : object.items()) {
    if (name == "_id" || name == "id" || name == "text" || name == "query") continue;
    if (value.is_string()) query.columns.emplace(name, value.get<std::string>());
    if (value.is_number() || value.is_boolean()) query.columns.emplace(name, value.dump());
  }
}

Result<EvalQuery> ParseJsonLine(const LineReader& reader, std::string_view line) {
  const nlohmann::json object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return reader.Malformed("not a JSON object");
  std::optional<std::string> id = TextMember(object, "_id", "id");
  if (!id) return reader.Malformed("the object has no \"_id\"");
  std::optional<std::string> text = TextMember(object, "text", "query");
  if (!text) return reader.Malformed("the object has no \"text\"");
  EvalQuery query{std::move(*id), std::move(*text)};
  AddColumns(object, query);
  const auto metadata = object.find("metadata");
  if (metadata != object.end() && metadata->is_object()) AddColumns(*metadata, query);
  return query;
}

Result<EvalQuery> ParseTabLine(const LineReader& reader, std::string_view line) {
  const size_t tab = line.find('\t');
  if (tab == std::string_view::npos) {
    return reader.Malformed(fmt::format("no tab between id and text; {}", kLayouts));
  }
  return EvalQuery{std::string(Trim(line.substr(0, tab))), std::string(Trim(line.substr(tab + 1)))};
}

bool IsHeader(std::string_view line) {
  for (const std::string_view id : {"query-id", "query_id", "qid", "_id", "id"}) {
    if (line.starts_with(id) && line.substr(id.size()).starts_with('\t')) return true;
  }
  return false;
}

/// Lines between tabs. Without a header, or with one of two fields, all after the first tab is the
/// text; with more, each field is a column.
class TabParser {
 public:
  Status Header(const LineReader& reader, std::string_view line) {
    for (const std::string_view name : internal::SplitTabs(line)) names_.emplace_back(Trim(name));
    if (names_.size() <= 2) return Status::Ok();
    for (const std::string_view name : {"text", "query"}) {
      const auto found = std::find(names_.begin(), names_.end(), name);
      if (found == names_.end()) continue;
      text_column_ = static_cast<size_t>(found - names_.begin());
      return Status::Ok();
    }
    return reader.Malformed("the header names no column text or query");
  }

  Result<EvalQuery> Line(const LineReader& reader, std::string_view line) const {
    if (names_.size() <= 2) return ParseTabLine(reader, line);
    const std::vector<std::string_view> fields = internal::SplitTabs(line);
    if (fields.size() != names_.size()) {
      return reader.Malformed(
          fmt::format("{} fields where the header has {}", fields.size(), names_.size()));
    }
    EvalQuery query{std::string(Trim(fields[0])), std::string(Trim(fields[text_column_]))};
    for (size_t i = 1; i < fields.size(); ++i) {
      const std::string_view value = Trim(fields[i]);
      if (i != text_column_ && !value.empty()) query.columns.emplace(names_[i], value);
    }
    return query;
  }

 private:
  std::vector<std::string> names_;
  size_t text_column_ = 1;
};

/// The topics of TREC: tags that nobody closes, and a title that may run over several lines.
class TopicParser {
 public:
  Status Line(const LineReader& reader, std::string_view line, QueryList& queries) {
    line = Trim(line);
    if (line.starts_with("<top>")) {
      query_.emplace();
      in_title_ = false;
    } else if (line.starts_with("</top>")) {
      if (!query_) return reader.Malformed("</top> without <top>");
      IOLITE_RETURN_IF_ERROR(queries.Add(reader, std::move(*query_)));
      query_.reset();
    } else if (!query_) {
      return reader.Malformed("text outside <top> … </top>");
    } else if (line.starts_with("<num>")) {
      query_->id = Number(line.substr(5));
    } else if (line.starts_with("<title>")) {
      in_title_ = true;
      Append(line.substr(7));
    } else if (line.starts_with('<')) {
      in_title_ = false;
    } else if (in_title_) {
      Append(line);
    }
    return Status::Ok();
  }
  bool complete() const { return !query_; }

 private:
  static std::string Number(std::string_view text) {
    text = Trim(text.substr(0, text.find("</num>")));
    if (text.starts_with("Number:")) text = Trim(text.substr(7));
    return std::string(text);
  }
  void Append(std::string_view text) {
    const size_t end = text.find("</title>");
    if (end != std::string_view::npos) in_title_ = false;
    text = Trim(text.substr(0, end));
    if (text.empty()) return;
    if (!query_->text.empty()) query_->text += ' ';
    query_->text += text;
  }

  std::optional<EvalQuery> query_;
  bool in_title_ = false;
};

enum class Layout { kUnknown, kJsonLines, kTabs, kTopics };

Layout LayoutOf(std::string_view line) {
  line = Trim(line);
  if (line.starts_with('{')) return Layout::kJsonLines;
  return line.starts_with("<top>") ? Layout::kTopics : Layout::kTabs;
}

}  // namespace

Result<std::vector<EvalQuery>> ReadQueries(const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(LineReader reader, LineReader::Open(path));
  Layout layout = Layout::kUnknown;
  QueryList queries;
  TopicParser topics;
  TabParser tabs;
  while (true) {
    IOLITE_ASSIGN_OR_RETURN(const std::optional<std::string_view> line, reader.Next());
    if (!line) break;
    const bool first = layout == Layout::kUnknown;
    if (first) layout = LayoutOf(*line);
    if (layout == Layout::kTopics) {
      IOLITE_RETURN_IF_ERROR(topics.Line(reader, *line, queries));
      continue;
    }
    if (first && layout == Layout::kTabs && IsHeader(*line)) {
      IOLITE_RETURN_IF_ERROR(tabs.Header(reader, *line));
      continue;
    }
    IOLITE_ASSIGN_OR_RETURN(EvalQuery query, layout == Layout::kJsonLines
                                                 ? ParseJsonLine(reader, *line)
                                                 : tabs.Line(reader, *line));
    IOLITE_RETURN_IF_ERROR(queries.Add(reader, std::move(query)));
  }
  if (!topics.complete()) return reader.Malformed("the file ends inside <top>");
  if (queries.empty()) return InvalidArgument("{} holds no queries: {}.", path, kLayouts);
  return queries.Take();
}

}  // namespace iolite::eval
