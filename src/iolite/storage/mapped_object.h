#pragma once

#include <string_view>

namespace iolite::storage {

/// The bytes of an object for reading, mapped where the store can. Stays valid while held, also
/// when the object is deleted meanwhile.
class MappedObject {
 public:
  virtual ~MappedObject() = default;
  virtual std::string_view bytes() const = 0;
};

}  // namespace iolite::storage
