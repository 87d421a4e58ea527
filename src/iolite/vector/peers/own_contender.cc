#include <filesystem>
#include <fstream>

#include "iolite/vector/flat_index.h"
#include "iolite/vector/index_factory.h"
#include "iolite/vector/peers/contender.h"

namespace iolite::vector::peers {
namespace {

constexpr size_t kFoundMax = 128;

size_t SearchIndex(const VectorIndex& index, std::span<const float> query, size_t k, size_t ef,
                   const Filter* filter, std::span<uint32_t> rows) {
  Neighbor found[kFoundMax];
  const VectorSearch request{
      .query = query, .k = k, .ef = ef, .allowed = filter == nullptr ? nullptr : &filter->rows};
  const size_t count = index.Search(RequestContext{}, request, found).value();
  for (size_t i = 0; i < count; ++i) rows[i] = found[i].row;
  return count;
}

/// A kind of index_factory.h, built with its builder and searched from its file.
class OwnContender final : public Contender {
 public:
  explicit OwnContender(std::string kind) : kind_(std::move(kind)) {}

  Status Build(const DataSet& data, const BuildSettings& settings) override {
    const auto executor = Executor::Threads(settings.thread_count);
    IndexBuildOptions options{.metric = data.metric,
                              .dimension = static_cast<int32_t>(data.dimension),
                              .row_count_expected = static_cast<int64_t>(data.row_count()),
                              .executor = settings.thread_count == 1 ? nullptr : executor.get()};
    if (!settings.element_type.empty()) {
      IOLITE_ASSIGN_OR_RETURN(options.element_type, ParseElementType(settings.element_type));
    }
    if (settings.connectivity) options.connectivity = static_cast<int32_t>(settings.connectivity);
    if (settings.expansion_add) {
      options.expansion_add = static_cast<int32_t>(settings.expansion_add);
    }
    IOLITE_ASSIGN_OR_RETURN(auto builder, MakeIndexBuilder(kind_, options));
    IOLITE_RETURN_IF_ERROR(builder->Add(RequestContext{}, data.rows, data.row_count()));
    IOLITE_ASSIGN_OR_RETURN(auto bytes, builder->FinishInMemory(RequestContext{}));
    bytes_ = std::make_shared<std::string>(std::move(bytes));
    IOLITE_ASSIGN_OR_RETURN(index_, OpenIndexBytes(kind_, *bytes_,
                                                   {.rows = data.rows.data(),
                                                    .rows_stride = data.dimension,
                                                    .keep_alive = bytes_}));
    return Status::Ok();
  }

  Status Save(const std::string& path) override {
    std::ofstream file(path, std::ios::binary);
    file.write(bytes_->data(), static_cast<std::streamsize>(bytes_->size()));
    return file ? Status::Ok() : Unavailable("{} could not be written", path);
  }

  Status Open(const DataSet& data, const std::string& path) override {
    index_.reset();
    bytes_.reset();
    IOLITE_ASSIGN_OR_RETURN(
        index_, OpenIndex(kind_, path, {.rows = data.rows.data(), .rows_stride = data.dimension}));
    return Status::Ok();
  }

  size_t Search(std::span<const float> query, size_t k, size_t ef, const Filter* filter,
                std::span<uint32_t> rows) const override {
    return SearchIndex(*index_, query, k, ef, filter, rows);
  }

  int64_t bytes() const override {
    const auto built = bytes_ == nullptr ? 0 : static_cast<int64_t>(bytes_->size());
    return index_->memory_bytes() + index_->mapped_bytes() + built;
  }

 private:
  std::string kind_;
  std::shared_ptr<std::string> bytes_;
  std::unique_ptr<VectorIndex> index_;
};

/// Every row that may appear is compared.
class FlatContender final : public Contender {
 public:
  Status Build(const DataSet& data, const BuildSettings&) override {
    IOLITE_ASSIGN_OR_RETURN(
        index_,
        FlatIndex::Borrow(data.metric, static_cast<int32_t>(data.dimension), data.rows.data(),
                          data.dimension, static_cast<int64_t>(data.row_count()), nullptr));
    return Status::Ok();
  }
  Status Save(const std::string&) override { return Status::Ok(); }
  Status Open(const DataSet& data, const std::string&) override { return Build(data, {}); }

  size_t Search(std::span<const float> query, size_t k, size_t ef, const Filter* filter,
                std::span<uint32_t> rows) const override {
    return SearchIndex(*index_, query, k, ef, filter, rows);
  }
  int64_t bytes() const override {
    return index_->row_count() * index_->dimension() * static_cast<int64_t>(sizeof(float));
  }

 private:
  std::unique_ptr<FlatIndex> index_;
};

}  // namespace

std::unique_ptr<Contender> MakeFlatContender() { return std::make_unique<FlatContender>(); }

std::unique_ptr<Contender> MakeOwnContender(const std::string& kind) {
  return std::make_unique<OwnContender>(kind);
}

Result<std::unique_ptr<Contender>> MakeContender(const std::string& kind) {
  if (kind == "hnswlib") return MakeHnswlibContender();
  if (kind == "exact") return MakeFlatContender();
  IOLITE_RETURN_IF_ERROR(FindIndexKind(kind).status());
  return MakeOwnContender(kind);
}

}  // namespace iolite::vector::peers
