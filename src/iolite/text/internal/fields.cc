#include "iolite/text/internal/fields.h"

#include <charconv>
#include <cmath>
#include <numeric>

namespace iolite::text {
namespace internal {

Result<FieldWeights> WeighFields(std::span<const TextField> fields) {
  if (fields.empty()) return InvalidArgument("A text index needs at least one field");
  constexpr uint32_t kHundredths = 100, kWeightMax = 100 * kHundredths;
  FieldWeights weights;
  uint32_t divisor = kHundredths;
  for (const TextField& field : fields) {
    if (field.name.empty()) return InvalidArgument("A field of a text index needs a name");
    const double hundredths = std::round(field.boost * kHundredths);
    if (!(hundredths >= 1 && hundredths <= kWeightMax)) {
      return InvalidArgument("The boost of field '{}' must be from .01 to 100, not {}", field.name,
                             field.boost);
    }
    for (const auto& other : weights.fields) {
      if (other.name == field.name) {
        return InvalidArgument("The field '{}' is named twice", field.name);
      }
    }
    weights.fields.push_back({field.name, static_cast<uint32_t>(hundredths)});
    divisor = std::gcd(divisor, static_cast<uint32_t>(hundredths));
  }
  // Alone, a field has nothing to count more than.
  if (fields.size() == 1) weights.fields[0].weight = divisor = kHundredths;
  weights.unit = kHundredths / divisor;
  for (auto& field : weights.fields) field.weight /= divisor;
  return weights;
}

}  // namespace internal

Result<std::vector<TextField>> ParseFields(std::string_view text) {
  std::vector<TextField> fields;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    std::string_view word = text.substr(at, end - at);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    at = end + 1;
    const size_t caret = word.rfind('^');
    TextField field{.name = std::string(word.substr(0, caret))};
    if (caret != std::string_view::npos) {
      const std::string_view boost = word.substr(caret + 1);
      const auto [stop, error] =
          std::from_chars(boost.data(), boost.data() + boost.size(), field.boost);
      if (error != std::errc() || stop != boost.data() + boost.size()) {
        return InvalidArgument("The boost of field '{}' must be a number, not '{}'", field.name,
                               boost);
      }
    }
    fields.push_back(std::move(field));
  }
  IOLITE_RETURN_IF_ERROR(internal::WeighFields(fields).status());
  return fields;
}

}  // namespace iolite::text
