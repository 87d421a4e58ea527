#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "iolite/base/context.h"
#include "iolite/vector/flat/codes.h"
#include "iolite/vector/flat/extents.h"
#include "iolite/vector/flat/layout.h"
#include "iolite/vector/flat/scan.h"
#include "iolite/vector/internal/row_source.h"
#include "iolite/vector/internal/survivors.h"

namespace iolite::vector::flat {

/// A flat index file as it lies in memory, and the rows that decide. Borrows the bytes. Whatever is
/// handed out is checked against its checksum first.
///
/// Threads: any number.
class File {
 public:
  /// kDataLoss when `bytes` are no such file; see OpenFlatIndex.
  static Result<File> Open(std::string_view bytes, const IndexOpenOptions& options);

  const Shape& shape() const { return layout_.shape(); }
  const Layout& layout() const { return layout_; }
  const Extents& extents() const { return extents_; }
  const internal::RowSource& rows() const { return rows_; }
  /// Whether the metric has codes.
  bool has_codes() const { return codes_ != nullptr; }
  Scan scan() const { return {bytes_.data(), layout_, extents_}; }
  int64_t memory_bytes() const { return codes_ ? codes_->memory_bytes() : 0; }

  /// A query as codes want it, where has_codes().
  Result<CodeQuery> MakeQuery(std::span<const float> query) const;
  /// Distances of rows by their fine codes.
  Status FineDistances(const CodeQuery& query, std::span<const uint32_t> ids,
                       float* distances) const;
  /// Offers the exact distances of candidates.
  Status Offer(internal::ElementQuery& query, std::span<const Neighbor> candidates,
               internal::TopK& top) const;
  /// kDataLoss when elements of rows that may appear are damaged.
  Status CheckElements(const RequestContext& context, const internal::Survivors& survivors) const;
  /// The same of all elements.
  Status CheckElements() const;

 private:
  File(std::string_view bytes, const Layout& layout, Extents extents,
       const IndexOpenOptions& options);

  std::string_view bytes_;
  Layout layout_;
  Extents extents_;
  std::unique_ptr<Codes> codes_;
  internal::RowSource rows_;
};

}  // namespace iolite::vector::flat
