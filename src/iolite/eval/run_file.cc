#include "iolite/eval/run_file.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <unordered_set>

#include "iolite/eval/internal/line_reader.h"

namespace iolite::eval {
namespace {

using internal::LineReader;

bool FitsField(std::string_view id) {
  return !id.empty() && id.find_first_of(" \t\r\n\f\v") == std::string_view::npos;
}

struct Seen {
  std::unordered_set<std::string> documents;
  std::unordered_set<int32_t> ranks;
};

Status WriteQuery(std::ofstream& file, const std::string& query,
                  const std::vector<ScoredDocument>& documents, std::string_view tag) {
  for (size_t i = 0; i < documents.size(); ++i) {
    for (const std::string_view id : {std::string_view(query), std::string_view(documents[i].id)}) {
      if (!FitsField(id)) {
        return InvalidArgument(
            "The id \"{}\" cannot stand in a TREC run file: it is empty or has a blank.", id);
      }
    }
    file << fmt::format("{} Q0 {} {} {} {}\n", query, documents[i].id, i + 1, documents[i].score,
                        tag);
  }
  return Status::Ok();
}

}  // namespace

Ranking Rank(std::vector<ScoredDocument> documents) {
  std::sort(documents.begin(), documents.end(),
            [](const ScoredDocument& left, const ScoredDocument& right) {
              const float left_score = static_cast<float>(left.score);
              const float right_score = static_cast<float>(right.score);
              return left_score != right_score ? left_score > right_score : left.id > right.id;
            });
  Ranking ranking;
  ranking.reserve(documents.size());
  for (ScoredDocument& document : documents) ranking.push_back(std::move(document.id));
  return ranking;
}

Result<Run> ReadRun(const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(LineReader reader, LineReader::Open(path));
  Run run;
  std::map<std::string, Seen, std::less<>> seen_by_query;
  while (true) {
    IOLITE_ASSIGN_OR_RETURN(const std::optional<std::string_view> line, reader.Next());
    if (!line) break;
    const std::vector<std::string_view> fields = internal::SplitBlanks(*line);
    if (fields.size() != 6) {
      return reader.Malformed(
          fmt::format("{} fields; expected six: query Q0 document rank score tag", fields.size()));
    }
    const std::optional<double> score = internal::ParseNumber(fields[4]);
    if (!score || std::isnan(*score)) {
      return reader.Malformed(fmt::format("the score \"{}\" is not a number", fields[4]));
    }
    const std::optional<int32_t> rank = internal::ParseInteger(fields[3]);
    if (!rank) {
      return reader.Malformed(fmt::format("the rank \"{}\" is not a whole number", fields[3]));
    }
    Seen& seen = seen_by_query[std::string(fields[0])];
    if (!seen.documents.emplace(fields[2]).second) {
      return reader.Malformed(
          fmt::format("query \"{}\" has document \"{}\" twice", fields[0], fields[2]));
    }
    if (!seen.ranks.insert(*rank).second) {
      return reader.Malformed(fmt::format("query \"{}\" has rank {} twice", fields[0], *rank));
    }
    run[std::string(fields[0])].push_back({std::string(fields[2]), *score});
  }
  if (run.empty()) {
    return InvalidArgument("{} holds no run: expected lines of query Q0 document rank score tag.",
                           path);
  }
  return run;
}

std::vector<ScoredDocument> WithFallingScores(std::vector<ScoredDocument> documents) {
  float below = std::numeric_limits<float>::infinity();
  for (ScoredDocument& document : documents) {
    float score = static_cast<float>(document.score);
    if (!(score < below)) {
      score = std::nextafter(below, -std::numeric_limits<float>::infinity());
      document.score = static_cast<double>(score);
    }
    below = score;
  }
  return documents;
}

Status WriteRun(const std::string& path, const Run& run, std::string_view tag) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file) return ErrnoStatus(errno ? errno : EIO, path);
  for (const auto& [query, documents] : run) {
    IOLITE_RETURN_IF_ERROR(WriteQuery(file, query, documents, FitsField(tag) ? tag : "iolite"));
  }
  file.close();
  if (!file) return ErrnoStatus(errno ? errno : EIO, path);
  return Status::Ok();
}

}  // namespace iolite::eval
