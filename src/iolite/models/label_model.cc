#include "iolite/models/internal/label_model.h"

#include <algorithm>

#include "iolite/models/modules.h"

namespace iolite::models {
namespace {

/// Whether a template marks the second text of a pair, or any text, with another type than 0.
Result<bool> UsesTokenTypes(const Tokenizer& tokenizer, ModelTask task) {
  Encodings probe;
  const TextPair pair = {.first = "a", .second = "a"};
  const RequestContext context;
  IOLITE_RETURN_IF_ERROR(task == ModelTask::kRerank
                             ? tokenizer.EncodePairs(context, {&pair, 1}, &probe)
                             : tokenizer.EncodeBatch(context, {&pair.first, 1}, &probe));
  return std::any_of(probe.type_ids.begin(), probe.type_ids.end(),
                     [](int32_t type) { return type != 0; });
}

/// The program, and the tokenizer that decides what it needs; none for a model that reads bytes.
struct LabelParts {
  LabelProgram program;
  std::unique_ptr<Tokenizer> tokenizer;
  int64_t token_count_max = 0;
};

Result<LabelParts> OpenParts(const std::string& folder, ModelTask task, Executor* executor) {
  IOLITE_ASSIGN_OR_RETURN(LabelProgram program, BuildLabelProgram(folder, task, false));
  LabelParts parts{.program = std::move(program)};
  if (parts.program.bytes) {
    parts.token_count_max = parts.program.bytes->id_count();
    return parts;
  }
  IOLITE_ASSIGN_OR_RETURN(const TextLimits limits, ReadTextLimits(folder));
  const int64_t wanted = parts.program.token_count_max;
  parts.token_count_max =
      TokenCountMax(wanted > 0 ? wanted : limits.token_count_max, parts.program.position_count_max);
  IOLITE_ASSIGN_OR_RETURN(
      parts.tokenizer,
      Tokenizer::OpenFolder(folder, {.token_count_max = static_cast<int32_t>(parts.token_count_max),
                                     .lower_case = limits.lower_case,
                                     .executor = executor}));
  IOLITE_ASSIGN_OR_RETURN(const bool uses_types, UsesTokenTypes(*parts.tokenizer, task));
  if (uses_types && parts.program.architecture != "onnx") {
    IOLITE_ASSIGN_OR_RETURN(parts.program, BuildLabelProgram(folder, task, true));
  }
  return parts;
}

TaskInfo MakeInfo(const LabelParts& parts, ModelTask task, const TaskOptions& options) {
  return {.model_id = options.model_id,
          .content_hash = options.content_hash,
          .architecture = parts.program.architecture,
          .task = task,
          .labels = parts.program.labels,
          .multi_label = task == ModelTask::kClassification &&
                         parts.program.function == LogitFunction::kSigmoid,
          .token_count_max = static_cast<int32_t>(parts.token_count_max),
          .parameter_count = parts.program.program.parameter_count()};
}

}  // namespace

int64_t TokenCountMax(int64_t wanted, int64_t position_count_max) {
  constexpr int64_t kWithoutLimit = 512;
  if (wanted == 0) return position_count_max > 0 ? position_count_max : kWithoutLimit;
  return position_count_max > 0 ? std::min(wanted, position_count_max) : wanted;
}

Status CheckTokenIds(const Encodings& encodings, int64_t vocabulary_size,
                     const std::string& folder) {
  if (vocabulary_size == 0 || encodings.ids.empty()) return Status::Ok();
  const auto [lowest, highest] = std::minmax_element(encodings.ids.begin(), encodings.ids.end());
  if (*lowest >= 0 && *highest < vocabulary_size) return Status::Ok();
  return InvalidArgument(
      "The tokenizer in {} gave token {}, and the model knows {}: tokenizer and weights do not "
      "belong together",
      folder, *lowest < 0 ? *lowest : *highest, vocabulary_size);
}

Result<std::unique_ptr<LabelModel>> LabelModel::Open(const std::string& folder, ModelTask task,
                                                     const TaskOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(LabelParts parts, OpenParts(folder, task, options.executor));
  std::shared_ptr<program::Runtime> runtime = options.runtime;
  if (!runtime) {
    IOLITE_ASSIGN_OR_RETURN(runtime, program::OpenVinoRuntime());
  }
  auto executable = runtime->Load(parts.program.program, {.precision = options.precision,
                                                          .thread_count = options.thread_count});
  if (!executable.ok()) return executable.status().WithContext(folder);
  std::unique_ptr<LabelModel> model(new LabelModel());
  model->folder_ = folder;
  model->info_ = MakeInfo(parts, task, options);
  model->info_.precision = PrecisionName((*executable)->precision());
  model->function_ = parts.program.function;
  model->vocabulary_size_ = parts.program.vocabulary_size;
  model->bytes_ = parts.program.bytes;
  const BatchRunnerOptions running = {
      .dimension = std::ssize(parts.program.labels),
      .per_token = task == ModelTask::kTokenClassification,
      .batch_token_count_max = options.batch_token_count_max,
      .token_count_max = model->info_.token_count_max,
      .padding_id = parts.tokenizer ? parts.tokenizer->padding_id() : 0,
      .standard_names = parts.program.standard_names};
  IOLITE_ASSIGN_OR_RETURN(
      model->runner_,
      BatchRunner::Make(std::move(*executable), parts.program.program.inputs(), running));
  model->tokenizer_ = std::move(parts.tokenizer);
  return model;
}

Status LabelModel::CheckPairs() const {
  if (tokenizer_) return Status::Ok();
  return InvalidArgument("{} reads the bytes of one text: it takes no pairs and finds no tokens",
                         folder_);
}

Status LabelModel::EncodeTexts(const RequestContext& context,
                               std::span<const std::string_view> texts, Encodings* out) const {
  if (tokenizer_) return tokenizer_->EncodeBatch(context, texts, out);
  EncodeBytes(*bytes_, texts, out);
  return context.Check();
}

Status LabelModel::EncodePairs(const RequestContext& context, std::span<const TextPair> pairs,
                               Encodings* out) const {
  IOLITE_RETURN_IF_ERROR(CheckPairs());
  return tokenizer_->EncodePairs(context, pairs, out);
}

Status LabelModel::EncodeWithSpans(const RequestContext& context,
                                   std::span<const std::string_view> texts, Encodings* out) const {
  IOLITE_RETURN_IF_ERROR(CheckPairs());
  return tokenizer_->EncodeWithSpans(context, texts, out);
}

Result<std::vector<float>> LabelModel::Run(const RequestContext& context,
                                           const Encodings& encodings) const {
  IOLITE_RETURN_IF_ERROR(CheckTokenIds(encodings, vocabulary_size_, folder_));
  const bool per_token = info_.task == ModelTask::kTokenClassification;
  const size_t rows = per_token ? encodings.ids.size() : encodings.text_count();
  std::vector<float> scores(rows * info_.labels.size());
  IOLITE_RETURN_IF_ERROR(runner_->Run(context, encodings, 0, scores));
  ApplyLogitFunction(function_, info_.labels.size(), &scores);
  return scores;
}

}  // namespace iolite::models
