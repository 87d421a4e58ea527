#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "iolite/base/budget.h"
#include "iolite/base/status.h"
#include "iolite/vector/kernels/kernels.h"
#include "iolite/vector/qg/layout.h"

namespace iolite::vector::qg {

/// The parts of one row, to read.
struct RowView {
  RowView(const Layout& layout, const char* bytes) : layout(&layout), bytes(bytes) {}

  const uint16_t* high() const { return reinterpret_cast<const uint16_t*>(bytes); }
  const uint8_t* codes(uint32_t block) const {
    return reinterpret_cast<const uint8_t*>(bytes + layout->codes_at(block));
  }
  const float* add(uint32_t block) const {
    return reinterpret_cast<const float*>(bytes + layout->add_at(block));
  }
  const float* rescale(uint32_t block) const {
    return reinterpret_cast<const float*>(bytes + layout->rescale_at(block));
  }
  const uint32_t* links() const {
    return reinterpret_cast<const uint32_t*>(bytes + layout->links_at());
  }

  const Layout* layout;
  const char* bytes;
};

/// The same to change, with the columns that stand beside the row.
struct RowEdit {
  uint16_t* high() const { return reinterpret_cast<uint16_t*>(bytes); }
  uint8_t* codes(uint32_t block) const {
    return reinterpret_cast<uint8_t*>(bytes + layout->codes_at(block));
  }
  float& add(uint32_t lane) const {
    return reinterpret_cast<float*>(bytes + layout->add_at(lane / kBlockLanes))[lane % kBlockLanes];
  }
  float& rescale(uint32_t lane) const {
    return reinterpret_cast<float*>(bytes +
                                    layout->rescale_at(lane / kBlockLanes))[lane % kBlockLanes];
  }
  uint32_t* links() const { return reinterpret_cast<uint32_t*>(bytes + layout->links_at()); }

  bool filler(uint32_t lane) const { return (fillers[lane / 32] >> (lane % 32) & 1) != 0; }
  void SetFiller(uint32_t lane, bool value) const {
    const uint32_t bit = 1u << (lane % 32);
    fillers[lane / 32] = value ? fillers[lane / 32] | bit : fillers[lane / 32] & ~bit;
  }
  /// No edges.
  void Clear() const;

  const Layout* layout;
  char* bytes;
  float* lengths;     ///< squared, a lane
  uint32_t* fillers;  ///< bits
};

/// Puts a vector together; `low` is null where low bits are not kept.
void ReadVector(const Layout& layout, const uint16_t* high, const uint16_t* low, float* values);
/// Splits a vector into its nearest bf16 and the bits below.
void WriteVector(const Layout& layout, const float* values, uint16_t* high, uint16_t* low);

/// Extents, wherever they lie, by slot.
///
/// Threads: any number may read; growing and writing is the owner's to order.
class Vertices {
 public:
  explicit Vertices(const Layout& layout) : layout_(layout) {}

  const Layout& layout() const { return layout_; }
  void Reserve(size_t extents) { extents_.reserve(extents); }
  /// `bytes` stay where they are for as long as this is used, and are not written through this
  /// class when they were given as const.
  void AddExtent(const char* bytes) { extents_.push_back(const_cast<char*>(bytes)); }
  size_t extent_count() const { return extents_.size(); }
  const char* extent(size_t at) const { return extents_[at]; }
  char* MutableExtent(size_t at) { return extents_[at]; }

  const char* row_bytes(uint32_t slot) const {
    return extents_[layout_.extent_of(slot)] + layout_.place_of(slot) * layout_.row_bytes();
  }
  RowView row(uint32_t slot) const { return {layout_, row_bytes(slot)}; }
  const uint16_t* low(uint32_t slot) const {
    return layout_.exact() ? At<uint16_t>(layout_.low(), slot) : nullptr;
  }
  /// The sign codes of all slots; valid until an extent is added.
  kernels::SignRows signs() const {
    return {extents_.data(), layout_.extent_shift(), layout_.signs().offset, layout_.signs().bytes,
            layout_.sign_bits()};
  }
  const char* signs(uint32_t slot) const { return At<char>(layout_.signs(), slot); }
  const uint32_t* id(uint32_t slot) const { return At<uint32_t>(layout_.ids(), slot); }

  RowEdit Edit(uint32_t slot) {
    return {&layout_, const_cast<char*>(row_bytes(slot)), lengths(slot), fillers(slot)};
  }
  uint16_t* low(uint32_t slot) {
    return layout_.exact() ? At<uint16_t>(layout_.low(), slot) : nullptr;
  }
  char* signs(uint32_t slot) { return At<char>(layout_.signs(), slot); }
  float* lengths(uint32_t slot) { return At<float>(layout_.lengths(), slot); }
  uint32_t* fillers(uint32_t slot) { return At<uint32_t>(layout_.fillers(), slot); }
  uint32_t* id(uint32_t slot) { return At<uint32_t>(layout_.ids(), slot); }

  /// The f32 vector of a slot whose high bits are in `row`; the bf16 one where low bits are not
  /// kept.
  void ReadVector(uint32_t slot, const uint16_t* high, float* values) const {
    qg::ReadVector(layout_, high, low(slot), values);
  }
  /// Splits a vector into `high` and, where kept, the slot's low bits.
  void WriteVector(uint32_t slot, const float* values, uint16_t* high) {
    qg::WriteVector(layout_, values, high, low(slot));
  }

 private:
  template <class T>
  T* At(const Layout::Column& column, uint32_t slot) const {
    return reinterpret_cast<T*>(extents_[layout_.extent_of(slot)] + column.offset +
                                layout_.place_of(slot) * column.bytes);
  }

  Layout layout_;
  std::vector<char*> extents_;
};

/// Vertices as a walk reads them, when nobody else changes rows that it meets.
struct OwnRows {
  const char* row_bytes(uint32_t slot) const { return vertices.row_bytes(slot); }
  const uint16_t* low(uint32_t slot) const { return vertices.low(slot); }
  static Status CheckSlot(uint32_t) { return Status::Ok(); }
  uint32_t slot_count() const { return count; }

  const Vertices& vertices;
  uint32_t count;
};

/// Zeroed memory for extents, in huge pages where the system has them, drawn from a budget.
class ExtentMemory {
 public:
  explicit ExtentMemory(Budget& budget) : budget_(&budget) {}
  ~ExtentMemory();
  ExtentMemory(const ExtentMemory&) = delete;
  ExtentMemory& operator=(const ExtentMemory&) = delete;

  /// kResourceExhausted when the budget has no room. Adjacent extents of one call are adjacent in
  /// memory.
  Result<char*> Allocate(size_t extent_bytes, size_t extent_count);
  int64_t bytes() const { return bytes_; }

 private:
  struct Chunk {
    void* address;
    size_t bytes;
    Reservation reservation;
  };
  Budget* budget_;
  int64_t bytes_ = 0;
  std::vector<Chunk> chunks_;
};

}  // namespace iolite::vector::qg
