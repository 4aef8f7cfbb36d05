// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <set>
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
  using Listener = std::function<void(std::uint32_t address, bool write, std::uint32_t core)>;
  /// `listener` hears of the first access to each page of 4 KiB.
  void tell_of_pages(Listener listener) { listener_ = std::move(listener); }
  const RegisterRange& range() const { return range_; }

  /// What was read last.
  const Poll& last_poll() const { return last_poll_; }

 protected:
  bool has_parts() const override { return true; }
  bool read_register(std::uint32_t offset, std::uint32_t& value, std::uint64_t, std::uint32_t core) override {
    note_page(offset, false, core);
    const auto known = words_.find(offset);
    value = known == words_.end() ? range_.value : known->second;
    if (range_.answer == RegisterRange::Answer::poll && std::exchange(last_read_, offset) == offset)
      words_[offset] = value = ~value;
    const bool again = last_poll_.times && last_poll_.address == range_.base + offset;
    last_poll_ = {range_.base + offset, value, again ? last_poll_.times + 1 : 1};
    return true;
  }
  bool write_register(std::uint32_t offset, std::uint32_t value, std::uint64_t, std::uint32_t core) override {
    note_page(offset, true, core);
    last_read_ = none;
    last_poll_ = {};
    if (range_.answer != RegisterRange::Answer::constant) words_[offset] = value;
    return true;
  }

 private:
  void note_page(std::uint32_t offset, bool write, std::uint32_t core) {
    constexpr std::uint32_t page = 4096;
    const std::uint32_t address = range_.base + offset;
    if (listener_ && pages_.insert(address / page).second) listener_(address, write, core);
  }

  static constexpr std::uint32_t none = ~0u;
  RegisterRange range_;
  std::map<std::uint32_t, std::uint32_t> words_;
  std::uint32_t last_read_ = none;
  Poll last_poll_;
  Listener listener_;
  std::set<std::uint32_t> pages_;  ///< that were accessed, where somebody listens
};

}  // namespace dspmem
