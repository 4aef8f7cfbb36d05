// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "models/cache/l1_cache.h"
#include "models/core/block_cache.h"
#include "models/core/fault.h"

namespace dspmem {

/// What instructions touch most, laid out so that translated code can reach it.
struct CoreState {
  static constexpr std::uint32_t stack_depth = 512;  ///< calls remembered; deeper ones overwrite the oldest

  std::array<std::uint32_t, 16> a_{};  ///< the window: 16 physical registers from 4 * WINDOWBASE on
  std::uint32_t sar_ = 0;
  std::uint32_t pc_ = 0;
  std::uint64_t cycles_ = 0;
  std::uint64_t horizon_ = 0;
  BlockCounts counts_{};
  const L1Cache::FastEntry* fast_ = nullptr;  ///< of the data cache, in the present context
  const std::uint32_t* tags_ = nullptr;  ///< of the data cache
  const L1Cache::FastEntry* instruction_lines_ = nullptr;  ///< of the instruction cache
  const BlockCache::Entry* recent_blocks_ = nullptr;
  const Op* op_ = nullptr;  ///< current instruction, while a slow path runs
  const Block* block_ = nullptr;  ///< its block; null between blocks
  std::uint32_t frame_count_ = 0;
  std::uint32_t watched_depth_ = 0;  ///< the innermost watched call has returned when fewer frames are left
  std::uint64_t hidden_at_ =
      offsetof(L1Cache::Place, hidden);  ///< where a place has what is hidden in the present context
  // Noted with stores: see StoreLog::Record.
  std::uint64_t store_tag_ = 0;  ///< shifted to its place
  std::uint32_t caller_ = 0;  ///< where the current function will return to; 0 when nothing called it
  std::uint32_t failed_ = 0;  ///< a callback of translated code has thrown
  std::array<StackFrame, stack_depth> frames_{};
  std::array<std::uint32_t, 64> physical_{};  ///< all registers; those of the window are in a_
};
static_assert(std::is_standard_layout_v<CoreState>);

}  // namespace dspmem
