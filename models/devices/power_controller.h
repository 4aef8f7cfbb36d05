// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/devices/register_block.h"
#include "models/memory/sram.h"
#include "models/observe/observer.h"
#include "models/system_config.h"

namespace dspmem {

/// Bank power registers of all switchable SRAMs.
///
/// cavs: for each SRAM, segments of 32 banks, 16 bytes apart. SRAM k, segment s at offset 0x100 k + 0x10 s:
///     +0  control    1 = gate the bank (contents are lost at once), 0 = power it
///     +4  retention  1 = keep a powered bank's contents at low voltage
///     +8  status     1 = the bank is not ready: gated, or on its way up
///
/// ace: two words a bank. SRAM k, bank b at offset 0x400 k + 8 b:
///     +0  bit 0 control, bit 8 retention
///     +4  bit 0 status
///
/// Both, for an SRAM with a regulator: at offset 0xf00 + 4 k, bit 0 switches it on, bit 1 says that it has settled.
/// Banks that are switched on while it is off, or has not settled, or that have not come up when it goes off, never
/// come up: they have to be gated and switched on again. At reset it is off, and banks that are on are fed past it.
///
/// Bits of banks that do not exist are ignored on writes and read as gated. An access that wakes a retained bank clears
/// its retention bit.
class PowerController : public RegisterBlock {
 public:
  PowerController(sc_core::sc_module_name name, PowerRegisters registers, std::vector<Sram*> srams, const Clock& clock);

  /// Told of every bank that loses its contents. REQUIRES: outlives this.
  void observe(HardwareObserver* observer) { observer_ = observer; }

  /// What a core read from a status register last, when that was the last thing it read here.
  struct Poll {
    std::uint32_t offset = 0, value = 0;
    std::uint64_t times = 0;  ///< in a row, with the same answer
    std::vector<std::string> missing;  ///< banks that the register has bits for, and that do not exist
    std::vector<std::string> gated;  ///< banks that are off, and nobody has asked for
  };
  std::optional<Poll> last_poll(std::uint32_t master) const;

  /// How long a memory's regulator was on until `now`, and how much of that while none of its banks was.
  struct RegulatorTimes {
    std::string memory;
    std::uint64_t on = 0, wasted = 0;
  };
  std::vector<RegulatorTimes> regulator_times(std::uint64_t now);

 protected:
  bool read_register(std::uint32_t offset, std::uint32_t& value, std::uint64_t now, std::uint32_t master) override;
  bool write_register(std::uint32_t offset, std::uint32_t value, std::uint64_t now, std::uint32_t master) override;

 private:
  enum class Field { control, retention, both, status };
  struct Place {
    Sram* sram;
    std::uint32_t first_bank, banks;  ///< those that the register is about, whether or not they exist
    Field field;
  };
  struct Regulator {
    bool on = false;
    std::uint64_t settled_at = 0;
    std::uint64_t since = 0;  ///< accounted for up to here
    std::uint64_t on_cycles = 0, wasted = 0;
  };
  struct LastPoll {
    std::uint32_t offset, value;
    std::uint64_t times;
  };

  std::optional<Place> locate(std::uint32_t offset) const;
  std::uint32_t bits(const Place& place, std::uint64_t now) const;
  /// Null for offsets where there is none.
  Regulator* regulator_at(std::uint32_t offset);
  void account(std::size_t sram, std::uint64_t now);
  void set_state(Sram& sram, std::uint32_t bank, BankState state, std::uint64_t now);

  PowerRegisters registers_;
  HardwareObserver* observer_ = nullptr;
  std::vector<Sram*> srams_;
  std::vector<Regulator> regulators_;  ///< of srams_, whether or not they have one
  std::map<std::uint32_t, LastPoll> polls_;  ///< by master
};

}  // namespace dspmem
