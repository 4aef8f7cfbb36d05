// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/interconnect/register_block.h"
#include "models/memory/sram.h"
#include "models/observer.h"

namespace dspmem {

/// How the bank power registers are laid out.
enum class PowerRegisters { cavs, ace };

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
/// Bits of banks that do not exist are ignored on writes and read as gated. An access that wakes a retained bank clears its
/// retention bit.
class PowerController : public RegisterBlock {
 public:
  PowerController(sc_core::sc_module_name name, PowerRegisters registers, std::vector<Sram*> srams, const Clock& clock);

  /// Told of every bank that loses its contents. REQUIRES: outlives this.
  void observe(HardwareObserver* observer) { observer_ = observer; }

  /// What a core read from a status register last, when that was the last thing it read here.
  struct Poll {
    std::uint32_t offset = 0, value = 0;
    std::uint64_t times = 0;             ///< in a row, with the same answer
    std::vector<std::string> missing;    ///< banks that the register has bits for, and that do not exist
    std::vector<std::string> gated;      ///< banks that are off, and nobody has asked for
  };
  std::optional<Poll> last_poll(std::uint32_t master) const;

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
  struct LastPoll {
    std::uint32_t offset, value;
    std::uint64_t times;
  };

  std::optional<Place> locate(std::uint32_t offset) const;
  std::uint32_t bits(const Place& place, std::uint64_t now) const;
  void set_state(Sram& sram, std::uint32_t bank, BankState state, std::uint64_t now);

  PowerRegisters registers_;
  HardwareObserver* observer_ = nullptr;
  std::vector<Sram*> srams_;
  std::map<std::uint32_t, LastPoll> polls_;  ///< by master
};

}  // namespace dspmem
