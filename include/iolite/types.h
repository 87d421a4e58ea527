#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "iolite/arrow_c.h"
#include "iolite/cancel.h"

/// The values that go in and out of an Engine.

namespace iolite {

/// What any call takes beside its own options.
struct CallOptions {
  CancelToken cancel{};
  /// 0: none.
  int64_t timeout_ms = 0;
  /// Called from time to time during long work, never from two threads at once. `rows_total` is 0
  /// while unknown; `phase` is a word such as `embed` or `index`.
  std::function<void(std::string_view phase, int64_t rows_done, int64_t rows_total)> progress{};
};

struct ColumnInfo {
  std::string name;
  std::string type;  ///< as SQL spells it
};

// ---- Sources

struct SourceOptions {
  std::string name{};
  std::vector<std::string> paths{};  ///< files, globs or folders
  std::string format{};              ///< parquet, csv, json, jsonl; empty: from the ending
};

struct SourceInfo {
  std::string name;
  std::string format;
  std::vector<std::string> paths;
  std::vector<ColumnInfo> columns;
  int64_t row_count = 0;
  int64_t file_count = 0;
  int64_t size_bytes = 0;
  std::string state;                ///< `ready`, `changed` since it was read, `gone`
  std::vector<std::string> tables;  ///< result tables made of it, newest first
  int64_t created_us = 0;
};

// ---- Models

struct ModelInfo {
  std::string id;
  std::string path;
  std::string origin;    ///< catalog, local, cache, hub
  std::string revision;  ///< the hub's commit, or empty
  std::string architecture;
  std::string content_hash;
  int32_t dimension = 0;
  int32_t token_count_max = 0;
  int64_t parameter_count = 0;
  bool normalized = false;
  std::string metric;
  std::string precision;  ///< what `auto` means here
  std::string problem;    ///< why it cannot run; empty when it can
};

// ---- Embedding

struct EmbedOptions {
  std::string source{};  ///< a source or an SQL table
  std::string model{};
  std::vector<std::string> columns{};  ///< joined with a space, nulls skipped
  std::string key{};
  std::string precision{};  ///< f32, bf16, auto; empty: the setting models.precision
};

struct ImportOptions {
  std::string source{};        ///< made of the file itself where the name is new
  std::string vectors_path{};  ///< .parquet, .arrow, .npy, .fvecs
  std::string key{};           ///< empty for npy and fvecs: the row's position
  std::string column = "vector";
  std::string metric = "cosine";  ///< cosine, inner_product, l2, l1, hamming, jaccard
  std::string model{};            ///< embeds later queries by text; empty for none
};

struct EmbedResult {
  std::string job_id;
  std::string table;
  int64_t rows = 0;
  int64_t embedded = 0;
  int64_t unchanged = 0;
  int64_t hidden = 0;
  int64_t failed = 0;
  double seconds = 0;
  double seconds_outside_model = 0;
  int64_t tokens = 0;
};

// ---- Search

/// What is searched for: exactly one is set.
struct SearchQuery {
  std::optional<std::string> text{};
  std::optional<std::vector<float>> vector{};
  std::optional<std::string> like_id{};  ///< rows like this one, without it
};

struct SearchOptions {
  /// A source or SQL table, searched by its newest result table; or a result table.
  std::string source{};
  SearchQuery query{};
  int64_t k = 10;                     ///< more than there are rows gives all
  std::string where{};                ///< any SQL condition over the source; empty: none
  std::vector<std::string> select{};  ///< columns of the source; empty: all
  bool fetch_rows = true;             ///< false: ids and scores only
  bool exact = false;                 ///< compare with every row in place of using the index
  int64_t ef = 0;                     ///< candidate pool of the index; 0: its own choice
  /// Share of the true neighbours to find, above 0 and up to 1: the index chooses its pool by it.
  /// 0: its own choice. Not together with `ef`.
  double target_recall = 0;
};

struct Evidence {
  std::string channel;
  int64_t rank = 0;  ///< from 1
  double score = 0;
};

struct SearchHit {
  std::string id;
  double score = 0;     ///< higher is better
  double distance = 0;  ///< lower is nearer
  std::vector<Evidence> retrieved_by;
  std::vector<std::string> annotated_by;
};

struct ExplainStep {
  std::string name;
  double duration_ms = 0;
  std::string detail;
};

struct SearchResult {
  std::string table;
  std::vector<SearchHit> hits;
  ArrowStream rows;  ///< row i belongs to hits[i]; empty() without fetch_rows
  std::vector<std::string> warnings;
  std::vector<ExplainStep> steps;
};

// ---- Result tables, jobs, settings

struct TableInfo {
  std::string name;
  std::string source;
  std::string task;
  std::string model;
  std::string key;
  std::vector<std::string> columns;
  std::string metric;
  std::string precision;
  int32_t dimension = 0;
  int64_t row_count = 0;
  int64_t hidden_count = 0;
  int64_t segment_count = 0;
  int64_t size_bytes = 0;
  std::string index;    ///< kinds and element types, `qg f32`, or `none: search scans`
  std::string problem;  ///< what is wrong with it; empty when all is well
  int64_t created_us = 0;
};

struct TableFinding {
  std::string file;
  std::string problem;
  bool fatal = false;  ///< rows are damaged; otherwise RepairTable rebuilds it
};

struct JobInfo {
  std::string id;
  std::string kind;
  std::string target;
  std::string table;
  std::string state;  ///< queued, running, succeeded, failed, cancelled
  int64_t rows_done = 0;
  int64_t rows_total = 0;
  std::string result_json;
  std::string error;
  int64_t created_us = 0;
  int64_t updated_us = 0;
  int64_t finished_us = 0;
};

struct JobError {
  std::string row_id;
  std::string reason;
};

struct SettingInfo {
  std::string key;
  std::string value;
  std::string origin;  ///< default, file, environment, call
  std::string description;
};

struct DoctorFinding {
  std::string name;    ///< `processor`, `database`, `models`
  std::string level;   ///< ok, note, warning, error
  std::string detail;  ///< what is so, and what to do about it
};

}  // namespace iolite
