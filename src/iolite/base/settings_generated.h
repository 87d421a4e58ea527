#pragma once

// Generated from spec/settings.json by tools/generate_settings.py; edit the specification.

#include <cstddef>
#include <cstdint>
#include <string>

namespace iolite {

/// Every setting by section and name. See docs/reference/settings.md.
struct SettingValues {
  struct Memory {
    /// Memory that models, indexes, searches and SQL share. 0 takes 60 % of what the machine, or
    /// the control group the process runs in, has.
    int64_t budget_bytes = 0;
  } memory;

  struct Threads {
    /// Threads that work for one database. 0 takes one for each processor the process may use.
    int64_t count = 0;
  } threads;

  struct Sql {
    /// Memory that SQL takes before it spills to sql.temp_folder. 0 takes a quarter of the memory
    /// budget.
    int64_t memory_bytes_max = 0;
    /// Where SQL spills what does not fit into memory. Empty: a folder inside the database.
    std::string temp_folder;
  } sql;

  struct Models {
    /// Where downloaded models are kept. Empty: models/ inside the database.
    std::string folder;
    /// The hub that models are pulled from: an http or https address that answers as Hugging Face
    /// does.
    std::string hub_url = "https://huggingface.co";
    /// Hugging Face's cache on this machine, which is read before the hub is asked. Empty: as
    /// HF_HUB_CACHE, HF_HOME or the default say.
    std::string hub_cache_folder;
    /// Never ask the hub: a model that is not on this machine is an error.
    bool offline = false;
    /// Number format that models compute in. auto takes bf16 where the processor multiplies it
    /// natively, else f32.
    std::string precision = "auto";
    /// Tokens, padding included, that one batch of a model may hold. 0 takes what was measured to
    /// be fastest.
    int64_t batch_token_count_max = 0;
  } models;

  struct Embed {
    /// Rows that an embedding run sorts by length at a time. More make batches more even and take
    /// more memory.
    int64_t window_row_count = 8192;
    /// Rows that an embedding run writes at a time. A run that was interrupted continues after the
    /// last part it finished.
    int64_t part_row_count = 16384;
  } embed;

  struct Index {
    /// Index that new rows get. qg is the quantized graph; usearch makes a graph that the USearch
    /// library reads as well; flat compares codes of all rows, and has the metrics l1, hamming and
    /// jaccard as well. Tables keep the indexes they have; a repair builds this one.
    std::string kind = "qg";
    /// Number format of the vectors inside a new index, by which answers are ordered. The rows
    /// themselves keep f32. qg has f32 and bf16; usearch f32, f16, bf16 and i8; flat has all. u8
    /// takes whole numbers from 0 to 255, bits 0 and 1.
    std::string element_type = "f32";
    /// Neighbours each row of a new graph index is linked to. More raise recall, size and the time
    /// to build. 0 takes the kind's own number: 32 for qg, which rounds up to a multiple of 32, and
    /// 16 for usearch.
    int64_t connectivity = 0;
    /// Candidates looked at for each row while a graph index is built. 0 takes the kind's own
    /// number: 160 for qg, 128 for usearch.
    int64_t expansion_add = 0;
    /// Candidates a search of a graph index keeps. More raise recall and latency. 0 lets the index
    /// choose, which scans small tables exactly.
    int64_t expansion_search = 0;
    /// Share of the true neighbours that a search of a qg index shall find, where
    /// index.expansion_search is 0: the index takes the smallest pool that reached it when it was
    /// built. 0 takes the index's own choice, 0.995.
    double target_recall = 0;
  } index;

  struct Segments {
    /// Rows of one segment; a run that makes more starts another segment.
    int64_t row_count_max = 1000000;
  } segments;

  struct Search {
    /// Conditions whose matching rows are remembered while a table stays the same. 0 remembers
    /// none.
    int64_t filter_cache_entry_count = 64;
    /// Memory for source rows that searches fetched, kept for the next search. 0 keeps none.
    int64_t row_cache_bytes_max = 268435456;
  } search;

  struct Jobs {
    /// Finished jobs that `iolite jobs list` remembers, with the rows they left out. The oldest are
    /// forgotten when another one finishes. 0 keeps all.
    int64_t finished_count_max = 100;
  } jobs;

  struct Eval {
    /// Measurements that `iolite eval list` remembers, with what was answered. The oldest are
    /// forgotten when another one is kept. 0 keeps all.
    int64_t kept_run_count_max = 100;
  } eval;

  struct Log {
    /// The quietest message that is still written to stderr.
    std::string level = "warning";
  } log;
};

inline constexpr size_t kSettingCount = 24;

}  // namespace iolite
