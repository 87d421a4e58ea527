#include "iolite/cli/listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "iolite/columnar/text_width.h"

namespace iolite::cli {
namespace {

std::string Pad(const std::string& text, size_t width) {
  size_t have = columnar::DisplayWidth(text);
  return have < width ? text + std::string(width - have, ' ') : text;
}

std::string Line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    bool last = i + 1 == cells.size();
    line += last ? cells[i] : Pad(cells[i], widths[i]) + "  ";
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string Plain(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  return ToLine(value);
}

}  // namespace

Listing::Listing(std::vector<std::string> headings) : headings_(std::move(headings)) {}

void Listing::Add(Json json, std::vector<std::string> cells) {
  documents_.push_back(std::move(json));
  rows_.push_back(std::move(cells));
}

void Listing::Print(const Console& console, std::string_view when_empty) const {
  if (console.json()) {
    for (const auto& document : documents_) console.Print(ToLine(document));
    return;
  }
  if (rows_.empty()) return console.Note(when_empty);
  std::vector<size_t> widths(headings_.size(), 0);
  for (size_t i = 0; i < headings_.size(); ++i) {
    widths[i] = headings_[i].size();
    for (const auto& row : rows_) widths[i] = std::max(widths[i], columnar::DisplayWidth(row[i]));
  }
  console.Print(Line(headings_, widths));
  for (const auto& row : rows_) console.Print(Line(row, widths));
}

void PrintRecord(const Console& console, const Json& json) {
  if (console.json()) return console.Print(ToLine(json));
  size_t width = 0;
  for (const auto& [key, value] : json.items()) width = std::max(width, key.size());
  for (const auto& [key, value] : json.items()) {
    if (value.is_array() && !value.empty() && value.front().is_object()) {
      console.Print(key);
      for (const auto& item : value) {
        std::string line = "  ";
        for (const auto& [name, part] : item.items()) line += Plain(part) + "  ";
        console.Print(line.substr(0, line.size() - 2));
      }
      continue;
    }
    console.Print(fmt::format("{:<{}}  {}", key, width, Plain(value)));
  }
}

}  // namespace iolite::cli
