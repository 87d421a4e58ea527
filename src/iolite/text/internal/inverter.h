#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/text/analyzer.h"
#include "iolite/text/internal/term_source.h"
#include "iolite/text/internal/word_table.h"

namespace iolite::text::internal {

/// Turns texts into lists in memory: per term the rows and places where it occurs.
///
/// Terms of a batch are sorted by counting, and what a batch has of a term is appended to the
/// term's list at once, so that memory is visited per batch and not per word. A word is folded and
/// stemmed where it is met first; afterwards its number is looked up.
///
/// Threads: one.
class Inverter {
 public:
  Inverter(std::shared_ptr<const Analyzer> analyzer, size_t field_count, bool positions,
           size_t batch_words);

  /// Rows ascend. Returns how many terms the text has.
  uint32_t Add(size_t field, uint32_t row, std::string_view text);
  /// Ends the adding and sorts the terms.
  void Finish();
  /// The lists of one field. The inverter must live as long, finished.
  std::unique_ptr<TermSource> Open(size_t field) const;
  int64_t memory_bytes() const;

 private:
  friend class InverterSource;
  // Postings of a batch; `size` bytes follow.
  struct Chunk {
    Chunk* next;
    uint32_t size;
    const uint8_t* bytes() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  };
  struct List {
    Chunk* first = nullptr;
    Chunk* last = nullptr;
    uint32_t row = UINT32_MAX;  // the last one
  };
  struct Word {
    uint32_t term, row, position;
  };
  struct Field {
    std::vector<List> lists;
    std::vector<Word> words;  // the open batch
  };

  uint32_t TermOf(std::string_view word);
  void EndBatch(Field& field);
  void AppendList(Field& field, uint32_t term, const Word* begin, const Word* end);

  const std::shared_ptr<const Analyzer> analyzer_;
  const bool positions_;
  const size_t batch_words_;
  Arena arena_;
  WordTable words_;  // as texts have them, to terms
  WordTable terms_;
  std::vector<std::string_view> term_texts_;
  std::vector<uint32_t> sorted_;
  std::vector<Field> fields_;

  std::vector<Analyzer::Word> pieces_;
  std::string term_;
  std::vector<uint32_t> starts_;
  std::vector<Word> grouped_;
  std::vector<uint8_t> encoded_;
};

}  // namespace iolite::text::internal
