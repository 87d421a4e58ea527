#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace iolite::models::testing {

/// Writes safetensors bytes, right or wrong: what the entries say is what the header says.
class SafetensorsWriter {
 public:
  SafetensorsWriter& Add(const std::string& name, const std::string& type,
                         const std::vector<int64_t>& shape, const std::string& bytes) {
    return AddAt(name, type, shape, data_.size(), data_.size() + bytes.size(), bytes);
  }

  SafetensorsWriter& AddFloats(const std::string& name, const std::vector<int64_t>& shape,
                               const std::vector<float>& values) {
    std::string bytes(values.size() * sizeof(float), '\0');
    if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    return Add(name, "F32", shape, bytes);
  }

  /// Claims [start, end) whatever `bytes` are appended.
  SafetensorsWriter& AddAt(const std::string& name, const std::string& type,
                           const std::vector<int64_t>& shape, uint64_t start, uint64_t end,
                           const std::string& bytes) {
    std::string sizes;
    for (const int64_t size : shape) sizes += (sizes.empty() ? "" : ",") + std::to_string(size);
    entries_ += (entries_.empty() ? "" : ",") + ("\"" + name) + "\":{\"dtype\":\"" + type +
                "\",\"shape\":[" + sizes + "],\"data_offsets\":[" + std::to_string(start) + "," +
                std::to_string(end) + "]}";
    data_ += bytes;
    return *this;
  }

  /// `padding` blanks make the header longer and move the data.
  std::string Bytes(size_t padding = 0) const {
    const std::string header = "{" + entries_ + "}" + std::string(padding, ' ');
    return WithHeader(header) + data_;
  }

  static std::string WithHeader(const std::string& header) {
    const uint64_t size = header.size();
    std::string bytes(sizeof(size), '\0');
    std::memcpy(bytes.data(), &size, sizeof(size));
    return bytes + header;
  }

 private:
  std::string entries_;
  std::string data_;
};

}  // namespace iolite::models::testing
