// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <utility>

#include "models/devices/register_block.h"
#include "models/system_config.h"

namespace dspmem {

/// Registers of hardware that the simulator does not have, so that code that uses them goes on: RegisterRange says what
/// they answer.
class ForeignRegisters : public RegisterBlock {
 public:
  ForeignRegisters(sc_core::sc_module_name name, const RegisterRange& range, const Clock& clock)
      : RegisterBlock(name, 2, clock), range_(range) {}

  struct Poll {
    std::uint32_t address = 0, value = 0;
    std::uint64_t times = 0;  ///< in a row
  };
  /// What was read last.
  const Poll& last_poll() const { return last_poll_; }

 protected:
  bool read_register(std::uint32_t offset, std::uint32_t& value, std::uint64_t, std::uint32_t) override {
    const auto known = words_.find(offset);
    value = known == words_.end() ? range_.value : known->second;
    if (range_.answer == RegisterRange::Answer::poll && std::exchange(last_read_, offset) == offset)
      words_[offset] = value = ~value;
    const bool again = last_poll_.times && last_poll_.address == range_.base + offset && last_poll_.value == value;
    last_poll_ = {range_.base + offset, value, again ? last_poll_.times + 1 : 1};
    return true;
  }
  bool write_register(std::uint32_t offset, std::uint32_t value, std::uint64_t, std::uint32_t) override {
    last_read_ = none;
    if (range_.answer != RegisterRange::Answer::constant) words_[offset] = value;
    return true;
  }

 private:
  static constexpr std::uint32_t none = ~0u;
  RegisterRange range_;
  std::map<std::uint32_t, std::uint32_t> words_;
  std::uint32_t last_read_ = none;
  Poll last_poll_;
};

}  // namespace dspmem
