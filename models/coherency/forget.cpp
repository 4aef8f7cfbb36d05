// SPDX-License-Identifier: Apache-2.0
// Memory that changes hands, or loses its contents: what was known of it counts no more.
#include <utility>

#include "models/coherency/checked_line.h"

namespace dspmem {

std::uint32_t CoherencyChecker::forget(std::uint32_t address, std::uint32_t bytes) {
  Line* const found = lines_.find(address);
  if (!found || !found->touched) return 0;
  Line& line = *found;
  line.unsettle();
  if (bytes == config_.rules.line_bytes) forget_all(line);
  else forget_some(line, address - line.address, bytes);
  return std::exchange(line.permitted, 0);
}

void CoherencyChecker::forget_all(Line& line) {
  if (line.pending()) {  // nobody will ask what was stored; but the line is dirty
    line.log->take();
    line.worlds.write_cached(line.unseen, {});
  }
  line.worlds.forget(ByteMask::range(0, config_.rules.line_bytes));
  line.forget_all_values();
  if (line.user == several) {
    line.histories.clear();
    line.user = nobody;
  }
  for (History& history : line.histories) history.clear();
}

void CoherencyChecker::forget_some(Line& line, std::uint32_t offset, std::uint32_t bytes) {
  if (line.pending()) absorb(line);
  const ByteMask mask = ByteMask::range(offset, bytes);
  // The rest of the last word belongs to nobody, unless somebody has written it.
  std::uint32_t span = bytes;
  if (offset % 4 == 0 && bytes % 4 && !line.is_any_known(offset + bytes, 4 - bytes % 4)) span = bytes + 4 - bytes % 4;
  line.worlds.forget(mask);
  line.forget_values(offset, bytes);
  for (History& history : line.histories) history.forget(offset, span);
}

void CoherencyChecker::lose_memory(std::uint32_t address, std::uint32_t bytes, const Operation& cause) {
  for (std::size_t agent = 0; agent < max_agents; ++agent) absorb_all(static_cast<AgentId>(agent));
  for_each_line([&](Line& line) {
    line.unsettle();
    if (line.address - address >= bytes) return;
    ByteMask written;
    for (std::uint32_t i = 0; i < config_.rules.line_bytes; ++i)
      if (line.is_known(i)) written.set(i);
    if (written.any()) line.worlds.lose_memory(written);
    line.cause = cause;
    line.cause.kind = Operation::Kind::power_off;
  });
}

}  // namespace dspmem
