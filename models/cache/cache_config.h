// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace dspmem {

enum class WritePolicy { write_back, write_through };

/// Shape and behaviour of one L1 cache. Sizes are bytes; every size is a power of two times the way count.
struct CacheConfig {
  std::uint32_t size_bytes = 48 * 1024;
  std::uint32_t ways = 3;
  std::uint32_t line_bytes = 64;  ///< 32, 64, 128 or 256
  std::string replacement = "lru";  ///< a name known to make_replacement_policy()
  std::uint64_t seed = 1;  ///< used by the random policy only
  WritePolicy write_policy = WritePolicy::write_back;  ///< write-back allocates on a write miss, write-through does not
  bool byte_dirty = false;  ///< write back only the bytes that were stored, not the whole line
  std::uint32_t prefetch_lines = 0;  ///< lines fetched after a demand miss; 0 switches the prefetcher off

  std::uint32_t sets() const { return size_bytes / (ways * line_bytes); }
};

/// Throws std::invalid_argument naming the offending field when the shape cannot be built.
void validate(const CacheConfig& config);

}  // namespace dspmem
