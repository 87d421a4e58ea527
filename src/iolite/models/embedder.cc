#include "iolite/models/embedder.h"

namespace iolite::models {

Status Embedder::Embed(const RequestContext& context, std::span<const std::string_view> texts,
                       TextRole role, std::span<float> vectors) const {
  IOLITE_ASSIGN_OR_RETURN(auto tokens, Tokenize(context, texts, role));
  return Run(context, *tokens, vectors);
}

}  // namespace iolite::models
