#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "iolite/types.h"

/// The values of measuring: what is measured, against what, and what came out.

namespace iolite {

/// Something that answers queries: a table and a way to search it, or a run that is there already.
struct EvalConfiguration {
  std::string name{};      ///< how results call it, unique; empty: the source or the run
  SearchOptions search{};  ///< its query, k and columns are not used
  std::string run{};       ///< instead of a source: a run of ListEvalRuns(), or a TREC run file
};

struct EvalOptions {
  std::vector<EvalConfiguration> configurations{};
  /// BEIR's queries.jsonl, lines of id, tab, text, or TREC topics. Where only runs are measured it
  /// may be empty: then the judgements say which queries there are.
  std::string queries_path{};
  std::string qrels_path{};             ///< BEIR's tsv or TREC's qrels
  std::vector<int64_t> cutoffs = {10};  ///< every metric at each of them
  std::string cohort_column{};  ///< a column of the queries: figures for each of its values too
  bool keep = false;            ///< remember the runs; works through a read-only engine too

  // Of comparisons, where there are several configurations.
  double confidence = 0.95;         ///< of the intervals
  int64_t resample_count = 10'000;  ///< of the bootstrap and of the permutation test
  uint64_t seed = 1;
};

/// Ids that do not fit: how many, and the first of them.
struct EvalStrangers {
  int64_t count = 0;
  std::vector<std::string> examples;
};

struct EvalDocument {
  std::string id;
  double score = 0;
};

/// `values` of all structs are in the order of EvalResult::metrics.
struct EvalQueryResult {
  std::string query_id;
  std::string cohort;
  std::vector<double> values;
  std::vector<EvalDocument> documents;  ///< what was answered, best first
};

/// Queries that share a value of the cohort column; "" for queries without one.
struct EvalCohort {
  std::string name;
  int64_t query_count = 0;
  std::vector<double> values;
};

/// What one configuration reached.
struct EvalRun {
  std::string id;                          ///< where it was kept; empty when it was not
  std::string name;                        ///< of the configuration
  std::string target;                      ///< the result table or the run that answered
  std::vector<double> values;              ///< means over queries
  std::vector<EvalCohort> cohorts;         ///< by name
  std::vector<EvalQueryResult> per_query;  ///< in the order of the file
  /// Mean of the greatest precision at or beyond recall 0, 0.1, … 1, over the documents answered.
  std::vector<double> precision_at_recall;
  int64_t unanswered_count = 0;     ///< queries without a single document; they count as 0
  EvalStrangers unknown_documents;  ///< judged, but not in the table: never found
  EvalStrangers unknown_queries;    ///< answered by a run file, but not asked
  std::vector<std::string> warnings;
  double seconds = 0;
};

/// How two runs differ in one metric: `first` minus `second`, query by query.
struct EvalDifference {
  std::string metric;
  std::string first;
  std::string second;
  double difference = 0;  ///< of the means
  double low = 0;         ///< paired bootstrap interval
  double high = 0;
  double p_value = 1;  ///< two-sided paired permutation test
  double p_holm = 1;   ///< the same, corrected for the number of pairs
  int64_t won = 0;     ///< queries in which `first` is better
  int64_t lost = 0;
};

struct EvalResult {
  std::vector<std::string> metrics;  ///< `ndcg@10`, `recall@10`, …
  int64_t query_count = 0;           ///< asked and judged: those count
  int64_t irrelevant_count = 0;      ///< of those, judged without any relevant document: count as 0
  EvalStrangers unjudged_queries;    ///< in the file of queries without judgement: not asked
  EvalStrangers unknown_queries;     ///< judged, but not in the file of queries: not asked
  std::vector<EvalRun> runs;         ///< in the order of the configurations
  std::vector<EvalDifference> differences;  ///< every pair in every metric
  double seconds = 0;

  /// The place of a metric such as `ndcg@10` in `metrics`; -1 when it was not measured.
  int64_t IndexOf(std::string_view metric) const;
};

// ---- Labels and entities

/// Predicted and true labels: columns of sources, SQL tables or result tables.
struct LabelEvalOptions {
  std::string predicted{};      ///< source or table
  std::string truth{};          ///< source or table
  std::string key{};            ///< of `predicted`; empty: `_row_id`, else `id`
  std::string label = "label";  ///< of `predicted`
  std::string confidence = "";  ///< of `predicted`, 0 to 1; empty: `confidence` where there is one
  std::string truth_key{};      ///< empty: `id`, else `_row_id`
  std::string truth_label = "label";
  int64_t bin_count = 10;  ///< of the reliability diagram
  bool keep = false;
};

/// Precision, recall and F1 of one class or of one type of entity.
struct ClassFigures {
  std::string name;
  int64_t support = 0;    ///< in the truth
  int64_t predicted = 0;  ///< by the model
  int64_t correct = 0;
  double precision = 0;
  double recall = 0;
  double f1 = 0;
};

/// Predictions whose confidence lies in (low, high]; 0 belongs to the first bin.
struct ReliabilityBin {
  double low = 0;
  double high = 0;
  int64_t count = 0;
  double confidence = 0;  ///< mean
  double accuracy = 0;
};

struct Calibration {
  std::vector<ReliabilityBin> bins;
  double expected_error = 0;  ///< expected calibration error: mean of |accuracy - confidence|
  double greatest_error = 0;
  double brier = 0;  ///< mean square of confidence against right (1) or wrong (0)
};

struct LabelEvalResult {
  std::string run_id;  ///< where it was kept
  int64_t row_count = 0;
  double accuracy = 0;
  ClassFigures macro;                 ///< mean over classes
  ClassFigures micro;                 ///< over all rows: precision, recall and F1 are the accuracy
  ClassFigures weighted;              ///< mean over classes by support
  std::vector<ClassFigures> classes;  ///< by name
  std::vector<std::vector<int64_t>> confusion;  ///< [true class][predicted class]
  bool calibrated = false;                      ///< whether there were confidences
  Calibration calibration;
  int64_t failed_count = 0;   ///< predictions without a label: count as wrong
  EvalStrangers unpredicted;  ///< rows of the truth that nobody predicted: count as wrong
  EvalStrangers unknown;      ///< predictions of rows that the truth lacks: do not count
  std::vector<std::string> warnings;
};

/// Predicted and true entities. Each table has tags (one row for each text: a list, or tags between
/// blanks), or spans (one row for each entity: key, start, end, label).
struct EntityEvalOptions {
  std::string predicted{};
  std::string truth{};
  std::string key{};
  std::string truth_key{};
  std::string tags{};  ///< of both; empty: `tags` where both tables have it, else spans
  std::string label = "label";
  std::string start = "start";
  std::string end = "end";
  bool keep = false;
};

struct EntityEvalResult {
  std::string run_id;
  std::string layout;     ///< `tags` or `spans`
  int64_t row_count = 0;  ///< texts
  ClassFigures micro;
  ClassFigures macro;
  ClassFigures weighted;
  std::vector<ClassFigures> types;  ///< by name
  EvalStrangers unpredicted;
  EvalStrangers unknown;
  std::vector<std::string> warnings;
};

// ---- Kept runs

struct EvalRunInfo {
  std::string id;
  std::string name;
  std::string task;    ///< retrieval, classification, entities
  std::string target;  ///< what answered
  std::string options_json;
  std::string queries_path;
  std::string judgements;
  int64_t query_count = 0;
  std::vector<std::pair<std::string, double>> figures;
  int64_t created_us = 0;
};

}  // namespace iolite
