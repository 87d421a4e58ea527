#include "iolite/models/internal/byte_window.h"

#include <algorithm>

namespace iolite::models {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view TrimFront(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view TrimBack(std::string_view text) {
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

void Append(std::string_view bytes, std::vector<int32_t>* ids) {
  for (const char byte : bytes) ids->push_back(static_cast<unsigned char>(byte));
}

void EncodeText(const ByteWindow& window, std::string_view text, std::vector<int32_t>* ids) {
  const auto begin_count = static_cast<size_t>(window.begin_count);
  const auto end_count = static_cast<size_t>(window.end_count);
  const size_t block = std::min(static_cast<size_t>(window.block_count), text.size());
  const auto padding = static_cast<int32_t>(window.padding_id);
  const std::string_view head = TrimFront(text.substr(0, block)).substr(0, begin_count);
  Append(head, ids);
  ids->insert(ids->end(), begin_count - head.size(), padding);
  std::string_view tail = TrimBack(text.substr(text.size() - block));
  tail.remove_prefix(tail.size() - std::min(tail.size(), end_count));
  ids->insert(ids->end(), end_count - tail.size(), padding);
  Append(tail, ids);
}

}  // namespace

Result<ByteWindow> ReadByteWindow(const ModelConfig& config) {
  ByteWindow window;
  IOLITE_ASSIGN_OR_RETURN(window.begin_count, config.Integer("beg_size"));
  IOLITE_ASSIGN_OR_RETURN(const int64_t middle, config.Integer("mid_size", 0));
  IOLITE_ASSIGN_OR_RETURN(window.end_count, config.Integer("end_size"));
  IOLITE_ASSIGN_OR_RETURN(window.padding_id, config.Integer("padding_token", 256));
  IOLITE_ASSIGN_OR_RETURN(window.block_count, config.Size("block_size", 4096));
  constexpr int64_t kIdCountMax = 1 << 20;
  const bool fits = window.begin_count >= 0 && window.end_count >= 0 && window.id_count() > 0 &&
                    window.id_count() <= kIdCountMax;
  if (!fits) {
    return InvalidArgument("{}: beg_size {} and end_size {} must be between 0 and {}, not both 0",
                           config.path(), window.begin_count, window.end_count, kIdCountMax);
  }
  if (middle == 0) return window;
  return Unimplemented("{}: mid_size is {}; only bytes of both ends are supported", config.path(),
                       middle);
}

void EncodeBytes(const ByteWindow& window, std::span<const std::string_view> texts,
                 Encodings* out) {
  *out = Encodings();
  for (const std::string_view text : texts) {
    EncodeText(window, text, &out->ids);
    out->offsets.push_back(static_cast<uint32_t>(out->ids.size()));
  }
  out->type_ids.assign(out->ids.size(), 0);
}

}  // namespace iolite::models
