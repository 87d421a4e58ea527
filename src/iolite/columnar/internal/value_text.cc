#include "iolite/columnar/internal/value_text.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/float16.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <iterator>

namespace iolite::columnar::internal {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;

struct Division {
  int64_t quotient, remainder;  // remainder never negative
};
Division FloorDivide(int64_t value, int64_t by) {
  int64_t quotient = value / by, remainder = value % by;
  if (remainder < 0) {
    remainder += by;
    --quotient;
  }
  return {quotient, remainder};
}

template <typename Number>
void AppendChars(Number value, std::string& out) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  out.append(text, end);
}

template <typename Float>
void AppendShortest(Float value, std::string& out) {
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "NaN" : value > 0 ? "inf" : "-inf";
    return;
  }
  const size_t begin = out.size();
  AppendChars(value, out);
  if (out.find_first_of(".e", begin) == std::string::npos) out += ".0";
}

/// `.5` for a fraction; nothing for none.
void AppendFraction(int64_t value, int64_t units_per_second, std::string& out) {
  if (value == 0) return;
  out += '.';
  for (int64_t unit = units_per_second / 10; value != 0; unit /= 10) {
    out += static_cast<char>('0' + value / unit);
    value %= unit;
  }
}

template <typename ArrayType>
auto Raw(const arrow::Array& column, int64_t row) {
  return static_cast<const ArrayType&>(column).Value(row);
}

template <typename Type>
int64_t UnitsOf(const arrow::Array& column) {
  return UnitsPerSecond(static_cast<const Type&>(*column.type()).unit());
}

void AppendInterval(const arrow::MonthDayNanoIntervalType::MonthDayNanos& value, std::string& out) {
  fmt::format_to(std::back_inserter(out), "P{}M{}D", value.months, value.days);
  if (value.nanoseconds == 0) return;
  std::string time;
  AppendDuration(value.nanoseconds, 1'000'000'000, time);
  out += std::string_view(time).substr(1);  // without its own P
}

}  // namespace

void AppendInteger(int64_t value, std::string& out) { AppendChars(value, out); }
void AppendInteger(uint64_t value, std::string& out) { AppendChars(value, out); }
void AppendFloat(double value, std::string& out) { AppendShortest(value, out); }
void AppendFloat(float value, std::string& out) { AppendShortest(value, out); }

void AppendBase64(std::string_view bytes, std::string& out) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<uint8_t>(bytes[i + j]) : 0);
    }
    for (size_t j = 0; j < 4; ++j) {
      out += i + j > bytes.size() ? '=' : kDigits[group >> (18 - 6 * j) & 63];
    }
  }
}

void AppendDate(int64_t days, std::string& out) {
  // Days to a civil date by eras of 400 years, which begin on the first of March of year 0.
  const auto [era, day_of_era] = FloorDivide(days + 719'468, 146'097);
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", year, month, day);
}

void AppendTime(int64_t value, int64_t units_per_second, std::string& out) {
  const auto [seconds, fraction] = FloorDivide(value, units_per_second);
  fmt::format_to(std::back_inserter(out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
  AppendFraction(fraction, units_per_second, out);
}

void AppendTimestamp(int64_t value, int64_t units_per_second, bool utc, std::string& out) {
  const auto [days, time] = FloorDivide(value, units_per_second * kSecondsPerDay);
  AppendDate(days, out);
  out += 'T';
  AppendTime(time, units_per_second, out);
  if (utc) out += 'Z';
}

void AppendDuration(int64_t value, int64_t units_per_second, std::string& out) {
  out += value < 0 ? "PT-" : "PT";
  // Unsigned, because the least integer has no positive counterpart.
  const uint64_t size = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  const auto units = static_cast<uint64_t>(units_per_second);
  AppendInteger(size / units, out);
  AppendFraction(static_cast<int64_t>(size % units), units_per_second, out);
  out += 'S';
}

int64_t UnitsPerSecond(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND: return 1;
    case arrow::TimeUnit::MILLI: return 1'000;
    case arrow::TimeUnit::MICRO: return 1'000'000;
    case arrow::TimeUnit::NANO: return 1'000'000'000;
  }
  return 1;
}

bool AppendTemporal(const arrow::Array& column, int64_t row, std::string& out) {
  switch (column.type_id()) {
    case arrow::Type::DATE32: AppendDate(Raw<arrow::Date32Array>(column, row), out); return true;
    case arrow::Type::DATE64:
      AppendDate(FloorDivide(Raw<arrow::Date64Array>(column, row), kSecondsPerDay * 1000).quotient,
                 out);
      return true;
    case arrow::Type::TIME32:
      AppendTime(Raw<arrow::Time32Array>(column, row), UnitsOf<arrow::Time32Type>(column), out);
      return true;
    case arrow::Type::TIME64:
      AppendTime(Raw<arrow::Time64Array>(column, row), UnitsOf<arrow::Time64Type>(column), out);
      return true;
    case arrow::Type::TIMESTAMP: {
      const auto& type = static_cast<const arrow::TimestampType&>(*column.type());
      AppendTimestamp(Raw<arrow::TimestampArray>(column, row), UnitsPerSecond(type.unit()),
                      !type.timezone().empty(), out);
      return true;
    }
    case arrow::Type::DURATION:
      AppendDuration(Raw<arrow::DurationArray>(column, row), UnitsOf<arrow::DurationType>(column),
                     out);
      return true;
    case arrow::Type::INTERVAL_MONTHS:
      fmt::format_to(std::back_inserter(out), "P{}M", Raw<arrow::MonthIntervalArray>(column, row));
      return true;
    case arrow::Type::INTERVAL_DAY_TIME: {
      const auto value = static_cast<const arrow::DayTimeIntervalArray&>(column).GetValue(row);
      AppendInterval({0, value.days, int64_t{value.milliseconds} * 1'000'000}, out);
      return true;
    }
    case arrow::Type::INTERVAL_MONTH_DAY_NANO:
      AppendInterval(static_cast<const arrow::MonthDayNanoIntervalArray&>(column).GetValue(row),
                     out);
      return true;
    default: return false;
  }
}

bool AppendNumeric(const arrow::Array& column, int64_t row, std::string& out) {
  switch (column.type_id()) {
    case arrow::Type::INT8: AppendInteger(int64_t{Raw<arrow::Int8Array>(column, row)}, out); break;
    case arrow::Type::INT16:
      AppendInteger(int64_t{Raw<arrow::Int16Array>(column, row)}, out);
      break;
    case arrow::Type::INT32:
      AppendInteger(int64_t{Raw<arrow::Int32Array>(column, row)}, out);
      break;
    case arrow::Type::INT64:
      AppendInteger(int64_t{Raw<arrow::Int64Array>(column, row)}, out);
      break;
    case arrow::Type::UINT8:
      AppendInteger(uint64_t{Raw<arrow::UInt8Array>(column, row)}, out);
      break;
    case arrow::Type::UINT16:
      AppendInteger(uint64_t{Raw<arrow::UInt16Array>(column, row)}, out);
      break;
    case arrow::Type::UINT32:
      AppendInteger(uint64_t{Raw<arrow::UInt32Array>(column, row)}, out);
      break;
    case arrow::Type::UINT64:
      AppendInteger(uint64_t{Raw<arrow::UInt64Array>(column, row)}, out);
      break;
    case arrow::Type::HALF_FLOAT:
      AppendFloat(arrow::util::Float16::FromBits(Raw<arrow::HalfFloatArray>(column, row)).ToFloat(),
                  out);
      break;
    case arrow::Type::FLOAT: AppendFloat(Raw<arrow::FloatArray>(column, row), out); break;
    case arrow::Type::DOUBLE: AppendFloat(Raw<arrow::DoubleArray>(column, row), out); break;
    case arrow::Type::DECIMAL32:
      out += static_cast<const arrow::Decimal32Array&>(column).FormatValue(row);
      break;
    case arrow::Type::DECIMAL64:
      out += static_cast<const arrow::Decimal64Array&>(column).FormatValue(row);
      break;
    case arrow::Type::DECIMAL128:
      out += static_cast<const arrow::Decimal128Array&>(column).FormatValue(row);
      break;
    case arrow::Type::DECIMAL256:
      out += static_cast<const arrow::Decimal256Array&>(column).FormatValue(row);
      break;
    default: return false;
  }
  return true;
}

bool GetBytes(const arrow::Array& column, int64_t row, bool binary, std::string_view& bytes) {
  switch (column.type_id()) {
    case arrow::Type::STRING:
      bytes = static_cast<const arrow::StringArray&>(column).GetView(row);
      return !binary;
    case arrow::Type::LARGE_STRING:
      bytes = static_cast<const arrow::LargeStringArray&>(column).GetView(row);
      return !binary;
    case arrow::Type::STRING_VIEW:
      bytes = static_cast<const arrow::StringViewArray&>(column).GetView(row);
      return !binary;
    case arrow::Type::BINARY:
      bytes = static_cast<const arrow::BinaryArray&>(column).GetView(row);
      return binary;
    case arrow::Type::LARGE_BINARY:
      bytes = static_cast<const arrow::LargeBinaryArray&>(column).GetView(row);
      return binary;
    case arrow::Type::BINARY_VIEW:
      bytes = static_cast<const arrow::BinaryViewArray&>(column).GetView(row);
      return binary;
    case arrow::Type::FIXED_SIZE_BINARY:
      bytes = static_cast<const arrow::FixedSizeBinaryArray&>(column).GetView(row);
      return binary;
    default: return false;
  }
}

}  // namespace iolite::columnar::internal
