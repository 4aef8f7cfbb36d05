// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/config/platform.h"
#include "sim/image/firmware_image.h"
#include "sim/scenario/statics.h"

namespace dspmem {

/// Where each of them lies: cached addresses, in their order. Those without a place of their own follow the firmware's
/// variables. Throws InputError when one does not fit, or lies on something else.
std::vector<std::uint32_t> place_statics(const std::vector<StaticObject>& statics, const Platform& platform,
                                         const FirmwareImage& image);

/// Memory behind the image and the static objects that needs no bank which is not on anyway. Cached addresses.
PhysicalRange free_behind_image(const std::vector<StaticObject>& statics, const Platform& platform,
                                const FirmwareImage& image);

}  // namespace dspmem
