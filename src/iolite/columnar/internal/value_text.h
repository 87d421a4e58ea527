#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>
#include <string_view>

/// Single values as text, shared by JSON, CSV and text tables.

namespace iolite::columnar::internal {

void AppendInteger(int64_t value, std::string& out);
void AppendInteger(uint64_t value, std::string& out);
/// The shortest text that reads back equal, with `.0` where it would look like an integer; `NaN`,
/// `inf`,
/// `-inf`.
void AppendFloat(double value, std::string& out);
void AppendFloat(float value, std::string& out);
void AppendBase64(std::string_view bytes, std::string& out);
/// `2026-11-21`, and years beyond 9999 or before 0 in full.
void AppendDate(int64_t days, std::string& out);
/// `14:03:07` and as much of a fraction as there is, of `units_per_second`.
void AppendTime(int64_t value, int64_t units_per_second, std::string& out);
void AppendTimestamp(int64_t value, int64_t units_per_second, bool utc, std::string& out);
/// `PT-1.5S`
void AppendDuration(int64_t value, int64_t units_per_second, std::string& out);

int64_t UnitsPerSecond(arrow::TimeUnit::type unit);

/// True, with the text appended, for dates, times, timestamps, durations and intervals.
bool AppendTemporal(const arrow::Array& column, int64_t row, std::string& out);
/// True, with the text appended, for integers, floats and decimals.
bool AppendNumeric(const arrow::Array& column, int64_t row, std::string& out);
/// True, with the bytes, for strings of all sizes; of binaries when `binary`.
bool GetBytes(const arrow::Array& column, int64_t row, bool binary, std::string_view& bytes);

}  // namespace iolite::columnar::internal
