#include <hnswlib/hnswlib.h>

#include <thread>

#include "iolite/vector/peers/contender.h"

namespace iolite::vector::peers {
namespace {

constexpr size_t kConnectivity = 16, kExpansionAdd = 200;

class Allowed final : public hnswlib::BaseFilterFunctor {
 public:
  explicit Allowed(const Filter& filter) : words_(filter.words.data()) {}
  bool operator()(hnswlib::labeltype row) override { return (words_[row / 64] >> (row % 64)) & 1; }

 private:
  const uint64_t* words_;
};

class HnswlibContender final : public Contender {
 public:
  Status Build(const DataSet& data, const BuildSettings& settings) override {
    MakeSpace(data);
    const size_t connectivity = settings.connectivity ? settings.connectivity : kConnectivity;
    const size_t expansion = settings.expansion_add ? settings.expansion_add : kExpansionAdd;
    graph_ = std::make_unique<Graph>(space_.get(), data.row_count(), connectivity, expansion);
    graph_->addPoint(data.Row(0).data(), 0);
    std::atomic<size_t> next = 1;
    auto add = [&] {
      for (size_t row; (row = next++) < data.row_count();) {
        graph_->addPoint(data.Row(row).data(), row);
      }
    };
    std::vector<std::jthread> others;
    for (size_t i = 1; i < settings.thread_count; ++i) others.emplace_back(add);
    add();
    return Status::Ok();
  }

  Status Save(const std::string& path) override {
    graph_->saveIndex(path);
    return Status::Ok();
  }

  Status Open(const DataSet& data, const std::string& path) override {
    MakeSpace(data);
    graph_ = std::make_unique<Graph>(space_.get(), path);
    return Status::Ok();
  }

  size_t Search(std::span<const float> query, size_t k, size_t ef, const Filter* filter,
                std::span<uint32_t> rows) const override {
    // setEf is a plain store: searching threads all ask for the same.
    if (graph_->ef_ != ef) graph_->setEf(ef);
    if (filter == nullptr) return Take(graph_->searchKnn(query.data(), k), rows);
    Allowed allowed(*filter);
    return Take(graph_->searchKnn(query.data(), k, &allowed), rows);
  }

  int64_t bytes() const override { return static_cast<int64_t>(graph_->indexFileSize()); }

 private:
  using Graph = hnswlib::HierarchicalNSW<float>;
  using Answer = std::priority_queue<std::pair<float, hnswlib::labeltype>>;

  static size_t Take(Answer answer, std::span<uint32_t> rows) {
    const size_t count = answer.size();
    for (; !answer.empty(); answer.pop()) {
      rows[answer.size() - 1] = static_cast<uint32_t>(answer.top().second);
    }
    return count;
  }

  void MakeSpace(const DataSet& data) {
    if (data.metric == Metric::kL2) {
      space_ = std::make_unique<hnswlib::L2Space>(data.dimension);
    } else {
      space_ = std::make_unique<hnswlib::InnerProductSpace>(data.dimension);
    }
  }

  std::unique_ptr<hnswlib::SpaceInterface<float>> space_;
  std::unique_ptr<Graph> graph_;
};

}  // namespace

std::unique_ptr<Contender> MakeHnswlibContender() { return std::make_unique<HnswlibContender>(); }

}  // namespace iolite::vector::peers
