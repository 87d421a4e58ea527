#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/models/checkpoint.h"
#include "iolite/models/encoders/encoder_plan.h"
#include "iolite/program/graph_builder.h"

namespace iolite::models {

/// What goes into every encoder: [batch, sequence] each.
struct EncoderInputs {
  program::Value ids;
  program::Value mask;  ///< 1 for a token, 0 for padding
  /// Absent when every text is of type 0, as single texts are.
  std::optional<program::Value> type_ids;
};

/// The smallest pieces of an encoder: tables, matrices and norms, read from a checkpoint by name.
///
/// Activations are [tokens, width] outside of attention: one matrix product for a whole batch.
class EncoderParts {
 public:
  /// kInvalidArgument when the checkpoint has the plan's word table behind none of its prefixes.
  static Result<EncoderParts> Make(const EncoderPlan& plan, const Checkpoint& checkpoint,
                                   program::GraphBuilder* graph);

  /// A whole tensor; names follow the encoder's prefix.
  Result<program::Value> Tensor(const std::string& name, const std::vector<int64_t>& shape);
  /// x [tokens, in_size] to [tokens, out_size].
  Result<program::Value> Matrix(const program::Value& x, const MatrixPlan& matrix, int64_t in_size,
                                int64_t out_size);
  /// Over the last axis, of the plan's kind. Old checkpoints name scale and bias gamma and beta.
  Result<program::Value> Norm(const program::Value& x, const std::string& name, int64_t size);
  /// The same parts for what stands outside of the encoder, such as heads.
  EncoderParts WithoutPrefix() const;

  const EncoderPlan& plan() const { return plan_; }
  program::GraphBuilder& graph() { return graph_; }

 private:
  EncoderParts(const EncoderPlan& plan, const Checkpoint& checkpoint, std::string prefix,
               program::GraphBuilder* graph)
      : plan_(plan), checkpoint_(checkpoint), prefix_(std::move(prefix)), graph_(*graph) {}
  Result<program::Value> Rows(const std::string& name, const MatrixPlan& matrix,
                              std::vector<int64_t> shape);

  const EncoderPlan& plan_;
  const Checkpoint& checkpoint_;
  std::string prefix_;
  program::GraphBuilder& graph_;
  std::map<std::string, program::Weight> packed_;  // so that what is widened is widened once
};

/// `hidden_act` of a configuration. kUnimplemented names one that is not known, with those that
/// are.
Result<program::Value> Activation(program::GraphBuilder& graph, std::string_view name,
                                  const program::Value& x);

}  // namespace iolite::models
