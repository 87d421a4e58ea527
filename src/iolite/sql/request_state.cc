#include "iolite/sql/internal/request_state.h"

namespace iolite::sql {
namespace {

constexpr size_t kErrorsKeptMax = 16;

}  // namespace

RequestState& RequestState::Of(duckdb::ClientContext& context) {
  return *context.registered_state->GetOrCreate<RequestState>("iolite_request");
}

void RequestState::Begin(const RequestContext& context) {
  context_ = context;
  std::lock_guard lock(mutex_);
  errors_.clear();
  calls_.clear();
}

std::shared_ptr<const ScalarCall> RequestState::CallOf(const ScalarFunction& function) {
  std::lock_guard lock(mutex_);
  auto& call = calls_[&function];
  if (!call) {
    call = std::make_shared<const ScalarCall>(function.start ? function.start() : function.call);
  }
  return call;
}

void RequestState::QueryEnd() {
  std::lock_guard lock(mutex_);
  calls_.clear();
}

void RequestState::Raise(const Status& status) {
  {
    std::lock_guard lock(mutex_);
    if (errors_.size() == kErrorsKeptMax) errors_.pop_front();
    errors_.push_back(status);
  }
  throw duckdb::InvalidInputException(status.message());
}

Status RequestState::Explain(const duckdb::ErrorData& error) {
  {
    std::lock_guard lock(mutex_);
    for (const Status& status : errors_) {
      if (error.RawMessage().find(status.message()) != std::string::npos) return status;
    }
  }
  if (error.Type() == duckdb::ExceptionType::INTERRUPT) {
    const Status asked = context_.Check();
    if (!asked.ok()) return asked;
  }
  return FromDuckDb(error);
}

}  // namespace iolite::sql
