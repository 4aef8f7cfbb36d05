// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "models/devices/register_block.h"

namespace dspmem {

class DspCore;

/// Power and boot address of the cores.
///
///   core k at offset 0x10 k:
///     +0  control  bit 0: 1 powers the core, which starts at its boot address; 0 cuts its power: registers and both L1
///                  caches are lost, dirty lines too. A core that is executing stops at the end of its current block.
///     +4  status   bit 0: the core has power
///     +8  boot     address of the first instruction after power-on
class CoreControl : public RegisterBlock {
 public:
  static constexpr std::uint32_t core_stride = 0x10, control = 0, status = 4, boot = 8;

  CoreControl(sc_core::sc_module_name name, std::vector<DspCore*> cores, const Clock& clock);

 protected:
  bool read_register(std::uint32_t offset, std::uint32_t& value, std::uint64_t now, std::uint32_t master) override;
  bool write_register(std::uint32_t offset, std::uint32_t value, std::uint64_t now, std::uint32_t master) override;

 private:
  std::vector<DspCore*> cores_;
  std::vector<std::uint32_t> boot_addresses_;
};

}  // namespace dspmem
