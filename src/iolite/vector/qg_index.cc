#include "iolite/vector/qg_index.h"

#include <atomic>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "iolite/vector/internal/expectation.h"
#include "iolite/vector/internal/mapped_file.h"
#include "iolite/vector/internal/query.h"
#include "iolite/vector/qg/checkpoint.h"
#include "iolite/vector/qg/file.h"
#include "iolite/vector/qg/search.h"

namespace iolite::vector {
namespace {

using namespace qg;

// Extents as they lie in the file, each checked when it is first met.
class FileView {
 public:
  FileView(std::string_view bytes, Header header, const Layout& layout)
      : header_(std::move(header)),
        space_(header_.metric, header_.dimension, header_.seed),
        vertices_(layout),
        traits_{header_.length_max, header_.calibration},
        checked_(layout.extent_count(header_.slot_count)) {
    vertices_.Reserve(checked_.size());
    const char* first = bytes.data() + Header::BytesFor(layout.padded());
    for (size_t i = 0; i < checked_.size(); ++i) {
      vertices_.AddExtent(first + i * layout.extent_bytes());
    }
  }

  const Header& header() const { return header_; }
  const Space& space() const { return space_; }
  const Layout& layout() const { return vertices_.layout(); }
  const Entries& entries() const { return header_.entries; }
  const Traits& traits() const { return traits_; }
  uint32_t slot_count() const { return header_.slot_count; }
  uint32_t row_count() const { return header_.row_count; }
  uint32_t id_bound() const { return header_.id_bound; }
  const char* row_bytes(uint32_t slot) const { return vertices_.row_bytes(slot); }
  const uint16_t* low(uint32_t slot) const { return vertices_.low(slot); }
  const char* signs(uint32_t slot) const { return vertices_.signs(slot); }
  std::span<const float> mean() const { return header_.mean; }
  void Estimate(const kernels::SignQuery& query, const uint32_t* slots, size_t count,
                float* estimates) const {
    kernels::Kernels().sign_estimates(query, vertices_.signs(), slots, count, estimates);
  }
  uint32_t id(uint32_t slot) const { return header_.ids_are_slots ? slot : *vertices_.id(slot); }
  uint32_t slot_of(uint32_t id) const {
    if (header_.ids_are_slots) return id;
    std::call_once(slots_once_, [this] { FindSlots(); });
    const auto found = slots_.find(id);
    return found == slots_.end() ? kNoSlot : found->second;
  }

  static bool IsCurrent(uint32_t, uint32_t) { return true; }
  static uint64_t replace_count() { return 0; }

  Status CheckSlot(uint32_t slot) const {
    const uint32_t extent = layout().extent_of(slot);
    if (checked_[extent].load(std::memory_order_relaxed) == kSound) [[likely]]
      return Status::Ok();
    return CheckExtent(extent);
  }
  Status CheckExtent(uint32_t extent) const;

 private:
  static constexpr uint8_t kUnknown = 0, kSound = 1;

  Header header_;
  Space space_;
  Vertices vertices_;
  Traits traits_;
  void FindSlots() const;

  // Of an index that was changed; made when a search first goes from ids to slots.
  mutable std::once_flag slots_once_;
  mutable std::unordered_map<uint32_t, uint32_t> slots_;
  mutable std::vector<std::atomic<uint8_t>> checked_;
};

// An id in a damaged extent may lead anywhere; whoever follows it finds the damage.
void FileView::FindSlots() const {
  slots_.reserve(header_.row_count);
  for (uint32_t slot = 0; slot < header_.slot_count; ++slot) {
    const uint32_t id = *vertices_.id(slot);
    if (id != kNoRow) slots_.emplace(id, slot);
  }
}

// Two threads may both sum an extent; they find the same.
Status FileView::CheckExtent(uint32_t extent) const {
  IOLITE_RETURN_IF_ERROR(qg::CheckExtent(layout(), extent, vertices_.extent(extent)));
  checked_[extent].store(kSound, std::memory_order_relaxed);
  return Status::Ok();
}

class OpenedQgIndex final : public QgIndex {
 public:
  OpenedQgIndex(std::unique_ptr<FileView> view, IndexOpenOptions options, int64_t mapped_bytes,
                Reservation reservation)
      : view_(std::move(view)),
        options_(std::move(options)),
        mapped_bytes_(mapped_bytes),
        reservation_(std::move(reservation)) {}

  Result<size_t> Search(const RequestContext& context, const VectorSearch& request,
                        std::span<Neighbor> out) const override {
    IOLITE_RETURN_IF_ERROR(internal::CheckQuery(request.query, view_->header().dimension));
    IOLITE_RETURN_IF_ERROR(internal::CheckOut(request, view_->row_count(), out.size()));
    IOLITE_RETURN_IF_ERROR(context.Check());
    return Searcher<FileView>(context, *view_, request).Run(out);
  }
  size_t PoolFor(size_t k, float target_recall) const override {
    return PoolForRecall(view_->traits().calibration, target_recall, k);
  }

  std::string_view kind() const override { return "qg"; }
  Metric metric() const override { return view_->header().metric; }
  ElementType element_type() const override { return view_->header().element_type; }
  int32_t dimension() const override { return static_cast<int32_t>(view_->header().dimension); }
  int64_t row_count() const override { return view_->row_count(); }
  int64_t memory_bytes() const override { return reservation_.bytes(); }
  int64_t mapped_bytes() const override { return mapped_bytes_; }
  Status Verify(const RequestContext& context) const override {
    for (uint32_t i = 0; i < view_->layout().extent_count(view_->slot_count()); ++i) {
      IOLITE_RETURN_IF_ERROR(context.Check());
      IOLITE_RETURN_IF_ERROR(view_->CheckExtent(i));
    }
    return Status::Ok();
  }

 private:
  std::unique_ptr<FileView> view_;
  IndexOpenOptions options_;
  int64_t mapped_bytes_;
  Reservation reservation_;
};

// A pointer and a flag for each extent, the entries' codes, the mean and the rotation's signs.
int64_t BytesBeside(const Header& header, const Layout& layout) {
  return static_cast<int64_t>(layout.extent_count(header.slot_count) * (sizeof(char*) + 1) +
                              Entries::BytesFor(layout.padded()) + size_t{layout.padded()} * 24);
}

Result<std::unique_ptr<QgIndex>> OpenAny(std::string_view bytes, IndexOpenOptions options,
                                         int64_t mapped_bytes) {
  Layout layout;
  IOLITE_ASSIGN_OR_RETURN(auto header, Header::Decode(bytes, layout));
  IOLITE_ASSIGN_OR_RETURN(auto reservation, options.budget->Reserve(BytesBeside(header, layout)));
  auto view = std::make_unique<FileView>(bytes, std::move(header), layout);
  const IndexExpectation expect = options.expect;
  auto index = std::make_unique<OpenedQgIndex>(std::move(view), std::move(options), mapped_bytes,
                                               std::move(reservation));
  IOLITE_RETURN_IF_ERROR(internal::CheckExpectation(expect, *index));
  return std::unique_ptr<QgIndex>(std::move(index));
}

}  // namespace

Result<std::unique_ptr<QgIndex>> QgIndex::Open(const std::string& path, IndexOpenOptions options) {
  auto open = [&path](std::string_view bytes, IndexOpenOptions mapped_options,
                      int64_t mapped_bytes) -> Result<std::unique_ptr<QgIndex>> {
    IOLITE_ASSIGN_OR_RETURN(const bool unfinished, HasJournal(storage::Disk::System(), path));
    if (unfinished) {
      return FailedPrecondition(
          "A checkpoint of the qg index was interrupted: opening it for changes finishes it");
    }
    return OpenAny(bytes, std::move(mapped_options), mapped_bytes);
  };
  return internal::OpenMapped(path, std::move(options), open);
}

Result<std::unique_ptr<QgIndex>> QgIndex::OpenBytes(std::string_view bytes,
                                                    IndexOpenOptions options) {
  return OpenAny(bytes, std::move(options), 0);
}

}  // namespace iolite::vector
