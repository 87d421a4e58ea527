#include "iolite/vector/index_factory.h"

#include <array>

namespace iolite::vector {
namespace {

struct Entry {
  IndexKind kind;
  Result<std::unique_ptr<VectorIndex>> (*open)(const std::string&, IndexOpenOptions);
  Result<std::unique_ptr<VectorIndex>> (*open_bytes)(std::string_view, IndexOpenOptions);
  Result<std::unique_ptr<VectorIndexBuilder>> (*make_builder)(const IndexBuildOptions&);
};

Result<std::unique_ptr<VectorIndex>> OpenUsearch(const std::string& path,
                                                 IndexOpenOptions options) {
  IOLITE_ASSIGN_OR_RETURN(auto index, UsearchIndex::Open(path, std::move(options)));
  return std::unique_ptr<VectorIndex>(std::move(index));
}

Result<std::unique_ptr<VectorIndex>> OpenUsearchBytes(std::string_view bytes,
                                                      IndexOpenOptions options) {
  IOLITE_ASSIGN_OR_RETURN(auto index, UsearchIndex::OpenBytes(bytes, std::move(options)));
  return std::unique_ptr<VectorIndex>(std::move(index));
}

Result<std::unique_ptr<VectorIndex>> OpenQg(const std::string& path, IndexOpenOptions options) {
  IOLITE_ASSIGN_OR_RETURN(auto index, QgIndex::Open(path, std::move(options)));
  return std::unique_ptr<VectorIndex>(std::move(index));
}

Result<std::unique_ptr<VectorIndex>> OpenQgBytes(std::string_view bytes, IndexOpenOptions options) {
  IOLITE_ASSIGN_OR_RETURN(auto index, QgIndex::OpenBytes(bytes, std::move(options)));
  return std::unique_ptr<VectorIndex>(std::move(index));
}

constexpr std::array kEntries = {
    Entry{{"qg", ".idx.qg", "1"}, &OpenQg, &OpenQgBytes, &MakeQgBuilder},
    Entry{{"usearch", ".idx.usearch", "2"}, &OpenUsearch, &OpenUsearchBytes, &MakeUsearchBuilder},
    Entry{{"flat", ".idx.flat", "1"}, &OpenFlatIndex, &OpenFlatIndexBytes, &MakeFlatBuilder},
};

constexpr auto kKinds = [] {
  std::array<IndexKind, kEntries.size()> kinds;
  for (size_t i = 0; i < kinds.size(); ++i) kinds[i] = kEntries[i].kind;
  return kinds;
}();

Result<const Entry*> Find(std::string_view name) {
  std::string known;
  for (const Entry& entry : kEntries) {
    if (entry.kind.name == name) return &entry;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.kind.name);
  }
  return InvalidArgument("'{}' is no kind of index file. Kinds: {}", name, known);
}

}  // namespace

std::span<const IndexKind> IndexKinds() { return kKinds; }

Result<IndexKind> FindIndexKind(std::string_view name) {
  IOLITE_ASSIGN_OR_RETURN(const Entry* entry, Find(name));
  return entry->kind;
}

Result<std::unique_ptr<VectorIndex>> OpenIndex(std::string_view kind, const std::string& path,
                                               IndexOpenOptions options) {
  IOLITE_ASSIGN_OR_RETURN(const Entry* entry, Find(kind));
  return entry->open(path, std::move(options));
}

Result<std::unique_ptr<VectorIndex>> OpenIndexBytes(std::string_view kind, std::string_view bytes,
                                                    IndexOpenOptions options) {
  IOLITE_ASSIGN_OR_RETURN(const Entry* entry, Find(kind));
  return entry->open_bytes(bytes, std::move(options));
}

Result<std::unique_ptr<VectorIndexBuilder>> MakeIndexBuilder(std::string_view kind,
                                                             const IndexBuildOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(const Entry* entry, Find(kind));
  return entry->make_builder(options);
}

}  // namespace iolite::vector
