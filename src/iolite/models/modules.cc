#include "iolite/models/modules.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "iolite/models/internal/files.h"
#include "iolite/models/model_config.h"

namespace iolite::models {
namespace {

constexpr std::string_view kPoolingFlag = "pooling_mode_";

struct PoolingName {
  std::string_view name;    ///< in the newer `pooling_mode` list
  std::string_view suffix;  ///< of the older flag `pooling_mode_...`
  PoolingMode mode;
};

/// In the order in which the older flags are joined.
constexpr PoolingName kPoolingNames[] = {
    {"cls", "cls_token", PoolingMode::kCls},
    {"max", "max_tokens", PoolingMode::kMax},
    {"mean", "mean_tokens", PoolingMode::kMean},
    {"mean_sqrt_len_tokens", "mean_sqrt_len_tokens", PoolingMode::kMeanSqrtLength},
    {"weightedmean", "weightedmean_tokens", PoolingMode::kWeightedMean},
    {"lasttoken", "lasttoken", PoolingMode::kLastToken}};

Result<PoolingMode> FindPooling(const std::string& name, const std::string& path) {
  for (const PoolingName& row : kPoolingNames) {
    if (row.name == name) return row.mode;
  }
  return Unimplemented(
      "{}: pooling mode `{}` is not supported; these are: cls, max, mean, mean_sqrt_len_tokens, "
      "weightedmean, lasttoken",
      path, name);
}

Result<Module> ReadPooling(const std::string& folder) {
  IOLITE_ASSIGN_OR_RETURN(const ModelConfig config, ModelConfig::Read(folder + "/config.json"));
  PoolingModule pooling;
  pooling.modes.clear();
  IOLITE_ASSIGN_OR_RETURN(pooling.include_prompt, config.Flag("include_prompt", true));
  IOLITE_ASSIGN_OR_RETURN(const auto names, config.Texts("pooling_mode"));
  for (const std::string& name : names) {
    IOLITE_ASSIGN_OR_RETURN(const PoolingMode mode, FindPooling(name, config.path()));
    pooling.modes.push_back(mode);
  }
  for (const PoolingName& row : kPoolingNames) {
    if (!names.empty()) break;
    const std::string key = std::string(kPoolingFlag) + std::string(row.suffix);
    IOLITE_ASSIGN_OR_RETURN(const bool on, config.Flag(key, false));
    if (on) pooling.modes.push_back(row.mode);
  }
  if (pooling.modes.empty()) pooling.modes.push_back(PoolingMode::kMean);
  return Module(std::move(pooling));
}

/// Python's class name of an activation, as our own name.
Result<std::string> ActivationName(const std::string& python_name, const std::string& path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kNames = {
      {{"Identity", "linear"},
       {"Tanh", "tanh"},
       {"ReLU", "relu"},
       {"GELU", "gelu"},
       {"SiLU", "silu"},
       {"Sigmoid", "sigmoid"},
       {"None", "linear"}}};
  const std::string name = python_name.substr(python_name.rfind('.') + 1);
  for (const auto& [python, ours] : kNames) {
    if (python == name) return std::string(ours);
  }
  return Unimplemented(
      "{}: activation `{}` is not supported; these are: Identity, Tanh, ReLU, GELU, SiLU, Sigmoid",
      path, python_name);
}

/// Modules here work on the text's vector; a module wired to anything else is refused.
Status CheckWiring(const ModelConfig& config) {
  for (const std::string_view key : {"module_input_name", "module_output_name"}) {
    IOLITE_ASSIGN_OR_RETURN(const std::string name, config.Text(key, "sentence_embedding"));
    if (name != "sentence_embedding") {
      return Unimplemented("{}: `{}` is `{}`; only sentence_embedding is supported", config.path(),
                           key, name);
    }
  }
  return Status::Ok();
}

Result<Module> ReadDense(const std::string& folder) {
  IOLITE_ASSIGN_OR_RETURN(const ModelConfig config, ModelConfig::Read(folder + "/config.json"));
  IOLITE_RETURN_IF_ERROR(CheckWiring(config));
  DenseModule dense{.folder = folder};
  IOLITE_ASSIGN_OR_RETURN(dense.in_size, config.Size("in_features"));
  IOLITE_ASSIGN_OR_RETURN(dense.out_size, config.Size("out_features"));
  IOLITE_ASSIGN_OR_RETURN(dense.bias, config.Flag("bias", true));
  IOLITE_ASSIGN_OR_RETURN(dense.residual, config.Flag("use_residual", false));
  IOLITE_ASSIGN_OR_RETURN(const std::string python_name,
                          config.Text("activation_function", "torch.nn.modules.activation.Tanh"));
  IOLITE_ASSIGN_OR_RETURN(dense.activation, ActivationName(python_name, config.path()));
  return Module(std::move(dense));
}

Result<Module> ReadLayerNorm(const std::string& folder) {
  IOLITE_ASSIGN_OR_RETURN(const ModelConfig config, ModelConfig::Read(folder + "/config.json"));
  IOLITE_ASSIGN_OR_RETURN(const int64_t size, config.Size("dimension"));
  return Module(LayerNormModule{.folder = folder, .size = size});
}

Result<Module> ReadNormalize(const std::string& folder) {
  IOLITE_ASSIGN_OR_RETURN(const ModelConfig config,
                          ModelConfig::ReadIfExists(folder + "/config.json"));
  IOLITE_RETURN_IF_ERROR(CheckWiring(config));
  return Module(NormalizeModule{});
}

/// Reads one entry of modules.json; nullopt for one that does nothing when it runs.
Result<std::optional<Module>> ReadModule(std::string_view kind, const std::string& folder,
                                         const std::string& path) {
  const auto some = [](Result<Module> module) -> Result<std::optional<Module>> {
    if (!module.ok()) return module.status();
    return std::optional<Module>(std::move(module).value());
  };
  if (kind == "Pooling") return some(ReadPooling(folder));
  if (kind == "Dense") return some(ReadDense(folder));
  if (kind == "LayerNorm") return some(ReadLayerNorm(folder));
  if (kind == "Normalize") return some(ReadNormalize(folder));
  if (kind == "Dropout") return std::optional<Module>();
  return Unimplemented(
      "{}: module `{}` is not supported; these are: Transformer, Pooling, Dense, LayerNorm, "
      "Normalize, Dropout",
      path, kind);
}

/// Folders that modules.json names must lie inside the model's.
Result<std::string> ModuleFolder(const std::string& folder, const std::string& name,
                                 const std::string& path) {
  if (name.empty()) return folder;
  const std::filesystem::path relative(name);
  const bool climbs = std::find(relative.begin(), relative.end(), "..") != relative.end();
  if (relative.is_absolute() || climbs) {
    return InvalidArgument("{}: module path `{}` lies outside the model's folder", path, name);
  }
  return folder + "/" + name;
}

Status ReadModules(const std::string& folder, SentenceModel* model) {
  const std::string path = folder + "/modules.json";
  IOLITE_ASSIGN_OR_RETURN(const auto entries, ModelConfig::ReadList(path));
  for (const ModelConfig& entry : entries) {
    IOLITE_ASSIGN_OR_RETURN(const std::string type, entry.Text("type"));
    IOLITE_ASSIGN_OR_RETURN(const std::string name, entry.Text("path", ""));
    IOLITE_ASSIGN_OR_RETURN(const std::string module_folder, ModuleFolder(folder, name, path));
    const std::string kind = type.substr(type.rfind('.') + 1);
    if (kind == "Transformer" && model->encoder_folder.empty()) {
      model->encoder_folder = module_folder;
      continue;
    }
    IOLITE_ASSIGN_OR_RETURN(auto module, ReadModule(kind, module_folder, path));
    if (module) model->modules.push_back(std::move(*module));
  }
  const auto is_pooling = [](const Module& m) { return std::holds_alternative<PoolingModule>(m); };
  const bool in_order =
      !model->encoder_folder.empty() && !model->modules.empty() &&
      is_pooling(model->modules.front()) &&
      std::count_if(model->modules.begin(), model->modules.end(), is_pooling) == 1;
  if (in_order) return Status::Ok();
  return Unimplemented("{}: modules must be a Transformer, one Pooling, and then others", path);
}

/// sentence_bert_config.json, or one of its older names.
Result<ModelConfig> ReadLengthConfig(const std::string& folder) {
  for (const char* name :
       {"bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"}) {
    const std::string path = folder + "/sentence_" + name + "_config.json";
    if (FileExists(path)) return ModelConfig::Read(path);
  }
  return ModelConfig::ReadIfExists(folder + "/sentence_bert_config.json");
}

Status ReadPrompts(const std::string& folder, SentenceModel* model) {
  const std::string path = folder + "/config_sentence_transformers.json";
  IOLITE_ASSIGN_OR_RETURN(const ModelConfig config, ModelConfig::ReadIfExists(path));
  IOLITE_ASSIGN_OR_RETURN(const auto prompts, config.TextMap("prompts"));
  IOLITE_ASSIGN_OR_RETURN(const std::string default_name, config.Text("default_prompt_name", ""));
  if (!default_name.empty() && !prompts.contains(default_name)) {
    return InvalidArgument("{}: default_prompt_name `{}` is not among its prompts", path,
                           default_name);
  }
  // The first prompt that says something; else, where none of the names is there, the default.
  const auto choose = [&](std::initializer_list<const char*> names) -> std::string {
    bool named = false;
    for (const char* name : names) {
      const auto found = prompts.find(name);
      if (found == prompts.end()) continue;
      named = true;
      if (!found->second.empty()) return found->second;
    }
    return named || default_name.empty() ? "" : prompts.at(default_name);
  };
  model->query_prompt = choose({"query"});
  model->document_prompt = choose({"document", "passage", "corpus"});
  IOLITE_ASSIGN_OR_RETURN(model->metric, config.Text("similarity_fn_name", "cosine"));
  return Status::Ok();
}

}  // namespace

Result<TextLimits> ReadTextLimits(const std::string& folder) {
  TextLimits limits;
  IOLITE_ASSIGN_OR_RETURN(const ModelConfig config, ReadLengthConfig(folder));
  IOLITE_ASSIGN_OR_RETURN(limits.lower_case, config.Flag("do_lower_case", false));
  if (config.Has("max_seq_length")) {
    IOLITE_ASSIGN_OR_RETURN(limits.token_count_max, config.Size("max_seq_length"));
    return limits;
  }
  IOLITE_ASSIGN_OR_RETURN(const ModelConfig tokenizer,
                          ModelConfig::ReadIfExists(folder + "/tokenizer_config.json"));
  // Without a limit the file says 1e30, which is no integer of ours.
  IOLITE_ASSIGN_OR_RETURN(const double limit, tokenizer.Number("model_max_length", 0.0));
  if (limit >= 1 && limit < 1e9) limits.token_count_max = static_cast<int64_t>(limit);
  return limits;
}

Result<SentenceModel> ReadSentenceModel(const std::string& folder) {
  SentenceModel model;
  if (FileExists(folder + "/modules.json")) {
    IOLITE_RETURN_IF_ERROR(ReadModules(folder, &model));
  } else {
    model.encoder_folder = folder;
    model.modules = {PoolingModule{}};
  }
  IOLITE_ASSIGN_OR_RETURN(const TextLimits limits, ReadTextLimits(model.encoder_folder));
  model.token_count_max = limits.token_count_max;
  model.lower_case = limits.lower_case;
  IOLITE_RETURN_IF_ERROR(ReadPrompts(folder, &model));
  return model;
}

}  // namespace iolite::models
