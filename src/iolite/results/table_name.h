#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace iolite::results {

/// `<source>__<task>__<model>__<UTC time>_<hex>`. Characters other than ASCII letters, digits, `.`,
/// `_` and
/// `-` become `-`; long sources and models are cut, so that every object's name fits a file name.
std::string TableName(std::string_view source, std::string_view task, std::string_view model_id,
                      int64_t unix_us, std::string_view hex);

/// `text` as part of a file's name: see above; cut at `bytes_max`.
std::string FileNamePart(std::string_view text, size_t bytes_max);

}  // namespace iolite::results
