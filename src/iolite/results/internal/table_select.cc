#include "iolite/results/internal/table_select.h"

#include <algorithm>
#include <vector>

namespace iolite::results {
namespace {

constexpr uint64_t kListedRowCount = 64;

std::string QuoteLiteral(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) quoted.append(c == '\'' ? 2 : 1, c);
  return quoted + "'";
}

// A path that stands for itself where SQL takes a pattern.
std::string EscapeGlob(std::string_view path) {
  std::string escaped;
  for (char c : path) {
    bool special = c == '*' || c == '?' || c == '[';
    escaped += special ? std::string{'[', c, ']'} : std::string(1, c);
  }
  return escaped;
}

std::string Base64(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (size_t j = 0; j < 4; ++j) {
      text.push_back(j <= count ? kDigits[group >> (18 - 6 * j) & 63] : '=');
    }
  }
  return text;
}

// A bit a row, the first row's in the highest bit of the first byte, as SQL's BIT has them.
std::string HiddenBits(const columnar::RowSet& hidden, int64_t row_count) {
  std::string bytes(static_cast<size_t>(row_count + 7) / 8, '\0');
  hidden.ForEach([&](uint32_t row) { bytes[row / 8] |= static_cast<char>(0x80 >> row % 8); });
  return bytes;
}

// A few rows are listed; many are looked up in a constant of a bit a row, whose cost does not
// depend on how many are hidden.
std::string VisibleCondition(const Snapshot::Part& part) {
  if (part.hidden->cardinality() > kListedRowCount) {
    return fmt::format("get_bit(from_base64('{}')::BIT, file_row_number::INTEGER) = 0",
                       Base64(HiddenBits(*part.hidden, part.segment->row_count())));
  }
  std::string list;
  part.hidden->ForEach(
      [&](uint32_t row) { list += fmt::format("{}{}", list.empty() ? "" : ",", row); });
  return fmt::format("file_row_number NOT IN ({})", list);
}

Result<std::string> RowsFile(const TableStorage& storage, const Snapshot::Part& part) {
  std::string path = part.segment->stem() + ".parquet";
  auto file = storage.store().LocalPath(path);
  if (!file) return Unimplemented("{} is not a file, so SQL cannot read it", path);
  return QuoteLiteral(EscapeGlob(*file));
}

}  // namespace

Result<std::string> SelectVisible(const TableStorage& storage, const Snapshot& snapshot) {
  std::string columns =
      fmt::format("_row_id, _source_id, _model_id, _content_hash, vector::FLOAT[{}] AS vector",
                  snapshot.materialization.dimension);
  std::string whole_files, select;
  for (const auto& part : snapshot.parts) {
    IOLITE_ASSIGN_OR_RETURN(std::string file, RowsFile(storage, part));
    if (!part.hidden || part.hidden->empty()) {
      whole_files += (whole_files.empty() ? "" : ", ") + file;
      continue;
    }
    select +=
        fmt::format("{}SELECT {} FROM read_parquet({}, file_row_number = true) WHERE {}",
                    select.empty() ? "" : " UNION ALL ", columns, file, VisibleCondition(part));
  }
  if (whole_files.empty()) return select;
  return fmt::format("SELECT {} FROM read_parquet([{}]){}{}", columns, whole_files,
                     select.empty() ? "" : " UNION ALL ", select);
}

}  // namespace iolite::results
