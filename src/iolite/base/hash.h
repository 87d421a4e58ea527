#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace iolite {

/// SHA-256 of bytes that arrive in pieces (FIPS 180-4).
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(std::string_view bytes);
  /// 64 lower-case hexadecimal digits. The object is spent afterwards.
  std::string Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);

/// CRC-32C (Castagnoli; RFC 3720 §B.4) of `bytes`, continuing from `seed`.
uint32_t Crc32c(std::string_view bytes, uint32_t seed = 0);

/// 32 hexadecimal digits that identify what went into a model: the first 128 bits of SHA-256. For
/// `_content_hash`.
std::string ContentHash(std::string_view text);

}  // namespace iolite
