#include "iolite/models/token_classifier.h"

#include "iolite/models/internal/label_model.h"
#include "iolite/models/internal/utf8.h"

namespace iolite::models {
namespace {

/// Texts as the tokenizer will see them, so that its places are theirs; borrows those that are
/// UTF-8.
class RepairedTexts {
 public:
  explicit RepairedTexts(std::span<const std::string_view> texts)
      : owned_(texts.size()), views_(texts.begin(), texts.end()) {
    for (size_t i = 0; i < texts.size(); ++i) {
      if (IsUtf8(texts[i])) continue;
      owned_[i] = RepairUtf8(texts[i]);
      views_[i] = owned_[i];
    }
  }
  std::span<const std::string_view> views() const { return views_; }

 private:
  std::vector<std::string> owned_;
  std::vector<std::string_view> views_;
};

class EntityFinder : public TokenClassifier {
 public:
  explicit EntityFinder(std::unique_ptr<LabelModel> model)
      : model_(std::move(model)), tags_(ReadTags(model_->info().labels)) {}

  const TaskInfo& info() const override { return model_->info(); }

  Result<std::vector<std::vector<Entity>>> Find(const RequestContext& context,
                                                std::span<const std::string_view> texts,
                                                WordStrategy strategy) const override {
    const RepairedTexts repaired(texts);
    Encodings encodings;
    IOLITE_RETURN_IF_ERROR(model_->EncodeWithSpans(context, repaired.views(), &encodings));
    IOLITE_ASSIGN_OR_RETURN(const std::vector<float> rows, model_->Run(context, encodings));
    const std::span<const TokenSpan> spans = encodings.spans;
    const std::span<const float> scores = rows;
    std::vector<std::vector<Entity>> found;
    for (size_t i = 0; i < texts.size(); ++i) {
      const size_t begin = encodings.offsets[i];
      const size_t count = encodings.offsets[i + 1] - begin;
      found.push_back(JoinEntities(repaired.views()[i], spans.subspan(begin, count),
                                   scores.subspan(begin * tags_.size(), count * tags_.size()),
                                   tags_, strategy));
    }
    return found;
  }

 private:
  const std::unique_ptr<LabelModel> model_;
  const std::vector<Tag> tags_;
};

}  // namespace

Result<std::unique_ptr<TokenClassifier>> OpenTokenClassifier(const std::string& folder,
                                                             const TaskOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(auto model,
                          LabelModel::Open(folder, ModelTask::kTokenClassification, options));
  return std::unique_ptr<TokenClassifier>(std::make_unique<EntityFinder>(std::move(model)));
}

}  // namespace iolite::models
