// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "tests/coherency/program.h"

namespace dspmem::test {

/// What every operation of a program comes to, found by following every state that the machine can be in: all orders of
/// the agents' operations that synchronisation permits, with all evictions and prefetches that are possible before,
/// between and after them. One verdict per operation of the program. In a program with a race, only the races are
/// reported: there is no latest write then.
///
/// From the definition of a coherency bug, with values in memory and caches; it knows nothing of windows, ages or
/// clocks. What it cannot see: locks that other orders would take the other way round (an order keeps the hand-overs of
/// the run), and more than one line at once.
///
/// The machine has at most 4 cores and lines of at most 8 bytes, the program at most 255 operations; throws
/// std::invalid_argument for more, and for operations that are not as program.h says.
std::vector<TinyVerdict> enumerate_orders(const TinyMachine& machine, const std::vector<TinyOperation>& program);

}  // namespace dspmem::test
