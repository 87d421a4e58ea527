#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include "iolite/columnar/arrow_status.h"
#include "iolite/pipelines/annotator.h"

namespace iolite::pipelines {
namespace {

using models::ModelTask;
using Annotations = std::span<const Annotation* const>;

std::shared_ptr<arrow::DataType> ScoreType() {
  return arrow::struct_(
      {arrow::field("label", arrow::utf8()), arrow::field("confidence", arrow::float32())});
}

std::shared_ptr<arrow::DataType> EntityType() {
  return arrow::struct_({arrow::field("text", arrow::utf8()), arrow::field("label", arrow::utf8()),
                         arrow::field("confidence", arrow::float32()),
                         arrow::field("start", arrow::int64()),
                         arrow::field("end", arrow::int64())});
}

Result<std::shared_ptr<arrow::Array>> Finish(arrow::ArrayBuilder& builder) {
  IOLITE_ASSIGN_OR_RETURN_ARROW(auto array, builder.Finish());
  return array;
}

Result<arrow::ArrayVector> ScoreColumn(Annotations annotations) {
  arrow::FloatBuilder scores;
  for (const auto* annotation : annotations) {
    IOLITE_RETURN_IF_ARROW_ERROR(annotation ? scores.Append(annotation->scores[0])
                                            : scores.AppendNull());
  }
  IOLITE_ASSIGN_OR_RETURN(auto array, Finish(scores));
  return arrow::ArrayVector{array};
}

// Label, confidence, and the scores of all labels in the model's order.
class LabelColumns {
 public:
  explicit LabelColumns(const std::vector<std::string>& labels) : labels_(labels) {}

  arrow::Status Append(const Annotation* annotation) {
    if (!annotation) {
      ARROW_RETURN_NOT_OK(label_.AppendNull());
      ARROW_RETURN_NOT_OK(confidence_.AppendNull());
      return scores_.AppendNull();
    }
    const auto best = models::Classifier::Best(annotation->scores);
    ARROW_RETURN_NOT_OK(label_.Append(labels_[best.label]));
    ARROW_RETURN_NOT_OK(confidence_.Append(best.confidence));
    ARROW_RETURN_NOT_OK(scores_.Append());
    for (size_t i = 0; i < labels_.size(); ++i) {
      ARROW_RETURN_NOT_OK(score_->Append());
      ARROW_RETURN_NOT_OK(score_label_->Append(labels_[i]));
      ARROW_RETURN_NOT_OK(score_confidence_->Append(annotation->scores[i]));
    }
    return arrow::Status::OK();
  }

  Result<arrow::ArrayVector> Finish() {
    arrow::ArrayVector columns;
    for (arrow::ArrayBuilder* builder :
         std::initializer_list<arrow::ArrayBuilder*>{&label_, &confidence_, &scores_}) {
      IOLITE_ASSIGN_OR_RETURN(auto array, pipelines::Finish(*builder));
      columns.push_back(std::move(array));
    }
    return columns;
  }

 private:
  const std::vector<std::string>& labels_;
  arrow::StringBuilder label_;
  arrow::FloatBuilder confidence_;
  std::shared_ptr<arrow::StringBuilder> score_label_ = std::make_shared<arrow::StringBuilder>();
  std::shared_ptr<arrow::FloatBuilder> score_confidence_ = std::make_shared<arrow::FloatBuilder>();
  std::shared_ptr<arrow::StructBuilder> score_ = std::make_shared<arrow::StructBuilder>(
      ScoreType(), arrow::default_memory_pool(),
      std::vector<std::shared_ptr<arrow::ArrayBuilder>>{score_label_, score_confidence_});
  arrow::ListBuilder scores_{arrow::default_memory_pool(), score_};
};

class EntityColumn {
 public:
  arrow::Status Append(const Annotation* annotation) {
    if (!annotation) return entities_.AppendNull();
    ARROW_RETURN_NOT_OK(entities_.Append());
    for (const auto& entity : annotation->entities) {
      ARROW_RETURN_NOT_OK(entity_->Append());
      ARROW_RETURN_NOT_OK(text_->Append(entity.text));
      ARROW_RETURN_NOT_OK(label_->Append(entity.label));
      ARROW_RETURN_NOT_OK(confidence_->Append(entity.confidence));
      ARROW_RETURN_NOT_OK(start_->Append(entity.begin));
      ARROW_RETURN_NOT_OK(end_->Append(entity.end));
    }
    return arrow::Status::OK();
  }

  Result<arrow::ArrayVector> Finish() {
    IOLITE_ASSIGN_OR_RETURN(auto array, pipelines::Finish(entities_));
    return arrow::ArrayVector{array};
  }

 private:
  std::shared_ptr<arrow::StringBuilder> text_ = std::make_shared<arrow::StringBuilder>();
  std::shared_ptr<arrow::StringBuilder> label_ = std::make_shared<arrow::StringBuilder>();
  std::shared_ptr<arrow::FloatBuilder> confidence_ = std::make_shared<arrow::FloatBuilder>();
  std::shared_ptr<arrow::Int64Builder> start_ = std::make_shared<arrow::Int64Builder>();
  std::shared_ptr<arrow::Int64Builder> end_ = std::make_shared<arrow::Int64Builder>();
  std::shared_ptr<arrow::StructBuilder> entity_ = std::make_shared<arrow::StructBuilder>(
      EntityType(), arrow::default_memory_pool(),
      std::vector<std::shared_ptr<arrow::ArrayBuilder>>{text_, label_, confidence_, start_, end_});
  arrow::ListBuilder entities_{arrow::default_memory_pool(), entity_};
};

template <typename Columns>
Result<arrow::ArrayVector> Build(Columns columns, Annotations annotations) {
  for (const auto* annotation : annotations) {
    IOLITE_RETURN_IF_ARROW_ERROR(columns.Append(annotation));
  }
  return columns.Finish();
}

}  // namespace

arrow::FieldVector AnnotationFields(ModelTask task) {
  if (task == ModelTask::kRerank) return {arrow::field("score", arrow::float32())};
  if (task == ModelTask::kTokenClassification) {
    return {arrow::field("entities", arrow::list(EntityType()))};
  }
  return {arrow::field("label", arrow::utf8()), arrow::field("confidence", arrow::float32()),
          arrow::field("scores", arrow::list(ScoreType()))};
}

Result<arrow::ArrayVector> AnnotationColumns(ModelTask task, const std::vector<std::string>& labels,
                                             Annotations annotations) {
  if (task == ModelTask::kRerank) return ScoreColumn(annotations);
  if (task == ModelTask::kTokenClassification) return Build(EntityColumn(), annotations);
  return Build(LabelColumns(labels), annotations);
}

}  // namespace iolite::pipelines
