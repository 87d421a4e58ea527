#include "iolite/vector/qg/live_vertices.h"

#include <algorithm>
#include <cstring>

namespace iolite::vector::qg {
namespace {

// Images are asked for in pieces of about this size.
constexpr size_t kPieceBytes = 1 << 20;

}  // namespace

LiveVertices::Extent& LiveVertices::AddExtent(char* columns) {
  auto extent = std::make_unique<Extent>();
  extent->columns.store(columns, std::memory_order_relaxed);
  extent->rows = std::make_unique<std::atomic<char*>[]>(layout_.extent_rows());
  extent->ids = std::make_unique<std::atomic<uint32_t>[]>(layout_.extent_rows());
  for (uint32_t place = 0; place < layout_.extent_rows(); ++place) {
    extent->rows[place].store(nullptr, std::memory_order_relaxed);
    extent->ids[place].store(kNoRow, std::memory_order_relaxed);
  }
  extents_.Store(static_cast<uint32_t>(owned_extents_.size()), extent.get());
  owned_extents_.push_back(std::move(extent));
  return *owned_extents_.back();
}

void LiveVertices::AddMapped(const char* bytes, uint32_t slot_count) {
  // Written to only after MakeWritable has put a copy in its place.
  char* columns = const_cast<char*>(bytes);
  Extent& extent = AddExtent(columns);
  extent.mapped = bytes;
  for (uint32_t place = 0; place < slot_count; ++place) {
    uint32_t id;
    std::memcpy(&id, bytes + layout_.ids().offset + 4 * size_t{place}, 4);
    extent.rows[place].store(columns + place * layout_.row_bytes(), std::memory_order_relaxed);
    extent.ids[place].store(id, std::memory_order_relaxed);
  }
  slot_count_.store(slot_count_.load(std::memory_order_relaxed) + slot_count,
                    std::memory_order_release);
}

Status LiveVertices::MakeWritable(uint32_t slot) {
  Extent& extent = at(slot);
  if (extent.writable) return Status::Ok();
  IOLITE_ASSIGN_OR_RETURN(char* copy, columns_.Allocate(layout_.extent_bytes(), 1));
  std::memcpy(copy, extent.mapped, layout_.extent_bytes());
  extent.columns.store(copy, std::memory_order_release);
  extent.writable = true;
  return Status::Ok();
}

Result<uint32_t> LiveVertices::AddSlot() {
  const uint32_t slot = slot_count_.load(std::memory_order_relaxed);
  if (slot >= kNoSlot >> 1) {
    return ResourceExhausted("A qg index takes {} rows at most", kNoSlot >> 1);
  }
  if (layout_.extent_of(slot) >= owned_extents_.size()) {
    IOLITE_ASSIGN_OR_RETURN(char* bytes, columns_.Allocate(layout_.extent_bytes(), 1));
    AddExtent(bytes).writable = true;
  }
  IOLITE_RETURN_IF_ERROR(MakeWritable(slot));
  slot_count_.store(slot + 1, std::memory_order_release);
  return slot;
}

Result<RowEdit> LiveVertices::NewImage(uint32_t slot) {
  if (free_images_.empty()) {
    const size_t count = std::max<size_t>(1, kPieceBytes / layout_.row_bytes());
    IOLITE_ASSIGN_OR_RETURN(char* bytes, images_.Allocate(layout_.row_bytes(), count));
    for (size_t i = count; i-- > 0;) free_images_.push_back(bytes + i * layout_.row_bytes());
  }
  char* image = free_images_.back();
  free_images_.pop_back();
  if (const char* before = row_bytes(slot)) std::memcpy(image, before, layout_.row_bytes());
  return RowEdit{&layout_, image, lengths(slot), fillers(slot)};
}

// Rows that lie in a mapped extent are nobody's to give back.
bool LiveVertices::OwnsImage(uint32_t slot, const char* image) const {
  const char* mapped = at(slot).mapped;
  if (image == nullptr) return false;
  return mapped == nullptr || image < mapped || image >= mapped + layout_.extent_bytes();
}

void LiveVertices::Publish(uint32_t slot, const RowEdit& image) {
  char* before =
      at(slot).rows[layout_.place_of(slot)].exchange(image.bytes, std::memory_order_acq_rel);
  if (OwnsImage(slot, before)) {
    epochs_.Retire([this, before] { free_images_.push_back(before); });
  }
}

void LiveVertices::CopyExtent(uint32_t extent, char* bytes) const {
  const Extent& from = *owned_extents_[extent];
  std::memcpy(bytes, from.columns.load(std::memory_order_relaxed), layout_.extent_bytes());
  for (uint32_t place = 0; place < layout_.extent_rows(); ++place) {
    const char* row = from.rows[place].load(std::memory_order_relaxed);
    if (row != nullptr) std::memcpy(bytes + place * layout_.row_bytes(), row, layout_.row_bytes());
    const uint32_t id = from.ids[place].load(std::memory_order_relaxed);
    std::memcpy(bytes + layout_.ids().offset + 4 * size_t{place}, &id, 4);
  }
}

}  // namespace iolite::vector::qg
