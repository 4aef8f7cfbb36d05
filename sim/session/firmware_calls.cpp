// SPDX-License-Identifier: Apache-2.0
#include "sim/session/firmware_calls.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "models/core/abi.h"

namespace dspmem {
namespace {

// Numbers of the firmware's simcalls: boot.c.
constexpr std::uint32_t simcall_exit = 1, simcall_write = 4, simcall_panic = 0x50;
constexpr std::uint32_t longest_text = 4096;

}  // namespace

std::uint32_t FirmwareCalls::call(DspCore& core, const std::string& function, std::span<const std::uint32_t> arguments,
                                  const SourceMark& mark) const {
  const auto address = image_.symbol(function);
  if (!address && stand_ins_ && StandIns::knows(function)) return stand_ins_->call(core, function, arguments, mark);
  if (!address) throw InputError(mark, image_.why_unknown(function, "the firmware"));
  if (arguments.size() <= abi::register_arguments) return core.call(*address, arguments);
  const std::span<const std::uint32_t> on_stack = arguments.subspan(abi::register_arguments);
  const std::uint32_t stack = core.core().reg(abi::stack_register);
  const std::uint32_t bytes = 4 * static_cast<std::uint32_t>(on_stack.size());
  std::uint32_t at = (stack - bytes) / abi::stack_alignment * abi::stack_alignment;
  core.core().set_reg(abi::stack_register, at);
  for (const std::uint32_t word : on_stack) core.core().store(std::exchange(at, at + 4), word, 4);
  const std::uint32_t result = core.call(*address, arguments.first(abi::register_arguments));
  core.core().set_reg(abi::stack_register, stack);
  return result;
}

std::string FirmwareCalls::read_text(DspCore& core, std::uint32_t address, std::uint32_t length) const {
  std::string text;
  for (std::uint32_t i = 0; i < std::min(length, longest_text); ++i) {
    std::uint8_t byte = 0;
    try {
      if (!core.core().peek(address + i, {&byte, 1})) system_.inspect(address + i, {&byte, 1});
    } catch (const std::out_of_range&) { break; }
    text += static_cast<char>(byte);
  }
  return text;
}

std::uint32_t FirmwareCalls::serve(DspCore& core, std::uint32_t number,
                                   std::span<const std::uint32_t, 3> arguments) const {
  switch (number) {
    case simcall_panic: core.core().fault(FaultCause::panic, read_text(core, arguments[0], arguments[1]));
    case simcall_exit:
      core.core().fault(FaultCause::panic, "the firmware called exit(" + std::to_string(arguments[0]) + ")");
    case simcall_write: {
      const std::string text = read_text(core, arguments[1], arguments[2]);
      std::fwrite(text.data(), 1, text.size(), stderr);
      return arguments[2];
    }
    default:
      core.core().fault(FaultCause::illegal_instruction, "simcall " + std::to_string(number) + " does not exist");
  }
}

}  // namespace dspmem
