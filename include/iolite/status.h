#pragma once

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

/// Errors as values. Every call of the product that can fail returns a Status or a Result<T>.

namespace iolite {

/// What the caller can do next. The numbers are gRPC's, so that every door maps from one table
/// (`spec/errors.json`).
enum class StatusCode : int {
  kOk = 0,
  kCancelled = 1,           ///< Somebody asked for the work to stop.
  kUnknown = 2,             ///< A library failed without telling why.
  kInvalidArgument = 3,     ///< The request is wrong whatever the state: change it.
  kDeadlineExceeded = 4,    ///< The time given was not enough.
  kNotFound = 5,            ///< What was named does not exist.
  kAlreadyExists = 6,       ///< What was to be made exists.
  kPermissionDenied = 7,    ///< The caller or the process may not do this.
  kResourceExhausted = 8,   ///< A budget, a queue or a disk is full.
  kFailedPrecondition = 9,  ///< The request is right but the state is not: change the state first.
  kAborted = 10,            ///< Lost against a concurrent change: try again.
  kOutOfRange = 11,         ///< Past a valid end.
  kUnimplemented = 12,      ///< Not supported, or written by a newer release.
  kInternal = 13,           ///< Our own fault: please report it.
  kUnavailable = 14,        ///< Something needed does not answer now: try later.
  kDataLoss = 15,           ///< Stored bytes are damaged.
  kUnauthenticated = 16,    ///< No valid credentials.
};

/// The code's name in words of the wire: `INVALID_ARGUMENT`.
std::string_view StatusCodeName(StatusCode code);

/// Success, or a code for the program and a message for the person. Copying is cheap.
class [[nodiscard]] Status {
 public:
  /// Success.
  Status() = default;
  /// A failure; `code` must not be kOk.
  Status(StatusCode code, std::string message);

  static Status Ok() { return Status(); }

  bool ok() const { return rep_ == nullptr; }
  StatusCode code() const { return rep_ ? rep_->code : StatusCode::kOk; }
  /// What happened, with values, and what to do. Empty for success.
  const std::string& message() const;
  /// `INVALID_ARGUMENT: message`, or `OK`.
  std::string ToString() const;
  /// The same code with `context` put in front of the message: `context: message`.
  Status WithContext(std::string_view context) const;

 private:
  struct Rep {
    StatusCode code;
    std::string message;
  };
  std::shared_ptr<const Rep> rep_;
};

namespace internal {
/// Ends the process with a reason; a Result without a value was dereferenced.
[[noreturn]] void DieOnBadResult(const Status& status);
}  // namespace internal

/// A value, or the Status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}  // NOLINT: implicit by intent
  template <typename U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::decay_t<U>, Result> &&
           !std::is_same_v<std::decay_t<U>, Status> && !std::is_same_v<std::decay_t<U>, T>)
      Result(U&& value)
      : state_(T(std::forward<U>(value))) {}           // NOLINT: implicit by intent
  Result(Status status) : state_(std::move(status)) {  // NOLINT: implicit by intent
    if (std::get<Status>(state_).ok()) {
      internal::DieOnBadResult(Status(StatusCode::kInternal, "Result built from an OK status"));
    }
  }

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }
  /// OK when there is a value.
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }

  /// The value; the process ends when there is none.
  T& value() & {
    Require();
    return std::get<T>(state_);
  }
  const T& value() const& {
    Require();
    return std::get<T>(state_);
  }
  T&& value() && {
    Require();
    return std::get<T>(std::move(state_));
  }
  T value_or(T fallback) const& { return ok() ? std::get<T>(state_) : std::move(fallback); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void Require() const {
    if (!ok()) internal::DieOnBadResult(std::get<Status>(state_));
  }
  std::variant<Status, T> state_;
};

}  // namespace iolite
