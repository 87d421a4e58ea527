#include "iolite/vector/flat_file_index.h"

#include <algorithm>
#include <utility>

#include "iolite/vector/flat/batch.h"
#include "iolite/vector/flat/file.h"
#include "iolite/vector/flat/search.h"
#include "iolite/vector/internal/exact_scan.h"
#include "iolite/vector/internal/expectation.h"
#include "iolite/vector/internal/mapped_file.h"
#include "iolite/vector/internal/query.h"
#include "iolite/vector/internal/search_run.h"

namespace iolite::vector {
namespace {

class FlatFileIndex final : public VectorIndex {
 public:
  FlatFileIndex(flat::File file, std::shared_ptr<const void> keep_alive, int64_t mapped_bytes,
                Reservation reservation)
      : keep_alive_(std::move(keep_alive)),
        file_(std::move(file)),
        mapped_bytes_(mapped_bytes),
        reservation_(std::move(reservation)) {}

  Result<size_t> Search(const RequestContext& context, const VectorSearch& request,
                        std::span<Neighbor> out) const override {
    return internal::RunSearch(*this, context, request, out, [this](internal::SearchRun& run) {
      return flat::Search(file_, run).Answer();
    });
  }
  /// Exact batches compare each row, others look up each block, for many queries at once.
  Status SearchBatch(const RequestContext& context, Executor& executor,
                     std::span<const float> queries, const VectorSearch& request,
                     std::span<Neighbor> out, std::span<size_t> counts) const override;

  std::string_view kind() const override { return "flat"; }
  Metric metric() const override { return file_.shape().metric; }
  ElementType element_type() const override { return file_.shape().element_type; }
  int32_t dimension() const override { return static_cast<int32_t>(file_.shape().dimension); }
  int64_t row_count() const override { return file_.shape().row_count; }
  int64_t memory_bytes() const override { return file_.memory_bytes(); }
  int64_t mapped_bytes() const override { return mapped_bytes_; }
  Status Verify(const RequestContext& context) const override {
    return file_.extents().Verify(context);
  }

 private:
  const std::shared_ptr<const void> keep_alive_;
  const flat::File file_;
  const int64_t mapped_bytes_;
  const Reservation reservation_;
};

Status FlatFileIndex::SearchBatch(const RequestContext& context, Executor& executor,
                                  std::span<const float> queries, const VectorSearch& request,
                                  std::span<Neighbor> out, std::span<size_t> counts) const {
  const internal::Matrix& exact = file_.rows().exact();
  if (request.exact && exact.rows != nullptr && exact.type == ElementType::kF32) {
    if (file_.rows().exact_is_stored()) IOLITE_RETURN_IF_ERROR(file_.CheckElements());
    return internal::ExactBatch(context, executor, exact, queries, request, out, counts);
  }
  const flat::Shape& shape = file_.shape();
  IOLITE_RETURN_IF_ERROR(internal::CheckBatch(queries.size(), counts.size(), shape.dimension,
                                              std::min<size_t>(request.k, shape.row_count),
                                              out.size()));
  internal::Survivors survivors(request, shape.row_count);
  if (!flat::ReadsTogether(file_, request, survivors)) {
    return VectorIndex::SearchBatch(context, executor, queries, request, out, counts);
  }
  return flat::SearchTogether(context, executor, file_, queries, request, survivors, out, counts);
}

Result<std::unique_ptr<VectorIndex>> OpenAny(std::string_view bytes, IndexOpenOptions options,
                                             int64_t mapped_bytes) {
  IOLITE_ASSIGN_OR_RETURN(auto file, flat::File::Open(bytes, options));
  IOLITE_ASSIGN_OR_RETURN(auto reservation,
                          options.budget->Reserve(static_cast<int64_t>(
                              16 * file.layout().padded() + file.extents().count() + 1024)));
  auto index = std::make_unique<FlatFileIndex>(std::move(file), std::move(options.keep_alive),
                                               mapped_bytes, std::move(reservation));
  IOLITE_RETURN_IF_ERROR(internal::CheckExpectation(options.expect, *index));
  return std::unique_ptr<VectorIndex>(std::move(index));
}

}  // namespace

Result<std::unique_ptr<VectorIndex>> OpenFlatIndex(const std::string& path,
                                                   IndexOpenOptions options) {
  return internal::OpenMapped(path, std::move(options), OpenAny);
}

Result<std::unique_ptr<VectorIndex>> OpenFlatIndexBytes(std::string_view bytes,
                                                        IndexOpenOptions options) {
  return OpenAny(bytes, std::move(options), 0);
}

}  // namespace iolite::vector
