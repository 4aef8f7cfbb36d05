// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dspmem {

/// What a product's own files say of its platform. Each fact has the place it comes from.
struct ProductFacts {
  struct Number {
    std::uint64_t value = 0;
    std::string source;
  };
  struct Memory {
    std::string name;
    std::uint32_t base = 0;
    std::uint64_t bytes = 0;
    std::string source;
    std::optional<std::uint32_t> uncached;  ///< where the image reaches it past the caches
  };
  struct Cache {
    std::optional<Number> bytes, line, ways;
    std::optional<bool> write_back;
  };
  /// An array or symbol of the image that may be a heap or a stack.
  struct Candidate {
    std::string name;
    std::uint64_t bytes = 0;
  };

  std::vector<Memory> memories;
  std::optional<Number> cores, clock_hz;
  Cache instruction_cache, data_cache;
  std::vector<std::string> power_domains;  ///< of the devicetree
  std::optional<std::uint32_t> chosen;  ///< address of the memory that the devicetree chooses for the image
  std::vector<std::string> remarks;  ///< what was left out, and why
  std::optional<Number> image_end;  ///< address behind the image's last byte in the memory that has most of it
  std::vector<Candidate> heaps, stacks;

  /// Adds one that no other of this file or an earlier one overlaps; else there is a remark. Names are made unique.
  void add_memory(Memory memory);
};

/// A flattened devicetree, as Zephyr's and Linux's builds make it (.dtb): cores, clock, caches, SRAMs, power domains.
/// Throws InputError for what is none.
void add_devicetree(const std::string& path, ProductFacts& facts);

/// The header of a core's configuration, xtensa/config/core-isa.h: caches. Throws InputError when it defines none.
void add_core_isa(const std::string& path, ProductFacts& facts);

/// A platform file. What is not known is a comment that says what to look up. `name`: of the platform.
std::string platform_text(const ProductFacts& facts, const std::string& name);

}  // namespace dspmem
