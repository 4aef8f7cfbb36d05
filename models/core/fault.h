// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "models/memory/refusal.h"

namespace dspmem {

enum class FaultCause {
  illegal_instruction,
  unaligned_access,
  unmapped_access,
  bus_error,
  breakpoint,
  divide_by_zero,
  atomic_access,
  access_violation,
  cache_lock,
  panic,
  watchdog,
  endless_wait,
};

/// One call that had not returned: the function entered, and where it will return to.
struct StackFrame {
  std::uint32_t callee = 0;
  std::uint32_t return_address = 0;
};

/// The simulated firmware did something its core cannot do. Ends the run; never a fault of the simulator.
class CoreFault : public std::runtime_error {
 public:
  CoreFault(FaultCause cause, const std::string& what) : std::runtime_error(what), cause(cause) {}

  FaultCause cause;
  std::uint32_t core = 0;
  std::uint32_t pc = 0;
  std::uint64_t cycle = 0;
  std::uint32_t address = 0;  ///< of the access that could not be made, as the core knows it
  Refusal refusal;  ///< of a bus_error
  std::vector<StackFrame> stack;  ///< innermost call first
};

/// Memory answered an access with an error; the core turns it into a CoreFault that knows the instruction.
class BusError : public std::runtime_error {
 public:
  explicit BusError(Refusal refusal) : std::runtime_error(refusal.text), refusal(std::move(refusal)) {}

  Refusal refusal;
};

}  // namespace dspmem
