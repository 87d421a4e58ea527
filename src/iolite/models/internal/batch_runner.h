#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/base/status.h"
#include "iolite/models/batches.h"
#include "iolite/models/tokenizer.h"
#include "iolite/program/program.h"
#include "iolite/program/runtime.h"

namespace iolite::models {

struct BatchRunnerOptions {
  int64_t dimension = 0;  ///< numbers for each text, or for each token
  bool per_token = false;
  int32_t batch_token_count_max = 0;  ///< 0: what measured best
  int32_t token_count_max = 0;
  int32_t padding_id = 0;
  /// What the program calls an input that encoder_program.h names, where that differs.
  std::map<std::string, std::string> standard_names;
};

/// Runs tokenized texts through a loaded program, several batches at once.
///
/// Threads: any number may call Run; they share the runtime's streams.
class BatchRunner {
 public:
  static Result<std::unique_ptr<BatchRunner>> Make(std::unique_ptr<program::Executable> executable,
                                                   const std::vector<program::Port>& inputs,
                                                   const BatchRunnerOptions& options);

  /// Writes text i's numbers to vectors[i * dimension, ...); per token, those of token t of all
  /// texts to vectors[t * dimension, ...). The first `prompt_token_count` tokens of each text are
  /// its prompt's.
  Status Run(const RequestContext& context, const Encodings& encodings, int32_t prompt_token_count,
             std::span<float> vectors);

 private:
  /// What an input of the program is filled with.
  enum class Fill { kIds, kMask, kTypeIds, kPositions, kPooledMask };
  struct Input {
    Fill fill;
    program::TensorType type;
  };
  /// Texts of one call.
  struct Call {
    const Encodings& encodings;
    int32_t prompt_token_count;
    std::span<float> vectors;
  };

  BatchRunner(std::unique_ptr<program::Executable> executable, std::vector<Input> inputs,
              const BatchRunnerOptions& options);
  Status RunBatch(const RequestContext& context, const Call& call, const Batch& batch);
  void CopyOut(const Call& call, const Batch& batch, const std::vector<float>& output) const;
  template <typename Integer>
  void FillInput(Fill fill, const Call& call, const Batch& batch, Integer* out) const;
  template <typename Integer>
  void FillRow(Fill fill, const Call& call, uint32_t text, Integer* row, size_t length) const;

  const std::unique_ptr<program::Executable> executable_;
  const std::vector<Input> inputs_;
  const BatchRunnerOptions options_;
  /// Threads of our own that wait for the runtime's, so that the engine's stay free for work.
  const std::unique_ptr<Executor> lanes_;
};

}  // namespace iolite::models
