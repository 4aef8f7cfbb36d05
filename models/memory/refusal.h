// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace dspmem {

/// Why memory or a device answered an access with an error.
struct Refusal {
  enum class Kind : std::uint8_t {
    none,
    nothing_there,  ///< no memory or device at the address
    bad_register_access,  ///< a device has no such register, or takes no such access
    bank_off,  ///< the SRAM bank is powered off
    bank_in_retention,  ///< it keeps its contents at a voltage at which it cannot be accessed
    bank_not_usable_yet,  ///< it was switched on, and has not come up
    bank_without_regulator,  ///< it was switched on while its regulator was not, and never comes up
  };
  Kind kind = Kind::none;
  std::uint32_t bank_base = 0;  ///< of the bank_ kinds: physical address of its first byte
  std::string bank;  ///< and its name, such as HP3
  std::string text;  ///< the whole in words for the user
  std::uint32_t address = 0;  ///< of the bank_ kinds: physical, of what was accessed there

  bool of_bank() const { return kind >= Kind::bank_off; }
};
/// What is the matter with the bank, to follow its name: "is powered off". Empty for other kinds.
const char* state_of_bank(Refusal::Kind kind);

}  // namespace dspmem
