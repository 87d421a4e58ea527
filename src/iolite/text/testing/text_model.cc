#include "iolite/text/testing/text_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

namespace iolite::text::testing {

Rows RandomRows(uint64_t seed, size_t row_count, size_t field_count, size_t word_count,
                size_t length_max) {
  std::mt19937_64 random(seed);
  Rows rows(row_count, std::vector<std::string>(field_count));
  for (auto& row : rows) {
    for (std::string& text : row) {
      for (size_t n = random() % (length_max + 1); n > 0; --n) {
        const double unit = static_cast<double>(random() % 100000) / 100000;
        text += "w" +
                std::to_string(
                    static_cast<size_t>(std::pow(static_cast<double>(word_count), unit)) - 1) +
                " ";
      }
    }
  }
  return rows;
}

std::string Build(TextIndexBuildOptions options, const Rows& rows) {
  auto builder = TextIndexBuilder::Make(options).value();
  for (const auto& row : rows) {
    std::vector<std::string_view> texts(row.begin(), row.end());
    EXPECT_TRUE(builder->Add(RequestContext{}, texts).ok());
  }
  return builder->FinishInMemory(RequestContext{}).value();
}

std::unique_ptr<const TextIndex> OpenBytes(std::string bytes) {
  auto kept = std::make_shared<const std::string>(std::move(bytes));
  return TextIndex::Open(*kept, {.keep_alive = kept}).value();
}

TextQuery Parse(std::string_view text) { return TextQuery::Parse(text).value(); }

std::vector<TextHit> Search(const TextIndex& index, TextSearch request, const TextQuery& query) {
  request.query = &query;
  std::vector<TextHit> hits(std::min<size_t>(request.k, static_cast<size_t>(index.row_count())));
  auto found = index.Search(RequestContext{}, request, hits);
  EXPECT_TRUE(found.ok()) << found.status().ToString();
  hits.resize(found.value_or(0));
  return hits;
}

std::vector<TextHit> Search(const TextIndex& index, std::string_view query, size_t k) {
  return Search(index, {.k = k}, Parse(query));
}

TextModel::TextModel(const TextIndexBuildOptions& options, const Rows& rows)
    : options_(options), analyzer_(Analyzer::Make(options.analyzer).value()) {
  for (const auto& row : rows) {
    auto& document = documents_.emplace_back();
    for (const std::string& text : row) document.fields.push_back(analyzer_->Analyze(text));
  }
}

std::vector<double> TextModel::Scores(const TextQuery& query, const Bm25& bm25) const {
  std::vector<double> scores;
  for (size_t row = 0; row < documents_.size(); ++row) {
    const Score score = ScoreOf(query.root(), 1, row, bm25);
    scores.push_back(score.matches ? score.value : 0);
  }
  return scores;
}

std::vector<size_t> TextModel::FieldsOf(const QueryNode& node) const {
  std::vector<size_t> fields;
  for (size_t i = 0; i < options_.fields.size(); ++i) {
    if (node.field.empty() || node.field == options_.fields[i].name) fields.push_back(i);
  }
  return fields;
}

double TextModel::LengthOf(const std::vector<size_t>& fields, size_t row) const {
  double length = 0;
  for (const size_t field : fields) {
    const double boost = fields.size() > 1 ? options_.fields[field].boost : 1;
    length += boost * static_cast<double>(documents_[row].fields[field].size());
  }
  return length;
}

double TextModel::TfOf(const QueryNode& node, const std::vector<Token>& wanted, size_t field,
                       size_t row) const {
  const std::vector<Token>& tokens = documents_[row].fields[field];
  double tf = 0;
  for (const Token& token : tokens) {
    switch (node.kind) {
      case QueryNode::Kind::kPrefix:
        tf += token.term.starts_with(analyzer_->Fold(node.text)) ? 1 : 0;
        break;
      case QueryNode::Kind::kFuzzy: {
        const int edits = EditDistance(token.term, analyzer_->Fold(node.text));
        tf += edits <= node.distance ? 1.0 / (1 + edits) : 0;
        break;
      }
      case QueryNode::Kind::kPhrase: {
        bool all = true;
        for (const Token& word : wanted) {
          all = all && std::any_of(tokens.begin(), tokens.end(), [&](const Token& other) {
                  return other.term == word.term &&
                         other.position + wanted[0].position == token.position + word.position;
                });
        }
        tf += all ? 1 : 0;
        break;
      }
      default: tf += token.term == wanted[0].term ? 1 : 0;
    }
  }
  return tf;
}

double TextModel::WeightedTf(const QueryNode& node, const std::vector<Token>& wanted,
                             size_t row) const {
  const auto fields = FieldsOf(node);
  double tf = 0;
  for (const size_t field : fields) {
    const double boost = fields.size() > 1 ? options_.fields[field].boost : 1;
    tf += boost * TfOf(node, wanted, field, row);
  }
  return tf;
}

double TextModel::Idf(const QueryNode& node, const std::vector<Token>& wanted) const {
  const auto fields = FieldsOf(node);
  double rows = 0;
  for (size_t row = 0; row < documents_.size(); ++row) rows += LengthOf(fields, row) > 0 ? 1 : 0;
  auto idf_of = [&](double df) { return std::log(1 + (rows - df + .5) / (df + .5)); };
  auto rows_with = [&](const std::string& term) {
    double df = 0;
    for (const Document& document : documents_) {
      bool has = false;
      for (const size_t field : fields) {
        for (const Token& token : document.fields[field]) has = has || token.term == term;
      }
      df += has ? 1 : 0;
    }
    return df;
  };
  if (node.kind == QueryNode::Kind::kPrefix || node.kind == QueryNode::Kind::kFuzzy) {
    std::set<std::string> terms;
    for (const Document& document : documents_) {
      for (const size_t field : fields) {
        for (const Token& token : document.fields[field]) {
          const std::string word = analyzer_->Fold(node.text);
          const bool fits = node.kind == QueryNode::Kind::kPrefix
                                ? token.term.starts_with(word)
                                : EditDistance(token.term, word) <= node.distance;
          if (fits) terms.insert(token.term);
        }
      }
    }
    double df = 0;
    for (const std::string& term : terms) df += rows_with(term);
    return idf_of(std::min(df, rows));
  }
  double sum = 0;
  for (const Token& word : wanted) sum += idf_of(rows_with(word.term));
  return sum;
}

TextModel::Score TextModel::ScoreOf(const QueryNode& node, double boost, size_t row,
                                    const Bm25& bm25) const {
  boost *= node.boost;
  if (node.kind != QueryNode::Kind::kBoolean) {
    const auto wanted = analyzer_->Analyze(node.text);
    const double tf = WeightedTf(node, wanted, row);
    if (tf == 0) return {};
    const auto fields = FieldsOf(node);
    double total = 0, rows = 0;
    for (size_t other = 0; other < documents_.size(); ++other) {
      total += LengthOf(fields, other);
      rows += LengthOf(fields, other) > 0 ? 1 : 0;
    }
    const double norm = bm25.k1 * (1 - bm25.b + bm25.b * LengthOf(fields, row) / (total / rows));
    return {true, boost * Idf(node, wanted) * tf / (tf + norm)};
  }
  Score sum;
  for (const QueryNode& child : node.children) {
    const Score score = ScoreOf(child, boost, row, bm25);
    if (child.occur == QueryNode::Occur::kMustNot) {
      if (score.matches) return {};
      continue;
    }
    if (child.occur == QueryNode::Occur::kMust && !score.matches) return {};
    sum.matches = sum.matches || score.matches;
    sum.value += score.matches ? score.value : 0;
  }
  return sum;
}

int EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<int>> table(a.size() + 1, std::vector<int>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      int& best = table[i][j];
      if (i == 0 || j == 0) {
        best = static_cast<int>(i + j);
        continue;
      }
      best = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1,
                       table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = std::min(best, table[i - 2][j - 2] + 1);
      }
    }
  }
  return table[a.size()][b.size()];
}

}  // namespace iolite::text::testing
