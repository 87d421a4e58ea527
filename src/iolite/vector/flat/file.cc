#include "iolite/vector/flat/file.h"

#include <utility>
#include <vector>

namespace iolite::vector::flat {
namespace {

internal::Matrix ElementsOf(std::string_view bytes, const Layout& layout) {
  const Shape& shape = layout.shape();
  return {shape.vectors ? bytes.data() + layout.vectors_at() : nullptr,
          layout.vector_bytes(),
          shape.row_count,
          shape.dimension,
          shape.metric,
          shape.element_type};
}

}  // namespace

Result<File> File::Open(std::string_view bytes, const IndexOpenOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(const Shape shape, ReadHeader(bytes));
  if (reinterpret_cast<uintptr_t>(bytes.data()) % 8 != 0) {
    return InvalidArgument("The bytes of a flat index must begin at an address that 8 divides");
  }
  if (options.rows != nullptr && options.rows_stride < shape.dimension) {
    return InvalidArgument("Rows of dimension {} cannot lie {} floats apart", shape.dimension,
                           options.rows_stride);
  }
  const Layout layout(shape);
  IOLITE_ASSIGN_OR_RETURN(auto extents, Extents::Open(bytes, layout));
  return File(bytes, layout, std::move(extents), options);
}

File::File(std::string_view bytes, const Layout& layout, Extents extents,
           const IndexOpenOptions& options)
    : bytes_(bytes),
      layout_(layout),
      extents_(std::move(extents)),
      rows_(ElementsOf(bytes, layout), options) {
  if (shape().code_bits == 0) return;
  codes_ = std::make_unique<Codes>(shape());
  codes_->SetMean(reinterpret_cast<const float*>(bytes.data() + layout.mean_at()));
}

Result<CodeQuery> File::MakeQuery(std::span<const float> query) const {
  IOLITE_RETURN_IF_ERROR(
      extents_.Need(layout_.mean_at(), layout_.mean_at() + 4 * size_t{layout_.padded()}));
  return codes_->MakeQuery(query);
}

Status File::FineDistances(const CodeQuery& query, std::span<const uint32_t> ids,
                           float* distances) const {
  IOLITE_RETURN_IF_ERROR(NeedRows(extents_, layout_.fine_at(), layout_.fine_row_bytes(), ids));
  codes_->FineDistances(query, shape().code_bits, bytes_.data() + layout_.fine_at(), ids,
                        distances);
  return Status::Ok();
}

Status File::Offer(internal::ElementQuery& query, std::span<const Neighbor> candidates,
                   internal::TopK& top) const {
  if (rows_.exact().rows != nullptr && rows_.exact_is_stored()) {
    IOLITE_RETURN_IF_ERROR(NeedRows(extents_, layout_.vectors_at(), layout_.vector_bytes(),
                                    internal::RowsOf(candidates)));
  }
  return rows_.Offer(query, candidates, top);
}

Status File::CheckElements(const RequestContext& context,
                           const internal::Survivors& survivors) const {
  if (extents_.all_sound()) return Status::Ok();
  Status status;
  survivors.ForEachRun([&](const uint32_t* ids, size_t count) {
    status = context.Check();
    if (status.ok()) {
      status = NeedRows(extents_, layout_.vectors_at(), layout_.vector_bytes(), {ids, count});
    }
    return status.ok();
  });
  return status;
}

Status File::CheckElements() const {
  return extents_.Need(layout_.vectors_at(), layout_.checksums_at());
}

}  // namespace iolite::vector::flat
