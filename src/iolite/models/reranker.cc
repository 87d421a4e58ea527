#include "iolite/models/reranker.h"

#include <vector>

#include "iolite/models/internal/label_model.h"

namespace iolite::models {
namespace {

Status MissingSide(size_t pair, const char* side) {
  return InvalidArgument("Pair {} has no {}: a pair takes both a query and a document", pair, side);
}

Status CheckSides(std::span<const RerankPair> pairs, std::vector<TextPair>* complete) {
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (!pairs[i].query) return MissingSide(i, "query");
    if (!pairs[i].document) return MissingSide(i, "document");
    complete->push_back({.first = *pairs[i].query, .second = *pairs[i].document});
  }
  return Status::Ok();
}

class CrossEncoder : public Reranker {
 public:
  explicit CrossEncoder(std::unique_ptr<LabelModel> model) : model_(std::move(model)) {}

  const TaskInfo& info() const override { return model_->info(); }

  Status Score(const RequestContext& context, std::span<const RerankPair> pairs,
               std::span<float> scores) const override {
    if (scores.size() != pairs.size()) {
      return InvalidArgument("Room for {} scores given where there are {} pairs", scores.size(),
                             pairs.size());
    }
    std::vector<TextPair> complete;
    IOLITE_RETURN_IF_ERROR(CheckSides(pairs, &complete));
    Encodings encodings;
    IOLITE_RETURN_IF_ERROR(model_->EncodePairs(context, complete, &encodings));
    IOLITE_ASSIGN_OR_RETURN(const std::vector<float> rows, model_->Run(context, encodings));
    const size_t width = info().labels.size();
    for (size_t i = 0; i < scores.size(); ++i) scores[i] = rows[i * width + width - 1];
    return Status::Ok();
  }

 private:
  const std::unique_ptr<LabelModel> model_;
};

}  // namespace

Status Reranker::Score(const RequestContext& context, std::string_view query,
                       std::span<const std::string_view> documents, std::span<float> scores) const {
  std::vector<RerankPair> pairs;
  for (const std::string_view document : documents) pairs.push_back({query, document});
  return Score(context, pairs, scores);
}

Result<std::unique_ptr<Reranker>> OpenReranker(const std::string& folder,
                                               const TaskOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(auto model, LabelModel::Open(folder, ModelTask::kRerank, options));
  return std::unique_ptr<Reranker>(std::make_unique<CrossEncoder>(std::move(model)));
}

}  // namespace iolite::models
