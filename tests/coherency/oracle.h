// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "tests/coherency/program.h"

namespace dspmem::test {

/// What every operation of a program comes to, found by following every state that the hardware can be in: all evictions and
/// prefetches that are possible before, between and after the operations. One verdict per operation of the program.
/// The machine has at most 4 cores and lines of at most 8 bytes, the program at most 255 operations; throws
/// std::invalid_argument for more, and for operations that are not as program.h says.
std::vector<TinyVerdict> enumerate_schedules(const TinyMachine& machine, const std::vector<TinyOperation>& program);

}  // namespace dspmem::test
