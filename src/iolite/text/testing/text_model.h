#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/text/index.h"
#include "iolite/text/index_builder.h"

namespace iolite::text::testing {

/// Rows of texts, one for each field.
using Rows = std::vector<std::vector<std::string>>;

/// Texts of words w0, w1, … of which the first are the most frequent. Reproducible.
Rows RandomRows(uint64_t seed, size_t row_count, size_t field_count, size_t word_count,
                size_t length_max);

/// The rows' index as bytes.
std::string Build(TextIndexBuildOptions options, const Rows& rows);
/// An index over bytes that it keeps.
std::unique_ptr<const TextIndex> OpenBytes(std::string bytes);

TextQuery Parse(std::string_view text);
/// All that a search finds.
std::vector<TextHit> Search(const TextIndex& index, TextSearch request, const TextQuery& query);
std::vector<TextHit> Search(const TextIndex& index, std::string_view query, size_t k = 10);

/// What a query must find, computed row by row from the texts, in f64, by the query's own tree.
class TextModel {
 public:
  TextModel(const TextIndexBuildOptions& options, const Rows& rows);

  /// The score of each row; 0 where it does not match.
  std::vector<double> Scores(const TextQuery& query, const Bm25& bm25 = {}) const;

 private:
  struct Document {
    std::vector<std::vector<Token>> fields;
  };
  struct Score {
    bool matches = false;
    double value = 0;
  };
  Score ScoreOf(const QueryNode& node, double boost, size_t row, const Bm25& bm25) const;
  double TfOf(const QueryNode& node, const std::vector<Token>& wanted, size_t field,
              size_t row) const;
  std::vector<size_t> FieldsOf(const QueryNode& node) const;
  double WeightedTf(const QueryNode& node, const std::vector<Token>& wanted, size_t row) const;
  double Idf(const QueryNode& node, const std::vector<Token>& wanted) const;
  double LengthOf(const std::vector<size_t>& fields, size_t row) const;

  const TextIndexBuildOptions options_;
  const std::shared_ptr<const Analyzer> analyzer_;
  std::vector<Document> documents_;
};

/// How many characters to insert, delete, replace or swap with their neighbour; for ASCII.
int EditDistance(std::string_view a, std::string_view b);

}  // namespace iolite::text::testing
