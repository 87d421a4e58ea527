#include <algorithm>
#include <filesystem>

#include "iolite/engine/local_engine.h"
#include "iolite/models/transformer_embedder.h"
#include "iolite/storage/local_store.h"

namespace iolite::engine {
namespace {

namespace fs = std::filesystem;

ModelInfo Describe(const models::ResolvedModel& model,
                   const Result<models::EmbedderInfo>& inspected) {
  ModelInfo info{.id = model.id,
                 .path = model.folder,
                 .origin = model.origin,
                 .revision = model.revision,
                 .content_hash = model.content_hash};
  if (!inspected.ok()) {
    info.problem = inspected.status().message();
    return info;
  }
  info.architecture = inspected->architecture;
  info.dimension = inspected->dimension;
  info.token_count_max = inspected->token_count_max;
  info.parameter_count = inspected->parameter_count;
  info.normalized = inspected->normalized;
  info.metric = inspected->metric;
  info.precision = inspected->precision;
  if (info.content_hash.empty()) info.content_hash = inspected->content_hash;
  return info;
}

catalog::ModelEntry MakeEntry(const models::PullResult& pulled, int64_t now_us) {
  catalog::ModelEntry entry{.id = pulled.model.id,
                            .path = pulled.model.folder,
                            .origin = pulled.model.origin,
                            .revision = pulled.model.revision,
                            .content_hash = pulled.model.content_hash,
                            .created_us = now_us};
  for (const auto& file : pulled.files) {
    entry.files.push_back({.path = file.name, .size_bytes = file.size_bytes, .etag = file.sha256});
  }
  return entry;
}

}  // namespace

Result<ModelInfo> LocalEngine::PullModel(std::string_view id, std::string_view revision,
                                         const CallOptions& call) {
  IOLITE_RETURN_IF_ERROR(RequireWritable("pull a model"));
  auto report = [&call](const models::PullProgress& at) {
    if (call.progress) call.progress(at.file, at.bytes_done, at.bytes_total);
  };
  IOLITE_ASSIGN_OR_RETURN(auto pulled, models_->Pull(MakeContext(call), id, revision, report));
  auto inspected = models_->Inspect(id);
  IOLITE_RETURN_IF_ERROR(catalog_->PutModel(MakeEntry(pulled, Clock::System().unix_us())));
  return Describe(pulled.model, inspected);
}

Result<std::vector<ModelInfo>> LocalEngine::ListModels() {
  IOLITE_ASSIGN_OR_RETURN(auto entries, catalog_->ListModels());
  std::vector<ModelInfo> infos;
  for (const auto& entry : entries) {
    IOLITE_ASSIGN_OR_RETURN(auto info, ShowModel(entry.id));
    infos.push_back(std::move(info));
  }
  return infos;
}

Result<ModelInfo> LocalEngine::ShowModel(std::string_view id) {
  IOLITE_ASSIGN_OR_RETURN(auto model, models_->Resolve(id));
  return Describe(model, models_->Inspect(id));
}

Status LocalEngine::RemoveModel(std::string_view id) {
  IOLITE_RETURN_IF_ERROR(RequireWritable("remove a model"));
  IOLITE_ASSIGN_OR_RETURN(auto entry, catalog_->GetModel(id));
  IOLITE_RETURN_IF_ERROR(catalog_->RemoveModel(id));
  return entry.origin == "hub" ? models_->Remove(id) : Status::Ok();
}

Status LocalEngine::ExportModel(std::string_view id, const std::string& onnx_path) {
  IOLITE_ASSIGN_OR_RETURN(auto model, models_->Resolve(id));
  IOLITE_ASSIGN_OR_RETURN(auto program, models::OpenTransformerProgram(model.folder));
  IOLITE_ASSIGN_OR_RETURN(auto bytes, program.Serialize());
  fs::path path = fs::absolute(onnx_path);
  IOLITE_ASSIGN_OR_RETURN(auto folder,
                          storage::OpenLocalStore({.root = path.parent_path().string()}));
  IOLITE_RETURN_IF_ERROR(folder->Delete(path.filename().string()));
  return folder->PutIfAbsent(path.filename().string(), bytes).status();
}

Result<std::vector<float>> LocalEngine::EmbedTexts(std::string_view model,
                                                   const std::vector<std::string>& texts,
                                                   bool query, const CallOptions& call) {
  auto context = MakeContext(call);
  IOLITE_ASSIGN_OR_RETURN(auto embedder, models_->LoadEmbedder(context, model));
  std::vector<std::string_view> views(texts.begin(), texts.end());
  std::vector<float> vectors(texts.size() * embedder->info().dimension);
  auto role = query ? models::TextRole::kQuery : models::TextRole::kDocument;
  IOLITE_RETURN_IF_ERROR(embedder->Embed(context, views, role, vectors));
  return vectors;
}

}  // namespace iolite::engine
