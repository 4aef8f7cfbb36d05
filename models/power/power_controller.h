// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "models/interconnect/register_block.h"
#include "models/memory/sram.h"
#include "models/observer.h"

namespace dspmem {

/// Bank power registers in the style of cAVS: for each SRAM, segments of 32 banks, 16 bytes apart.
///
///   SRAM k, segment s at offset 0x100 k + 0x10 s:
///     +0  control    1 = gate the bank (contents are lost at once), 0 = power it
///     +4  retention  held for the firmware to read back; a bank that stays powered is not affected
///     +8  status     1 = the bank is not usable: gated, or on its way up
///
/// Bits of banks that do not exist are ignored on writes and read as gated.
class PowerController : public RegisterBlock {
 public:
  static constexpr std::uint32_t sram_stride = 0x100, segment_stride = 0x10;
  static constexpr std::uint32_t control = 0, retention = 4, status = 8;

  PowerController(sc_core::sc_module_name name, std::vector<Sram*> srams, const Clock& clock);

  /// Told of every bank that loses its contents. REQUIRES: outlives this.
  void observe(HardwareObserver* observer) { observer_ = observer; }

 protected:
  bool read_register(std::uint32_t offset, std::uint32_t& value, std::uint64_t now, std::uint32_t master) override;
  bool write_register(std::uint32_t offset, std::uint32_t value, std::uint64_t now, std::uint32_t master) override;

 private:
  struct Place {
    Sram* sram;
    std::uint32_t first_bank;
    std::uint32_t register_offset;
    std::uint32_t* retention;
  };
  bool locate(std::uint32_t offset, Place& place);

  HardwareObserver* observer_ = nullptr;
  std::vector<Sram*> srams_;
  std::vector<std::vector<std::uint32_t>> retention_;
};

}  // namespace dspmem
