// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dspmem {

/// A name that a linker gave an address.
struct MapSymbol {
  enum class Kind { function, variable, other };
  std::string name;
  std::uint32_t address = 0;
  std::uint32_t bytes = 0;  ///< up to the next symbol, or the end of the section; 0: not known
  Kind kind =
      Kind::other;  ///< by its section: .text and .literal, .data, .bss and .rodata; other: of the linker script
};

/// An output section, as the linker placed it.
struct MapSection {
  std::string name;
  std::uint32_t address = 0, bytes = 0;
};
struct MapFile {
  std::string path;
  std::vector<MapSymbol> symbols;
  std::vector<MapSection> sections;
};

/// The symbols of a map file of GNU ld (-Wl,-Map=FILE). Static variables are known where each has a section of its own
/// (-fdata-sections), static functions are not. Throws InputError for what is no map file, or cannot be read.
MapFile read_map_file(const std::string& path);

/// A memory of the linker script.
struct MapMemory {
  std::string name;
  std::uint32_t base = 0;
  std::uint64_t bytes = 0;
};

/// The memories that the linker had, by its map file. Throws InputError as read_map_file().
std::vector<MapMemory> read_map_memories(const std::string& path);

}  // namespace dspmem
