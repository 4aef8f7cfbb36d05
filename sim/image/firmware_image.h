// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/config/error.h"
#include "sim/image/map_file.h"

namespace dspmem {

struct SourceLine {
  std::string file;  ///< empty when there is no debug information
  int line = 0;
};

/// A firmware ELF: what to load, and the names and source lines of its addresses.
class FirmwareImage {
 public:
  struct Segment {
    std::uint32_t address = 0;
    std::vector<std::uint8_t> bytes;  ///< with the zeros behind the file's contents
  };

  /// Throws InputError when the file is missing, truncated, or not a little-endian 32-bit Xtensa executable.
  explicit FirmwareImage(const std::string& path);
  ~FirmwareImage();
  FirmwareImage(const FirmwareImage&) = delete;
  FirmwareImage& operator=(const FirmwareImage&) = delete;

  /// Gives names to what has none, as of a stripped ELF. Names of C++ are known as they are mangled, as they are
  /// written
  /// ("Pool::get(unsigned int)"), and without what follows the name ("Pool::get") where only one function has it.
  /// Throws InputError when it is of another build.
  void add_symbols(const MapFile& map);
  /// Of functions and variables.
  std::size_t name_count() const { return functions_.size() + variables_.size(); }

  const std::string& path() const { return path_; }
  std::uint32_t entry() const { return entry_; }
  /// How its functions call each other: most of them begin with ENTRY, or few do.
  enum class Abi { call0, windowed };
  Abi abi() const { return windowed_functions_ * 2 > functions_.size() ? Abi::windowed : Abi::call0; }
  struct Function {
    std::string name;
    std::uint32_t address = 0, bytes = 0;
  };
  /// By address.
  std::vector<Function> functions() const;
  std::size_t windowed_functions() const { return windowed_functions_; }
  std::size_t function_count() const { return functions_.size(); }
  /// Whether it has dspmem's start-up code, which finds its heaps through the boot descriptor. Others are called
  /// without being started.
  bool starts_itself() const { return symbols_.contains("boot_descriptor"); }
  /// The bytes of the file at an address; empty where it has fewer.
  std::span<const std::uint8_t> bytes_at(std::uint32_t address, std::size_t count) const;
  const std::vector<Segment>& segments() const { return segments_; }

  /// What it was built for, as "NAME=value;" for each fact; empty when the image does not say.
  const std::string& platform_facts() const { return platform_facts_; }

  /// A variable of the program.
  struct Variable {
    std::string name;
    std::uint32_t address = 0, bytes = 0;
  };
  struct Section {
    std::string name;
    std::uint32_t address = 0, bytes = 0;
    bool writable = false, executable = false;
  };
  /// Where the firmware says that its shared statics are (SHARED_DATA of platform.h), by a section of that name or the
  /// symbols _shared_data_start and _shared_data_end: address and bytes.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> shared_data() const;
  /// Those that are loaded, in the order of the file.
  const std::vector<Section>& sections() const { return sections_; }
  /// A function's size; 0 when the file does not say.
  std::uint32_t function_bytes(std::uint32_t address) const;
  /// A variable by its name.
  std::optional<Variable> variable(const std::string& name) const;

  std::optional<std::uint32_t> symbol(const std::string& name) const;
  /// "the firmware has no function 'X'; did you mean ...?", or that it is overloaded. `subject`: "the firmware".
  /// REQUIRES: !symbol(name).
  Message why_unknown(const std::string& name, const std::string& subject) const;
  std::vector<std::string> function_names() const;
  /// Every name that symbol() knows.
  std::vector<std::string> symbol_names() const;
  /// The function that holds an address; empty when none does.
  std::string function_at(std::uint32_t address) const;
  SourceLine line_at(std::uint32_t address) const;
  /// The file that was compiled into this address; other than line_at().file where code was inlined from a header.
  std::string unit_at(std::uint32_t address) const;
  /// Empty name when no variable holds the address.
  Variable variable_at(std::uint32_t address) const;
  std::vector<std::string> variable_names() const;
  std::vector<Variable> variables() const;
  /// Symbols of fixed addresses that the file has no bytes for, as of a ROM, by address.
  std::map<std::uint32_t, std::string> absolute_symbols() const;
  /// Whether it has line tables.
  bool has_debug_information() const;

 private:
  struct Named {
    std::string name;
    std::uint32_t size;
  };
  struct Debug;
  void add_name(const std::string& name, std::uint32_t address);
  void count_windowed();

  std::string path_;
  std::string platform_facts_;
  std::uint32_t entry_ = 0;
  std::vector<Segment> segments_;
  std::vector<Section> sections_;
  std::size_t windowed_functions_ = 0;
  std::map<std::string, std::uint32_t> symbols_;
  /// Names of C++ without parameters: all that they may stand for, as they are written.
  std::map<std::string, std::map<std::string, std::uint32_t>> shorter_;
  std::map<std::uint32_t, std::string> absolute_;
  std::map<std::uint32_t, Named> functions_;
  std::map<std::uint32_t, Named> variables_;
  std::unique_ptr<Debug> debug_;
};

}  // namespace dspmem
