#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "iolite/vector/qg/epochs.h"
#include "iolite/vector/qg/paged.h"
#include "iolite/vector/qg/vertices.h"

namespace iolite::vector::qg {

/// Vertices that change while they are read. A row is an image that nobody changes: a writer makes
/// another one and publishes it, and the old one is used again when no reader can see it any more.
/// What stands beside rows is written before a slot is first seen, and again only after it was
/// free.
///
/// Threads: any number may read between Epochs::Enter and its Guard's end; one writer at a time.
class LiveVertices {
 public:
  LiveVertices(const Layout& layout, Epochs& epochs, Budget& budget)
      : layout_(layout), epochs_(epochs), columns_(budget), images_(budget) {}

  const Layout& layout() const { return layout_; }
  uint32_t slot_count() const { return slot_count_.load(std::memory_order_acquire); }
  int64_t memory_bytes() const { return columns_.bytes() + images_.bytes(); }

  // What walks and searches read.
  const char* row_bytes(uint32_t slot) const {
    return at(slot).rows[layout_.place_of(slot)].load(std::memory_order_acquire);
  }
  const uint16_t* low(uint32_t slot) const {
    return layout_.exact() ? Column<const uint16_t>(layout_.low(), slot) : nullptr;
  }
  const char* signs(uint32_t slot) const { return Column<const char>(layout_.signs(), slot); }
  uint32_t id(uint32_t slot) const {
    return at(slot).ids[layout_.place_of(slot)].load(std::memory_order_acquire);
  }
  static Status CheckSlot(uint32_t) { return Status::Ok(); }

  // The writer's.

  /// Takes in an extent as a mapped file has it, with `slot_count` slots in use; `bytes` stay. What
  /// changes is copied first.
  void AddMapped(const char* bytes, uint32_t slot_count);
  /// Makes what stands beside the rows of a slot's extent writable.
  Status MakeWritable(uint32_t slot);
  /// A new slot at the end. kResourceExhausted when the budget has no room; nothing is changed
  /// then.
  Result<uint32_t> AddSlot();
  /// Memory for a row image, as full as the row it is to replace when there is one.
  Result<RowEdit> NewImage(uint32_t slot);
  /// Makes readers see it, and gives the image before it back once nobody does.
  void Publish(uint32_t slot, const RowEdit& image);
  /// Gives back an image that was never published.
  void Discard(const RowEdit& image) { free_images_.push_back(image.bytes); }
  void SetId(uint32_t slot, uint32_t id) {
    at(slot).ids[layout_.place_of(slot)].store(id, std::memory_order_release);
  }
  uint16_t* MutableLow(uint32_t slot) {
    return layout_.exact() ? Column<uint16_t>(layout_.low(), slot) : nullptr;
  }
  char* MutableSigns(uint32_t slot) { return Column<char>(layout_.signs(), slot); }
  float* lengths(uint32_t slot) const { return Column<float>(layout_.lengths(), slot); }
  uint32_t* fillers(uint32_t slot) const { return Column<uint32_t>(layout_.fillers(), slot); }
  /// The bytes of an extent as a file has them, without its checksum.
  void CopyExtent(uint32_t extent, char* bytes) const;

 private:
  struct Extent {
    const char* mapped = nullptr;  // as it was opened, or null
    // Of a whole extent. Readers take it after they have seen a row.
    std::atomic<char*> columns = nullptr;
    bool writable = false;
    std::unique_ptr<std::atomic<char*>[]> rows;
    std::unique_ptr<std::atomic<uint32_t>[]> ids;
  };

  const Extent& at(uint32_t slot) const { return *extents_.Load(layout_.extent_of(slot)); }
  Extent& at(uint32_t slot) { return *extents_.Load(layout_.extent_of(slot)); }
  template <class T>
  T* Column(const Layout::Column& column, uint32_t slot) const {
    return reinterpret_cast<T*>(at(slot).columns.load(std::memory_order_acquire) + column.offset +
                                layout_.place_of(slot) * column.bytes);
  }
  bool OwnsImage(uint32_t slot, const char* image) const;
  Extent& AddExtent(char* columns);

  const Layout layout_;
  Epochs& epochs_;
  ExtentMemory columns_, images_;
  PagedArray<Extent*, nullptr> extents_;
  std::vector<std::unique_ptr<Extent>> owned_extents_;
  std::atomic<uint32_t> slot_count_ = 0;
  std::vector<char*> free_images_;
};

}  // namespace iolite::vector::qg
