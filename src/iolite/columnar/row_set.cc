#include "iolite/columnar/row_set.h"

#include <roaring/roaring.h>

#include <new>

#include "iolite/columnar/internal/portable_bitmap.h"

namespace iolite::columnar {

struct RowSet::Impl {
  explicit Impl(roaring_bitmap_t* owned) : bitmap(owned) {
    if (bitmap == nullptr) throw std::bad_alloc();
  }
  ~Impl() { roaring_bitmap_free(bitmap); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  roaring_bitmap_t* const bitmap;
};

RowSet::RowSet() : RowSet(std::make_unique<Impl>(roaring_bitmap_create())) {}
RowSet::RowSet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RowSet::~RowSet() = default;
RowSet::RowSet(const RowSet& other)
    : RowSet(std::make_unique<Impl>(roaring_bitmap_copy(other.impl_->bitmap))) {}
RowSet::RowSet(RowSet&& other) noexcept = default;
RowSet& RowSet::operator=(RowSet other) noexcept {
  impl_.swap(other.impl_);
  return *this;
}

RowSet RowSet::Range(uint32_t begin, uint32_t end) {
  RowSet rows;
  if (begin < end) roaring_bitmap_add_range_closed(rows.impl_->bitmap, begin, end - 1);
  return rows;
}

RowSet RowSet::Of(std::span<const uint32_t> ordinals) {
  RowSet rows;
  roaring_bitmap_add_many(rows.impl_->bitmap, ordinals.size(), ordinals.data());
  return rows;
}

RowSet RowSet::FromWords(std::span<const uint64_t> words) {
  // By way of the portable form, as ToWords(): whole bitsets are copied instead of added bit by
  // bit.
  const std::string bytes = internal::PortableFromWords(words);
  return RowSet(
      std::make_unique<Impl>(roaring_bitmap_portable_deserialize_safe(bytes.data(), bytes.size())));
}

void RowSet::Add(uint32_t ordinal) { roaring_bitmap_add(impl_->bitmap, ordinal); }
void RowSet::Remove(uint32_t ordinal) { roaring_bitmap_remove(impl_->bitmap, ordinal); }
bool RowSet::Contains(uint32_t ordinal) const {
  return roaring_bitmap_contains(impl_->bitmap, ordinal);
}
uint64_t RowSet::cardinality() const { return roaring_bitmap_get_cardinality(impl_->bitmap); }
bool RowSet::empty() const { return roaring_bitmap_is_empty(impl_->bitmap); }
int64_t RowSet::memory_bytes() const {
  return sizeof(RowSet) + sizeof(Impl) + sizeof(roaring_bitmap_t) +
         static_cast<int64_t>(roaring_bitmap_size_in_bytes(impl_->bitmap));
}
bool RowSet::operator==(const RowSet& other) const {
  return roaring_bitmap_equals(impl_->bitmap, other.impl_->bitmap);
}

RowSet RowSet::And(const RowSet& other) const {
  return RowSet(std::make_unique<Impl>(roaring_bitmap_and(impl_->bitmap, other.impl_->bitmap)));
}
RowSet RowSet::Or(const RowSet& other) const {
  return RowSet(std::make_unique<Impl>(roaring_bitmap_or(impl_->bitmap, other.impl_->bitmap)));
}
RowSet RowSet::AndNot(const RowSet& other) const {
  return RowSet(std::make_unique<Impl>(roaring_bitmap_andnot(impl_->bitmap, other.impl_->bitmap)));
}
uint64_t RowSet::AndCardinality(const RowSet& other) const {
  return roaring_bitmap_and_cardinality(impl_->bitmap, other.impl_->bitmap);
}

void RowSet::ForEach(const std::function<void(uint32_t)>& visit) const {
  auto call = [](uint32_t ordinal, void* function) {
    (*static_cast<const std::function<void(uint32_t)>*>(function))(ordinal);
    return true;
  };
  roaring_iterate(impl_->bitmap, call, const_cast<void*>(static_cast<const void*>(&visit)));
}

std::vector<uint32_t> RowSet::ToVector() const {
  std::vector<uint32_t> ordinals(cardinality());
  roaring_bitmap_to_uint32_array(impl_->bitmap, ordinals.data());
  return ordinals;
}

std::vector<uint64_t> RowSet::ToWords(uint32_t row_count) const {
  std::vector<uint64_t> words((uint64_t{row_count} + 63) / 64);
  // By way of the portable form: it is specified, unlike the library's insides, and copies whole
  // bitsets.
  const std::string bytes = Serialize();
  auto containers = internal::ParsePortableBitmap(bytes);
  for (const auto& container : containers.value()) internal::FillWords(container, words);
  if (row_count % 64 != 0) words.back() &= ~uint64_t{0} >> (64 - row_count % 64);
  return words;
}

std::string RowSet::Serialize() const {
  std::string bytes(roaring_bitmap_portable_size_in_bytes(impl_->bitmap), '\0');
  roaring_bitmap_portable_serialize(impl_->bitmap, bytes.data());
  return bytes;
}

Result<RowSet> RowSet::Deserialize(std::string_view bytes) {
  IOLITE_RETURN_IF_ERROR(internal::ParsePortableBitmap(bytes).status());
  auto* bitmap = roaring_bitmap_portable_deserialize_safe(bytes.data(), bytes.size());
  if (bitmap == nullptr) {
    return DataLoss("The row bitmap of {} bytes cannot be read. Restore the file or rebuild it",
                    bytes.size());
  }
  return RowSet(std::make_unique<Impl>(bitmap));
}

}  // namespace iolite::columnar
