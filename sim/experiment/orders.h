// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/experiment/job.h"

namespace dspmem {

/// The cores that take a lock which another core takes as well. A lock excludes, and does not say who is first: what it
/// orders one way in a run may come the other way round.
std::vector<std::uint32_t> cores_with_shared_locks(const Job& job);

/// The replay that tries the other order for one of them: this core takes its locks when no other core can go on.
ReplayOptions in_lock_order(ReplayOptions options, std::uint32_t core);

/// What is found only where one core or another takes its locks last, as latent findings, for
/// ReplayOptions::also_found. Replays the scenario's first 20 million cycles once for each core that shares a lock;
/// none, and at once, when there is none.
std::vector<Result::Finding> find_in_other_lock_orders(const Job& job, const ReplayOptions& options);

}  // namespace dspmem
