#include "iolite/columnar/arrow_status.h"

#include <arrow/util/io_util.h>

#include <memory>

namespace iolite::columnar {
namespace {

constexpr char kDetailType[] = "iolite::Status";

/// Carries our Status through Arrow.
class IoliteStatusDetail final : public arrow::StatusDetail {
 public:
  explicit IoliteStatusDetail(Status status) : status_(std::move(status)) {}
  const char* type_id() const override { return kDetailType; }
  std::string ToString() const override { return status_.ToString(); }
  const Status& status() const { return status_; }

 private:
  Status status_;
};

StatusCode CodeOf(arrow::StatusCode code) {
  switch (code) {
    case arrow::StatusCode::OutOfMemory:
    case arrow::StatusCode::CapacityError: return StatusCode::kResourceExhausted;
    case arrow::StatusCode::KeyError: return StatusCode::kNotFound;
    case arrow::StatusCode::TypeError:
    case arrow::StatusCode::Invalid:
    case arrow::StatusCode::SerializationError: return StatusCode::kInvalidArgument;
    case arrow::StatusCode::IOError: return StatusCode::kUnavailable;
    case arrow::StatusCode::Cancelled: return StatusCode::kCancelled;
    case arrow::StatusCode::IndexError: return StatusCode::kOutOfRange;
    case arrow::StatusCode::NotImplemented: return StatusCode::kUnimplemented;
    case arrow::StatusCode::AlreadyExists: return StatusCode::kAlreadyExists;
    default: return StatusCode::kUnknown;
  }
}

arrow::StatusCode ArrowCodeOf(StatusCode code) {
  switch (code) {
    case StatusCode::kCancelled: return arrow::StatusCode::Cancelled;
    case StatusCode::kInvalidArgument: return arrow::StatusCode::Invalid;
    case StatusCode::kNotFound: return arrow::StatusCode::KeyError;
    case StatusCode::kAlreadyExists: return arrow::StatusCode::AlreadyExists;
    case StatusCode::kOutOfRange: return arrow::StatusCode::IndexError;
    case StatusCode::kUnimplemented: return arrow::StatusCode::NotImplemented;
    case StatusCode::kResourceExhausted: return arrow::StatusCode::CapacityError;
    case StatusCode::kUnavailable:
    case StatusCode::kPermissionDenied:
    case StatusCode::kDataLoss: return arrow::StatusCode::IOError;
    default: return arrow::StatusCode::UnknownError;
  }
}

}  // namespace

Status FromArrow(const arrow::Status& status) {
  if (status.ok()) return Status();
  if (const auto& detail = status.detail(); detail && detail->type_id() == kDetailType) {
    return static_cast<const IoliteStatusDetail&>(*detail).status();
  }
  if (const int error_number = arrow::internal::ErrnoFromStatus(status); error_number != 0) {
    return Status(ErrnoStatus(error_number, "").code(), status.message());
  }
  return Status(CodeOf(status.code()), status.message());
}

arrow::Status ToArrow(const Status& status) {
  if (status.ok()) return arrow::Status::OK();
  return arrow::Status(ArrowCodeOf(status.code()), status.message(),
                       std::make_shared<IoliteStatusDetail>(status));
}

}  // namespace iolite::columnar
