// SPDX-License-Identifier: Apache-2.0
#include "models/devices/core_control.h"

#include "models/core/dsp_core.h"

namespace dspmem {

CoreControl::CoreControl(sc_core::sc_module_name name, std::vector<DspCore*> cores, const Clock& clock)
    : RegisterBlock(name, 2, clock), cores_(std::move(cores)), boot_addresses_(cores_.size()) {}

bool CoreControl::read_register(std::uint32_t offset, std::uint32_t& value, std::uint64_t, std::uint32_t) {
  const std::uint32_t core = offset / core_stride;
  if (core >= cores_.size()) return false;
  switch (offset % core_stride) {
    case control:
    case status: value = cores_[core]->powered(); return true;
    case boot: value = boot_addresses_[core]; return true;
    default: return false;
  }
}

bool CoreControl::write_register(std::uint32_t offset, std::uint32_t value, std::uint64_t now, std::uint32_t) {
  const std::uint32_t core = offset / core_stride;
  if (core >= cores_.size()) return false;
  switch (offset % core_stride) {
    case control:
      if (value & 1) cores_[core]->power_on(boot_addresses_[core], now);
      else cores_[core]->power_off();
      return true;
    case boot: boot_addresses_[core] = value; return true;
    default: return false;
  }
}

}  // namespace dspmem
