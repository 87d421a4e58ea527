#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "iolite/program/internal/onnx_model.h"
#include "iolite/program/mapped_file.h"
#include "iolite/program/program.h"

/// Reads ONNX files: takes large tensors out of the graph, checks what they say about themselves,
/// and finds those that lie in files of their own.

namespace iolite::program {
namespace {

using internal::OnnxModel;

/// Smaller tensors stay in the graph: shapes, axes and scales, which a runtime may want to see.
constexpr size_t kWeightBytesMin = 4096;

class OnnxFileReader {
 public:
  explicit OnnxFileReader(const std::string& path) : path_(path) {}

  Result<Program> Read() {
    IOLITE_RETURN_IF_ERROR(Parse());
    IOLITE_RETURN_IF_ERROR(TakeWeights());
    IOLITE_RETURN_IF_ERROR(ReadPorts());
    return Program(std::move(model_));
  }

 private:
  Status Parse() {
    IOLITE_ASSIGN_OR_RETURN(auto file, MappedFile::Open(path_));
    const auto bytes = file->bytes();
    constexpr size_t kBytesMax = (size_t{1} << 31) - 1;
    if (bytes.empty() || bytes.size() > kBytesMax ||
        !model_->proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return InvalidArgument("{} is not an ONNX model, or it is cut off ({} bytes)", path_,
                             bytes.size());
    }
    if (!model_->proto.has_graph() || model_->proto.graph().node_size() == 0) {
      return InvalidArgument("{} is an ONNX model without a graph", path_);
    }
    if (model_->opset() == 0) {
      return InvalidArgument("{} does not say which ONNX operator set it uses", path_);
    }
    return Status::Ok();
  }

  Status TakeWeights() {
    auto* initializers = model_->proto.mutable_graph()->mutable_initializer();
    for (auto& tensor : *initializers) {
      IOLITE_RETURN_IF_ERROR(TakeWeight(&tensor).WithContext(path_ + ": tensor " + tensor.name()));
      initializer_names_.insert(tensor.name());
    }
    const auto kept =
        std::remove_if(initializers->begin(), initializers->end(),
                       [&](const auto& t) { return weight_names_.contains(t.name()); });
    initializers->erase(kept, initializers->end());
    return Status::Ok();
  }

  Status TakeWeight(onnx::TensorProto* tensor) {
    const bool external = tensor->data_location() == onnx::TensorProto::EXTERNAL;
    if (!external && tensor->raw_data().size() < kWeightBytesMin) return Status::Ok();
    const auto type = internal::TypeFromOnnx(tensor->data_type());
    if (!type) return external ? InlineExternal(tensor, std::nullopt) : Status::Ok();
    Weight weight{.name = tensor->name(), .type = *type};
    weight.shape.assign(tensor->dims().begin(), tensor->dims().end());
    if (external) {
      IOLITE_ASSIGN_OR_RETURN(const Region region, FindExternal(*tensor, weight.size_bytes()));
      weight.data = region.bytes.data();
      weight.owner = region.file;
      if (weight.size_bytes() < kWeightBytesMin) return InlineExternal(tensor, region);
    } else {
      if (tensor->raw_data().size() != weight.size_bytes()) {
        return InvalidArgument("{} bytes given where {} {} take {}", tensor->raw_data().size(),
                               TensorTypeName(*type), ShapeText(weight.shape), weight.size_bytes());
      }
      auto bytes = std::make_shared<std::string>(std::move(*tensor->mutable_raw_data()));
      weight.data = bytes->data();
      weight.owner = bytes;
    }
    weight_names_.insert(weight.name);
    model_->weights.push_back(std::move(weight));
    return Status::Ok();
  }

  struct Region {
    std::shared_ptr<const MappedFile> file;
    std::span<const std::byte> bytes;
  };

  /// Finds a tensor's bytes in the file it names. `size_bytes` of nullopt trusts the length it
  /// gives.
  Result<Region> FindExternal(const onnx::TensorProto& tensor, std::optional<size_t> size_bytes) {
    std::string location;
    uint64_t offset = 0;
    std::optional<uint64_t> length;
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") location = entry.value();
      if (entry.key() == "offset") offset = std::strtoull(entry.value().c_str(), nullptr, 10);
      if (entry.key() == "length") length = std::strtoull(entry.value().c_str(), nullptr, 10);
    }
    if (size_bytes && length && *length != *size_bytes) {
      return InvalidArgument("its external data has {} bytes where its shape takes {}", *length,
                             *size_bytes);
    }
    IOLITE_ASSIGN_OR_RETURN(auto file, OpenExternal(location));
    const uint64_t file_bytes = file->bytes().size();
    const uint64_t available = file_bytes - std::min(offset, file_bytes);
    const uint64_t wanted = size_bytes.value_or(length.value_or(available));
    if (wanted > available) {
      return DataLoss("{} has {} bytes and ends before the tensor's {} at {}: fetch it again",
                      file->path(), file_bytes, wanted, offset);
    }
    return Region{file, file->bytes().subspan(offset, wanted)};
  }

  Result<std::shared_ptr<const MappedFile>> OpenExternal(const std::string& location) {
    const std::filesystem::path relative(location);
    const bool climbs = std::any_of(relative.begin(), relative.end(),
                                    [](const auto& part) { return part == ".."; });
    if (location.empty() || relative.is_absolute() || climbs) {
      return InvalidArgument("its external data `{}` lies outside the model's folder", location);
    }
    auto& file = files_[location];
    if (!file) {
      const auto folder = std::filesystem::path(path_).parent_path();
      IOLITE_ASSIGN_OR_RETURN(file, MappedFile::Open((folder / relative).string()));
    }
    return file;
  }

  Status InlineExternal(onnx::TensorProto* tensor, std::optional<Region> region) {
    if (!region) {
      IOLITE_ASSIGN_OR_RETURN(region, FindExternal(*tensor, std::nullopt));
    }
    tensor->set_raw_data(region->bytes.data(), region->bytes.size());
    tensor->clear_external_data();
    tensor->clear_data_location();
    return Status::Ok();
  }

  Status ReadPorts() {
    auto* graph = model_->proto.mutable_graph();
    // Older models list initializers among the inputs; they are no inputs to anyone who runs it.
    auto* inputs = graph->mutable_input();
    const auto kept = std::remove_if(inputs->begin(), inputs->end(), [&](const auto& input) {
      return initializer_names_.contains(input.name());
    });
    inputs->erase(kept, inputs->end());
    IOLITE_RETURN_IF_ERROR(ReadPortList(graph->input(), &model_->inputs));
    return ReadPortList(graph->output(), &model_->outputs);
  }

  template <typename List>
  Status ReadPortList(const List& list, std::vector<Port>* ports) {
    for (const auto& info : list) {
      const auto type = internal::TypeFromOnnx(info.type().tensor_type().elem_type());
      if (!info.type().has_tensor_type() || !type) {
        return Unimplemented(
            "{}: `{}` has an element type that programs here do not take (ONNX {})", path_,
            info.name(), info.type().tensor_type().elem_type());
      }
      Port port{.name = info.name(), .type = *type};
      for (const auto& dimension : info.type().tensor_type().shape().dim()) {
        port.shape.push_back(dimension.has_dim_value() ? dimension.dim_value() : -1);
      }
      ports->push_back(std::move(port));
    }
    return Status::Ok();
  }

  const std::string path_;
  std::unique_ptr<OnnxModel> model_ = std::make_unique<OnnxModel>();
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
  std::set<std::string> weight_names_;
  std::set<std::string> initializer_names_;
};

}  // namespace

Result<Program> Program::FromOnnxFile(const std::string& path) {
  return OnnxFileReader(path).Read();
}

}  // namespace iolite::program
