#include "iolite/models/internal/load_folder.h"

#include <algorithm>

#include "iolite/models/internal/model_files.h"
#include "iolite/models/internal/onnx_task.h"
#include "iolite/models/model_config.h"
#include "iolite/models/static_embedder.h"
#include "iolite/models/transformer_embedder.h"

namespace iolite::models {
namespace {

Result<bool> IsStatic(const std::string& folder) {
  IOLITE_ASSIGN_OR_RETURN(const ModelConfig config,
                          ModelConfig::ReadIfExists(folder + "/config.json"));
  IOLITE_ASSIGN_OR_RETURN(const std::string type, config.Text("model_type", ""));
  return type == "model2vec";
}

TransformerEmbedderOptions TransformerOptions(const LoadOrder& order) {
  return {.model_id = order.model.id,
          .content_hash = order.model.content_hash,
          .precision = order.precision,
          .thread_count = order.thread_count,
          .batch_token_count_max = order.batch_token_count_max,
          .runtime = order.runtime,
          .executor = order.executor};
}

TaskOptions OptionsOf(const LoadOrder& order) {
  return {.model_id = order.model.id,
          .content_hash = order.model.content_hash,
          .precision = order.precision,
          .thread_count = order.thread_count,
          .batch_token_count_max = order.batch_token_count_max,
          .runtime = order.runtime,
          .executor = order.executor};
}

/// Names what every model needs and this folder lacks, before anything is opened.
Status CheckComplete(const std::string& folder) {
  IOLITE_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFolderFiles(folder));
  const auto has = [&](std::initializer_list<std::string_view> endings) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      const std::string_view file = std::string_view(name).substr(name.rfind('/') + 1);
      return std::find(endings.begin(), endings.end(), file) != endings.end();
    });
  };
  std::string missing;
  const auto lacks = [&](bool there, std::string_view what) {
    if (!there) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", what);
  };
  const bool onnx = has({"model.onnx"});  // describes itself
  lacks(onnx || has({"config.json"}), "config.json");
  lacks(has({"tokenizer.json", "vocab.txt"}) || (onnx && ReadsBytes(folder)),
        "tokenizer.json (or vocab.txt)");
  lacks(std::any_of(names.begin(), names.end(), IsWeightsFile),
        "weights (model.safetensors, its shards, or model.onnx)");
  if (missing.empty()) return Status();
  return NotFound("The model folder {} lacks {}", folder, missing);
}

/// Opens a folder for a task by `open`.
template <typename Model>
Result<std::shared_ptr<const Model>> LoadFolder(
    const RequestContext& context, const LoadOrder& order,
    Result<std::unique_ptr<Model>> (*open)(const std::string& folder, const TaskOptions& options)) {
  IOLITE_RETURN_IF_ERROR(context.Check());
  IOLITE_RETURN_IF_ERROR(CheckComplete(order.model.folder));
  IOLITE_ASSIGN_OR_RETURN(std::unique_ptr<Model> model, open(order.model.folder, OptionsOf(order)));
  return std::shared_ptr<const Model>(std::move(model));
}

}  // namespace

Result<std::shared_ptr<const Reranker>> LoadRerankerFolder(const RequestContext& context,
                                                           const LoadOrder& order) {
  return LoadFolder<Reranker>(context, order, OpenReranker);
}

Result<std::shared_ptr<const Classifier>> LoadClassifierFolder(const RequestContext& context,
                                                               const LoadOrder& order) {
  return LoadFolder<Classifier>(context, order, OpenClassifier);
}

Result<std::shared_ptr<const TokenClassifier>> LoadTokenClassifierFolder(
    const RequestContext& context, const LoadOrder& order) {
  return LoadFolder<TokenClassifier>(context, order, OpenTokenClassifier);
}

Result<std::shared_ptr<const Embedder>> LoadEmbedderFolder(const RequestContext& context,
                                                           const LoadOrder& order) {
  IOLITE_RETURN_IF_ERROR(context.Check());
  IOLITE_RETURN_IF_ERROR(CheckComplete(order.model.folder));
  IOLITE_ASSIGN_OR_RETURN(const bool is_static, IsStatic(order.model.folder));
  if (is_static) {
    return OpenStaticEmbedder({.folder = order.model.folder,
                               .model_id = order.model.id,
                               .content_hash = order.model.content_hash,
                               .executor = order.executor});
  }
  IOLITE_ASSIGN_OR_RETURN(std::unique_ptr<Embedder> embedder,
                          OpenTransformerEmbedder(order.model.folder, TransformerOptions(order)));
  return std::shared_ptr<const Embedder>(std::move(embedder));
}

Result<EmbedderInfo> InspectFolder(const LoadOrder& order) {
  IOLITE_RETURN_IF_ERROR(CheckComplete(order.model.folder));
  IOLITE_ASSIGN_OR_RETURN(const bool is_static, IsStatic(order.model.folder));
  if (!is_static) return InspectTransformer(order.model.folder, TransformerOptions(order));
  // A static embedding maps its table and loads nothing, so looking is as good as loading.
  IOLITE_ASSIGN_OR_RETURN(auto embedder, LoadEmbedderFolder({}, order));
  return embedder->info();
}

}  // namespace iolite::models
