// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/config/fields.h"
#include "sim/config/platform.h"

namespace dspmem {

/// Limits of the boot descriptor, boot.h.
constexpr std::uint32_t max_cores = 8, max_block_sizes = 12;

enum class Atomics { memory, write_back_drop, cached };

const Choices<WritePolicy>& write_policies();
const Choices<Atomics>& atomics_choices();
const Choices<PowerRegisters>& power_register_layouts();
/// Whether an access wakes a bank that is retained.
const Choices<bool>& retained_accesses();
const Choices<SharedData>& shared_data_choices();

}  // namespace dspmem
