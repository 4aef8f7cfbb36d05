// SPDX-License-Identifier: Apache-2.0
#include "sim/session/maintenance_sites.h"

#include <fmt/format.h>
#include <algorithm>

namespace dspmem {
namespace {

const char* name_of(CacheOperation operation) {
  switch (operation) {
    case CacheOperation::write_back: return "write-back";
    case CacheOperation::invalidate: return "invalidate";
    case CacheOperation::write_back_invalidate: return "write-back and invalidate";
    case CacheOperation::index_write_back: return "write-back of everything";
    case CacheOperation::index_invalidate: return "invalidate of everything";
    case CacheOperation::index_write_back_invalidate: return "write-back and invalidate of everything";
    default: return nullptr;
  }
}

}  // namespace

void MaintenanceSites::restart() {
  for (Entry& entry : entries_) entry.count = 0;
}

std::size_t MaintenanceSites::entry_of(Core& core, CacheOperation operation) {
  const SourceMark* step = steps_[core.id()];
  const std::vector<StackFrame> stack = core.call_stack();
  std::vector<std::uint64_t> path{static_cast<std::uint64_t>(operation), core.current_pc(),
                                  reinterpret_cast<std::uintptr_t>(step)};
  for (const StackFrame& frame : stack) path.push_back(frame.return_address);
  if (const auto known = known_.find(path); known != known_.end()) return known->second;

  // The unit with the cache instructions is the same for everybody; its first caller is who decided.
  const std::string primitives = image_.unit_at(core.current_pc());
  std::string place;
  for (const StackFrame& frame : stack) {
    if (frame.return_address == Core::trap_address) break;
    const std::uint32_t call = frame.return_address - 3;
    if (image_.unit_at(call) == primitives) continue;
    const SourceLine line = image_.line_at(call);
    place = fmt::format("{} ({}:{})", image_.function_at(call), line.file, line.line);
    break;
  }
  if (place.empty()) place = step ? "step " + step->to_string() : "start-up";
  const auto same = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& each) {
    return each.place == place && each.operation == name_of(operation);
  });
  const auto index = static_cast<std::size_t>(same - entries_.begin());
  if (same == entries_.end()) entries_.push_back({place, name_of(operation), 0});
  known_[path] = index;
  return index;
}

bool MaintenanceSites::allow(Core& core, CacheOperation operation) {
  if (!name_of(operation)) return true;
  const std::size_t index = entry_of(core, operation);
  ++entries_[index].count;
  return index != muted_;
}

}  // namespace dspmem
