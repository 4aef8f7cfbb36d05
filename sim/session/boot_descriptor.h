// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/config/platform.h"

namespace dspmem {

/// The heap layout as the firmware receives it: struct boot_descriptor of models/firmware/include/boot.h, 32-bit little
/// endian.
std::vector<std::uint8_t> boot_descriptor(const Platform& platform);

}  // namespace dspmem
