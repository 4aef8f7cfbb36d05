// SPDX-License-Identifier: Apache-2.0
#include "sim/heap/interventions.h"

#include <algorithm>

namespace dspmem {

// ---- Quarantine ---------------------------------------------------------------------------------

void Quarantine::before_call(Core& core, std::uint32_t address) {
  const WatchedFunction& function = functions_.at(address);
  if (function.role == WatchedFunction::Role::free) {
    if (const std::uint32_t bytes = freed_[core.id()])
      function.set_old_block(core, exchange(function.old_block(core), bytes));
  }
  if (function.role != WatchedFunction::Role::reset) return;
  // What waits in these heaps is gone with them.
  const auto zone = static_cast<Zone>(abi::argument(core, *function.zone));
  std::erase_if(held_, [&](const Held& each) {
    const HeapLayout* heap = live_.heap_of(map_.alias(each.address, RegionKind::cached));
    const bool gone = heap && heap->per_core && heap->core == core.id() && heap->zone == zone;
    if (gone) bytes_ -= each.bytes;
    return gone;
  });
}

std::uint32_t Quarantine::exchange(std::uint32_t address, std::uint32_t bytes) {
  held_.push_back({address, bytes});
  bytes_ += bytes;
  if (bytes_ <= limit_) return 0;
  const Held oldest = held_.front();
  held_.pop_front();
  bytes_ -= oldest.bytes;
  return oldest.address;
}

// ---- Relocation ---------------------------------------------------------------------------------

bool Relocator::wants(const Core& core) const {
  if (const AllocationRequest* request = watch_.request(core.id()))
    return std::find(relocation_.names.begin(), relocation_.names.end(), request->name) != relocation_.names.end();
  std::array<StackFrame, 1> caller;
  return core.call_stack(caller) == 1 && std::find(relocation_.callers.begin(), relocation_.callers.end(),
                                                   caller[0].return_address) != relocation_.callers.end();
}

std::uint32_t Relocator::place(std::uint32_t bytes) {
  const std::uint32_t line = platform_.line_bytes();
  std::uint64_t at = (std::uint64_t{relocation_.base} + line - 1) / line * line;
  for (const auto& [base, size] : placed_) {
    if (at + bytes <= base) break;
    at = (std::uint64_t{base} + size + line - 1) / line * line;
  }
  if (at + bytes > std::uint64_t{relocation_.base} + relocation_.bytes) {
    fits_ = false;
    return 0;
  }
  placed_[static_cast<std::uint32_t>(at)] = bytes;
  return static_cast<std::uint32_t>(at);
}

void Relocator::before_call(Core& core, std::uint32_t address) {
  const WatchedFunction& function = functions_.at(address);
  const auto argument = [&](const std::optional<std::uint32_t>& position, std::uint32_t absent) {
    return position ? abi::argument(core, *position) : absent;
  };
  std::uint32_t result = 0;
  if (function.allocates() && wants(core)) {
    result = place(argument(function.bytes, 0) * argument(function.count, 1));
    const auto zone = static_cast<Zone>(argument(function.zone, static_cast<std::uint32_t>(function.fixed_zone)));
    const bool shared = argument(function.flags, 0) & 1 || zone == Zone::runtime_shared || zone == Zone::system_shared;
    if (result) abi::set_argument(core, *function.bytes, 0);  // nothing, for the allocator
    if (result && shared) result = map_.alias(result, RegionKind::uncached);
  }
  results_[core.id()].push_back({result, argument(function.out_pointer, 0)});
  if (function.role != WatchedFunction::Role::free) return;
  const std::uint32_t freed = function.old_block(core);
  if (freed && placed_.erase(map_.alias(freed, RegionKind::cached))) function.set_old_block(core, 0);
}

void Relocator::after_return(Core& core, std::uint32_t function) {
  std::vector<Returned>& results = results_[core.id()];
  if (results.empty()) return;
  if (results.back().block) functions_.at(function).set_new_block(core, results.back().out, results.back().block);
  results.pop_back();
}

}  // namespace dspmem
