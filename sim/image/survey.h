// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/image/firmware_image.h"

namespace dspmem {

/// A function of a family of allocators, and how a binding describes it.
struct KnownFunction {
  std::string name;
  const char* role;  ///< as in a binding
  const char* arguments;  ///< as in a binding
};

/// An allocator that is recognised by the names of its functions.
struct KnownAllocator {
  std::string name;  ///< what people call it
  std::vector<KnownFunction> functions;  ///< those that the image has
};

/// What an image is made of, from its symbols and bytes; nothing is executed.
struct ImageSurvey {
  std::vector<KnownAllocator> allocators;
  /// Where its heap may be: a variable whose name says so and that is the largest of those, or symbols around memory
  /// that is left.
  std::string heap_variable;
  std::uint32_t heap_variable_bytes = 0;
  std::string heap_begin, heap_end;
  std::map<std::string, std::uint64_t>
      options;  ///< by option of the instruction set: instructions in functions that need it
  struct Unknown {
    std::string what;  ///< "HiFi instruction (FLIX bundle)", "MAC16 instruction"...
    std::uint64_t count = 0;
    std::uint32_t first = 0;  ///< address
  };
  std::vector<Unknown> unknown;  ///< that the simulator does not execute
  std::uint64_t instructions = 0;  ///< that can be reached within functions
  std::vector<std::string> rom;  ///< symbols of fixed addresses where the file has nothing, as of a ROM
};

ImageSurvey survey(const FirmwareImage& image);

/// A binding to start from: what is known is filled in, what is not is a comment that says what to look up. `firmware`
/// and `symbols`: the paths it names; the second may be empty.
std::string binding_for(const FirmwareImage& image, const ImageSurvey& survey, const std::string& firmware,
                        const std::string& symbols);

}  // namespace dspmem
