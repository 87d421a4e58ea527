#include "iolite/vector/qg/vertices.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "iolite/base/status.h"
#include "iolite/vector/kernels/half.h"
#include "iolite/vector/kernels/kernels.h"

namespace iolite::vector::qg {
namespace {

constexpr size_t kHugePage = 2 << 20;

}  // namespace

void RowEdit::Clear() const {
  for (uint32_t lane = 0; lane < layout->lanes(); ++lane) {
    links()[lane] = kNoSlot;
    add(lane) = std::numeric_limits<float>::infinity();
    rescale(lane) = 0;
    lengths[lane] = std::numeric_limits<float>::infinity();
  }
  std::fill_n(fillers, layout->lanes() / 32, 0u);
}

void ReadVector(const Layout& layout, const uint16_t* high, const uint16_t* low, float* values) {
  if (low != nullptr) {
    kernels::Kernels().join(high, low, layout.padded(), values);
  } else {
    kernels::Kernels().widen(high, layout.padded(), values);
  }
}

void WriteVector(const Layout& layout, const float* values, uint16_t* high, uint16_t* low) {
  for (uint32_t i = 0; i < layout.padded(); ++i) {
    // Rounded upwards where two are as near: the difference below must fit into 16 signed bits.
    const uint32_t bits = kernels::ToBits(values[i]);
    high[i] = static_cast<uint16_t>((bits + 0x8000u) >> 16);
    if (low != nullptr) low[i] = static_cast<uint16_t>(bits);
  }
}

ExtentMemory::~ExtentMemory() {
  for (const Chunk& chunk : chunks_) munmap(chunk.address, chunk.bytes);
}

Result<char*> ExtentMemory::Allocate(size_t extent_bytes, size_t extent_count) {
  const size_t wanted = extent_bytes * extent_count;
  const size_t bytes = wanted >= kHugePage ? wanted + kHugePage : wanted;
  IOLITE_ASSIGN_OR_RETURN(Reservation reservation, budget_->Reserve(static_cast<int64_t>(wanted)));
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) {
    return ResourceExhausted("The system has no {} bytes of memory for a vector index", bytes);
  }
  char* start = static_cast<char*>(address);
  if (wanted >= kHugePage) {
    // Whole huge pages, the first at a huge page's border.
    start += (kHugePage - reinterpret_cast<uintptr_t>(address) % kHugePage) % kHugePage;
    madvise(start, wanted, MADV_HUGEPAGE);
  }
  chunks_.push_back({address, bytes, std::move(reservation)});
  bytes_ += static_cast<int64_t>(wanted);
  return start;
}

}  // namespace iolite::vector::qg
