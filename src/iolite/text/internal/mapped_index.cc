#include "iolite/text/internal/mapped_index.h"

#include "iolite/base/hash.h"

namespace iolite::text::internal {

Result<std::unique_ptr<const MappedIndex>> MappedIndex::Open(std::string_view bytes) {
  IOLITE_RETURN_IF_ERROR(CheckHeader(bytes));
  IOLITE_ASSIGN_OR_RETURN(const Footer footer, ReadFooter(bytes));
  const std::string_view tail =
      bytes.substr(footer.directory_offset, bytes.size() - kFooterBytes - footer.directory_offset);
  if (Crc32c(tail) != footer.checksum) {
    return DataLoss(
        "The text index is damaged: its directory does not have its checksum. Build it anew");
  }
  std::unique_ptr<MappedIndex> index(new MappedIndex());
  IOLITE_ASSIGN_OR_RETURN(index->directory_, ReadDirectory(tail.substr(0, footer.directory_size),
                                                           footer.directory_offset));
  index->extents_ = Extents(bytes, footer.directory_offset, tail.data() + footer.directory_size);
  for (size_t i = 0; i < index->directory_.part_count(); ++i) {
    index->parts_.emplace_back(bytes, &index->extents_, index->directory_, i);
  }
  return std::unique_ptr<const MappedIndex>(std::move(index));
}

}  // namespace iolite::text::internal
