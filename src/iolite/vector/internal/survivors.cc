#include "iolite/vector/internal/survivors.h"

#include <algorithm>
#include <bit>

namespace iolite::vector::internal {
namespace {

// Below one row in 32 a list is smaller than bits, and quicker to walk.
constexpr uint64_t kListShare = 32;

}  // namespace

Survivors::Survivors(const VectorSearch& request, uint32_t row_count) : row_count_(row_count) {
  const bool hides = request.hidden != nullptr && !request.hidden->empty();
  if (request.allowed == nullptr && !hides) {
    all_ = true;
    count_ = row_count;
    return;
  }
  if (request.allowed != nullptr && request.allowed->cardinality() <= row_count / kListShare) {
    KeepList(request);
  } else {
    KeepWords(request);
  }
}

void Survivors::KeepList(const VectorSearch& request) {
  listed_ = true;
  list_ = request.allowed->ToVector();
  list_.erase(std::lower_bound(list_.begin(), list_.end(), row_count_), list_.end());
  if (request.hidden != nullptr && !request.hidden->empty()) {
    std::erase_if(list_, [&](uint32_t row) { return request.hidden->Contains(row); });
  }
  count_ = static_cast<uint32_t>(list_.size());
}

void Survivors::KeepWords(const VectorSearch& request) {
  if (request.allowed != nullptr) {
    words_ = request.allowed->ToWords(row_count_);
  } else {
    words_.assign((static_cast<size_t>(row_count_) + 63) / 64, ~0ull);
    if (row_count_ % 64 != 0) words_.back() = (1ull << (row_count_ % 64)) - 1;
  }
  if (request.hidden != nullptr) {
    const auto hidden = request.hidden->ToWords(row_count_);
    for (size_t w = 0; w < words_.size(); ++w) words_[w] &= ~hidden[w];
  }
  for (uint64_t bits : words_) count_ += static_cast<uint32_t>(std::popcount(bits));
  all_ = count_ == row_count_;
}

const uint64_t* Survivors::Words() {
  if (words_.empty() && !all_) {
    words_.assign((static_cast<size_t>(row_count_) + 63) / 64, 0);
    for (uint32_t row : list_) words_[row / 64] |= 1ull << (row % 64);
  }
  return all_ ? nullptr : words_.data();
}

}  // namespace iolite::vector::internal
