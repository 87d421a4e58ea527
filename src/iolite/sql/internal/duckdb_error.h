#pragma once

#include <exception>
#include <new>

#include <duckdb.hpp>

#include "iolite/base/status.h"

namespace iolite::sql {

/// DuckDB's error as ours: the code tells whose turn it is, the message keeps DuckDB's words and
/// its place in the statement.
Status FromDuckDb(const duckdb::ErrorData& error);

/// What `body` returns (a Status or a Result), or the Status for what it threw.
template <typename Body>
auto Guard(Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("Out of memory while running a query");
  } catch (const std::exception& exception) {
    return FromDuckDb(duckdb::ErrorData(exception));
  } catch (...) {
    return Unknown("DuckDB failed without telling why");
  }
}

}  // namespace iolite::sql
