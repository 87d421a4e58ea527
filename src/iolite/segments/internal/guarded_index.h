#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "iolite/vector/index.h"

namespace iolite::segments {

/// An index file that is checked while it is searched, and what answers in its place from the first
/// damage on. Damage gives a warning, once; the search that met it is answered as well.
///
/// Threads: any number may search; a search of a sound file takes no lock.
class GuardedIndex final : public vector::VectorIndex {
 public:
  using MakeFallback = std::function<Result<std::shared_ptr<const vector::VectorIndex>>()>;
  GuardedIndex(std::string path, std::shared_ptr<const vector::VectorIndex> file,
               MakeFallback make_fallback)
      : path_(std::move(path)), file_(std::move(file)), make_fallback_(std::move(make_fallback)) {}

  /// The file; null once it was found to be damaged.
  const vector::VectorIndex* file() const {
    return damaged_.load(std::memory_order_acquire) ? nullptr : file_.get();
  }
  /// What is wrong with the file; empty when nothing was found.
  std::string warning() const;

  Result<size_t> Search(const RequestContext& context, const vector::VectorSearch& request,
                        std::span<vector::Neighbor> out) const override;
  Status SearchBatch(const RequestContext& context, Executor& executor,
                     std::span<const float> queries, const vector::VectorSearch& request,
                     std::span<vector::Neighbor> out, std::span<size_t> counts) const override;

  std::string_view kind() const override { return current().kind(); }
  vector::Metric metric() const override { return file_->metric(); }
  vector::ElementType element_type() const override { return current().element_type(); }
  int32_t dimension() const override { return file_->dimension(); }
  int64_t row_count() const override { return file_->row_count(); }
  int64_t memory_bytes() const override { return current().memory_bytes(); }
  int64_t mapped_bytes() const override { return file_->mapped_bytes(); }
  Status Verify(const RequestContext& context) const override { return file_->Verify(context); }

 private:
  const vector::VectorIndex& current() const {
    return damaged_.load(std::memory_order_acquire) ? *fallback_ : *file_;
  }
  /// kDataLoss of the file becomes the index that answers instead; other errors stay.
  Result<const vector::VectorIndex*> InsteadOf(const Status& failed) const;

  const std::string path_;
  const std::shared_ptr<const vector::VectorIndex> file_;
  const MakeFallback make_fallback_;
  mutable std::mutex mutex_;  ///< of the change from file to fallback
  mutable std::atomic<bool> damaged_ = false;
  mutable std::shared_ptr<const vector::VectorIndex> fallback_;
  mutable std::string warning_;
};

}  // namespace iolite::segments
