// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/experiment/job.h"

namespace dspmem {

/// Orders of locks that are tried beside a run's own: for each core that takes a lock which another core takes as well,
/// that it is last, and that it is first and then last. A lock excludes, and does not say who is first: what it orders
/// one way in a run may come the other way round.
std::vector<ReplayOptions::LockOrder> other_lock_orders(const Job& job);

/// The replay that tries another order.
ReplayOptions in_lock_order(ReplayOptions options, const ReplayOptions::LockOrder& order);

/// What is found only where one core or another takes its locks last, as latent findings, for
/// ReplayOptions::also_found; and where one takes a lock first, and the others last. Replays the scenario's first 20
/// million cycles, and its first 5 million, once for each core that shares a lock; none, and at once, when there is
/// none.
std::vector<Result::Finding> find_in_other_lock_orders(const Job& job, const ReplayOptions& options);

}  // namespace dspmem
