#include "iolite/text/internal/file_source.h"

#include <algorithm>
#include <vector>

#include "iolite/text/internal/varint.h"

namespace iolite::text::internal {
namespace {

using kernels::kBlock;

// Reads a list from its begin to its end.
class ListWalk {
 public:
  void Open(const PostingList& list, bool positions) {
    list_ = list;
    with_positions_ = positions;
    const std::string_view bytes = list.positions_from(0);
    at_ = reinterpret_cast<const uint8_t*>(bytes.data());
    end_ = at_ + bytes.size();
    block_ = place_ = count_ = 0;
  }

  // False at the end, or when `damaged` says so.
  bool Next(Posting& posting, bool& damaged) {
    if (place_ == count_) {
      if (block_ == list_.block_count()) return false;
      damaged = !list_.Unpack(block_, rows_, tf_bases_);
      if (damaged) return false;
      count_ = list_.rows_in(block_++);
      place_ = 0;
    }
    posting.row = rows_[place_];
    posting.tf = tf_bases_[place_++] + 1;
    const uint8_t* begin = at_;
    if (with_positions_ && !SkipVarints(at_, end_, posting.tf)) {
      damaged = true;
      return false;
    }
    posting.positions = {reinterpret_cast<const char*>(begin), static_cast<size_t>(at_ - begin)};
    return true;
  }

 private:
  PostingList list_;
  bool with_positions_ = false;
  const uint8_t *at_ = nullptr, *end_ = nullptr;
  size_t block_ = 0, place_ = 0, count_ = 0;
  uint32_t rows_[kBlock], tf_bases_[kBlock];
};

class FileSource final : public TermSource {
 public:
  FileSource(const PartReader& part, bool positions, std::span<const uint32_t> rows)
      : part_(part), positions_(positions), rows_(rows), cursor_(part.dictionary()) {
    uint32_t last = 0;
    for (const uint32_t row : rows) {
      if (row == kRowGone) continue;
      sorted_ = sorted_ && row >= last;
      last = row;
    }
  }

  bool NextTerm() override {
    if (!status_.ok()) return false;
    const bool there = std::exchange(begun_, true) ? cursor_.Next() : cursor_.Seek("");
    if (!there) {
      status_ = cursor_.status();
      return false;
    }
    auto list = part_.Open(cursor_.entry(), positions_);
    status_ = list.status();
    if (!status_.ok()) return false;
    walk_.Open(*list, positions_);
    if (!sorted_) Sort();
    return status_.ok();
  }
  std::string_view term() const override { return cursor_.term(); }

  bool NextPosting(Posting& posting) override {
    if (sorted_) return NextMoved(posting);
    if (next_ == sorted_postings_.size()) return false;
    posting = sorted_postings_[next_++];
    return true;
  }
  Status status() const override { return status_; }

 private:
  // The next row of the list that stays, by its new number.
  bool NextMoved(Posting& posting) {
    bool damaged = false;
    while (walk_.Next(posting, damaged)) {
      if (rows_.empty()) return true;
      if (posting.row >= rows_.size()) break;
      posting.row = rows_[posting.row];
      if (posting.row != kRowGone) return true;
    }
    if (damaged) {
      status_ =
          DataLoss("The text index is damaged: the list of '{}' cannot be read. Build it anew",
                   cursor_.term());
    }
    return false;
  }
  void Sort() {
    sorted_postings_.clear();
    next_ = 0;
    for (Posting posting; NextMoved(posting);) sorted_postings_.push_back(posting);
    std::sort(sorted_postings_.begin(), sorted_postings_.end(),
              [](const Posting& a, const Posting& b) { return a.row < b.row; });
  }

  const PartReader& part_;
  const bool positions_;
  const std::span<const uint32_t> rows_;
  bool sorted_ = true;
  Dictionary::Cursor cursor_;
  bool begun_ = false;
  ListWalk walk_;
  std::vector<Posting> sorted_postings_;
  size_t next_ = 0;
  Status status_;
};

}  // namespace

std::unique_ptr<TermSource> OpenFileSource(const PartReader& part, bool positions,
                                           std::span<const uint32_t> rows) {
  return std::make_unique<FileSource>(part, positions, rows);
}

}  // namespace iolite::text::internal
