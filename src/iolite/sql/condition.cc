#include "iolite/sql/condition.h"

#include <algorithm>
#include <charconv>
#include <string>

#include <duckdb/parser/parser.hpp>

#include "iolite/sql/internal/duckdb_error.h"

namespace iolite::sql {
namespace {

// What DuckDB puts in front of an expression list to parse it.
constexpr size_t kParsedPrefix = std::string_view("SELECT ").size();

// The parser's message with the place inside the condition.
Status ExplainParseError(const std::exception& exception, std::string_view condition) {
  duckdb::ErrorData error(exception);
  const auto& info = error.ExtraInfo();
  const auto position = info.find("position");
  size_t offset = 0;
  if (position != info.end()) {
    const std::string& digits = position->second;
    std::from_chars(digits.data(), digits.data() + digits.size(), offset);
    offset = std::min(offset - std::min(offset, kParsedPrefix), condition.size());
  }
  duckdb::ErrorData placed(error.Type(), error.RawMessage());
  placed.AddQueryLocation(duckdb::optional_idx(offset));
  placed.AddErrorLocation(std::string(condition));
  return InvalidArgument("The condition does not parse: {}", placed.Message());
}

Status CheckOneExpression(std::string_view condition) {
  duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> expressions;
  try {
    expressions = duckdb::Parser::ParseExpressionList(std::string(condition));
  } catch (const std::exception& exception) {
    return ExplainParseError(exception, condition);
  }
  if (expressions.size() == 1 && expressions[0]->alias.empty()) return Status::Ok();
  return InvalidArgument(
      "The condition must be one SQL expression, such as \"year > 2000 AND lang = "
      "'en'\", not: {}",
      condition);
}

// DuckDB counts lines from the start of its statement; the condition begins `lines` later.
std::string MoveLine(std::string message, int lines) {
  const size_t at = message.find("LINE ");
  if (at == std::string::npos) return message;
  const size_t begin = at + 5;
  int line = 0;
  const auto end = std::from_chars(message.data() + begin, message.data() + message.size(), line);
  const size_t digits = static_cast<size_t>(end.ptr - message.data()) - begin;
  return message.replace(begin, digits, std::to_string(std::max(1, line - lines)));
}

}  // namespace

std::string WrapCondition(std::string_view condition) {
  return "(\n" + std::string(condition) + "\n)";
}

Status CheckCondition(const RequestContext& context, Session& session, std::string_view select,
                      std::string_view alias, std::string_view condition) {
  IOLITE_RETURN_IF_ERROR(CheckOneExpression(condition));
  const std::string head =
      "SELECT 1 FROM (" + std::string(select) + "\n) AS " + QuoteIdentifier(alias) + " WHERE ";
  const Status bound =
      session.QueryTable(context, head + WrapCondition(condition) + " LIMIT 0").status();
  if (bound.code() != StatusCode::kInvalidArgument) return bound;
  const auto lines = static_cast<int>(std::count(head.begin(), head.end(), '\n')) + 1;
  return Status(bound.code(), "The condition does not fit: " + MoveLine(bound.message(), lines));
}

}  // namespace iolite::sql
