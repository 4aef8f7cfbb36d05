// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "models/core/core.h"

namespace dspmem::test {

/// Memory without time, for running a core outside of SystemC. SIMCALL 1 (exit) and 4 (write) as QEMU's.
class FlatEnvironment : public CoreEnvironment {
 public:
  struct Exit {
    std::uint32_t code;
  };
  static constexpr std::size_t masters = 2;  ///< so that the core asks for its turn

  explicit FlatEnvironment(const AddressMap& map) : CoreEnvironment(masters), map_(map) {
    for (const Region& region : map.regions())
      memory_[region.physical].resize(std::max<std::size_t>(memory_[region.physical].size(), region.size));
  }

  std::uint8_t* at(std::uint32_t address, std::size_t bytes) {
    const Region* region = map_.find(address);
    if (!region) throw BusError({Refusal::Kind::nothing_there, 0, "", "nothing there"});
    const std::uint32_t offset = address - region->base;
    if (offset + bytes > region->size) throw BusError({Refusal::Kind::nothing_there, 0, "", "beyond the region"});
    return memory_.at(region->physical).data() + offset;
  }

  std::uint32_t read(std::uint32_t address, std::span<std::uint8_t> bytes) override {
    std::memcpy(bytes.data(), at(address, bytes.size()), bytes.size());
    return wait_cycles;
  }
  std::uint32_t write(std::uint32_t address, std::span<const std::uint8_t> bytes) override {
    std::memcpy(at(address, bytes.size()), bytes.data(), bytes.size());
    return wait_cycles;
  }
  std::uint32_t write_line(std::uint32_t address, std::span<const std::uint8_t> line, const ByteMask& bytes) override {
    std::uint8_t* target = at(address, line.size());
    for (std::size_t i = 0; i < line.size(); ++i)
      if (bytes.test(static_cast<unsigned>(i))) target[i] = line[i];
    return wait_cycles;
  }
  std::uint32_t compare_and_swap(std::uint32_t address, std::uint32_t& expected, std::uint32_t desired) override {
    std::uint32_t held;
    std::memcpy(&held, at(address, 4), 4);
    if (held == expected) std::memcpy(at(address, 4), &desired, 4);
    expected = held;
    return wait_cycles;
  }
  void await_turn() override {
    if (core) core->set_horizon(core->now() + 10000);
  }
  void at_block_boundary() override { await_turn(); }
  void wait_for_interrupt() override {}
  std::uint32_t simulator_call(std::uint32_t number, std::span<const std::uint32_t, 3> arguments) override {
    if (number == 1) throw Exit{arguments[0]};
    if (number == 4) {
      // What a semihosting host sees: the core's own view, cached bytes first.
      for (std::uint32_t i = 0; i < arguments[2]; ++i) {
        std::uint8_t byte;
        if (!core->peek(arguments[1] + i, {&byte, 1})) byte = *at(arguments[1] + i, 1);
        output += static_cast<char>(byte);
      }
      return arguments[2];
    }
    return ~0u;
  }

  Core* core = nullptr;
  std::string output;
  std::uint32_t wait_cycles = 0;

 private:
  const AddressMap& map_;
  std::map<std::uint32_t, std::vector<std::uint8_t>> memory_;
};

}  // namespace dspmem::test
