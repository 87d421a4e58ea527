#include "iolite/models/classifier.h"

#include <algorithm>

#include "iolite/models/internal/label_model.h"

namespace iolite::models {
namespace {

class TextClassifier : public Classifier {
 public:
  explicit TextClassifier(std::unique_ptr<LabelModel> model) : model_(std::move(model)) {}

  const TaskInfo& info() const override { return model_->info(); }

  Status Classify(const RequestContext& context, std::span<const std::string_view> texts,
                  std::span<float> scores) const override {
    const size_t wanted = texts.size() * info().labels.size();
    if (scores.size() != wanted) {
      return InvalidArgument("Room for {} scores given where {} texts of {} labels take {}",
                             scores.size(), texts.size(), info().labels.size(), wanted);
    }
    Encodings encodings;
    IOLITE_RETURN_IF_ERROR(model_->EncodeTexts(context, texts, &encodings));
    IOLITE_ASSIGN_OR_RETURN(const std::vector<float> rows, model_->Run(context, encodings));
    std::copy(rows.begin(), rows.end(), scores.begin());
    return Status::Ok();
  }

 private:
  const std::unique_ptr<LabelModel> model_;
};

}  // namespace

LabelScore Classifier::Best(std::span<const float> scores) {
  const auto best = std::max_element(scores.begin(), scores.end());
  return {.label = static_cast<size_t>(best - scores.begin()), .confidence = *best};
}

Result<std::unique_ptr<Classifier>> OpenClassifier(const std::string& folder,
                                                   const TaskOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(auto model,
                          LabelModel::Open(folder, ModelTask::kClassification, options));
  return std::unique_ptr<Classifier>(std::make_unique<TextClassifier>(std::move(model)));
}

}  // namespace iolite::models
