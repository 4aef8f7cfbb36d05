// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <span>
#include <string>

#include "models/system.h"
#include "sim/config/error.h"
#include "sim/image/firmware_image.h"
#include "sim/session/stand_ins.h"

namespace dspmem {

/// Calls functions of the firmware by name, and answers what the firmware asks of the simulator.
class FirmwareCalls {
 public:
  /// `stand_ins`: for functions that the image lacks; null where those are errors.
  FirmwareCalls(System& system, const FirmwareImage& image, StandIns* stand_ins)
      : system_(system), image_(image), stand_ins_(stand_ins) {}

  const FirmwareImage& image() const { return image_; }
  /// Returns the function's result. Words beyond the sixth are passed on the stack. An unknown name is an InputError at
  /// `mark`.
  std::uint32_t call(DspCore& core, const std::string& function, std::span<const std::uint32_t> arguments,
                     const SourceMark& mark) const;
  std::uint32_t call(DspCore& core, const std::string& function, std::initializer_list<std::uint32_t> arguments,
                     const SourceMark& mark) const {
    return call(core, function, std::span<const std::uint32_t>(arguments.begin(), arguments.size()), mark);
  }
  /// SIMCALL of the firmware: panics, exits, output. Returns its result.
  std::uint32_t serve(DspCore& core, std::uint32_t number, std::span<const std::uint32_t, 3> arguments) const;

 private:
  std::string read_text(DspCore& core, std::uint32_t address, std::uint32_t length) const;

  System& system_;
  const FirmwareImage& image_;
  StandIns* stand_ins_;
};

}  // namespace dspmem
