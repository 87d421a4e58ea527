#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>
#include <string_view>

/// Rows as JSON text. One spelling for each value, whatever door it leaves through:
///
///     integers, decimals      numbers with all their digits
///     floats                  the shortest text that reads back equal, always with `.` or `e`;
///                             NaN and infinities are null
///     strings                 escaped; bytes that are no UTF-8 become U+FFFD
///     binary                  base64
///     date, time, timestamp   "2026-11-21", "14:03:07.5", "2026-11-21T14:03:07.5", with `Z` when
///                             the type has a time zone
///     duration, interval      ISO 8601: "PT1.5S", "P1M2DT0.5S"
///     lists                   arrays
///     structs                 objects
///     maps                    objects when keys are strings, otherwise arrays of {"key", "value"}

namespace iolite::columnar {

/// Appends `"text"` with what JSON needs escaped.
void AppendJsonString(std::string_view text, std::string& out);
/// Appends a number, or null.
void AppendJsonNumber(double value, std::string& out);
void AppendJsonNumber(float value, std::string& out);

void AppendJsonValue(const arrow::Array& column, int64_t row, std::string& out);
/// Appends one row as an object, keys in the schema's order.
void AppendJsonObject(const arrow::RecordBatch& batch, int64_t row, std::string& out);
/// Appends all rows, each an object on its own line.
void AppendJsonLines(const arrow::RecordBatch& batch, std::string& out);

}  // namespace iolite::columnar
