// SPDX-License-Identifier: Apache-2.0
// Memory that changes hands, or loses its contents: what was known of it counts no more.
#include <algorithm>
#include <utility>

#include "models/coherency/checked_line.h"

namespace dspmem {

std::uint32_t CoherencyChecker::forget(std::uint32_t address, std::uint32_t bytes) {
  Line* const found = lines_.find(address);
  if (!found || !found->touched) return 0;
  Line& line = *found;
  // What is settled says which unseen stores were read: they are taken in before.
  if (bytes != config_.rules.line_bytes && line.pending()) absorb(line);
  line.unsettle();
  if (bytes == config_.rules.line_bytes) forget_all(line);
  else forget_some(line, address - line.address, bytes);
  return std::exchange(line.permitted, 0);
}

void CoherencyChecker::forget_all(Line& line) {
  if (config_.rules.byte_dirty && line.pending()) absorb(line);
  if (config_.rules.byte_dirty && line.copies.dirty) expand(line);
  if (line.pending()) {  // nobody will ask what was stored; but the line is dirty
    line.log->take();
    store_alone(line, line.unseen, {});
  }
  line.copies.forget(ByteMask::range(0, config_.rules.line_bytes));
  line.forget_all_values();
  if (line.user == several) {
    line.histories.clear();
    line.user = nobody;
  }
  for (History& history : line.histories) history.clear();
  settle(line);
}

/// Reads stay, for windows of neighbours that begin later: nothing may order those.
void CoherencyChecker::forget_in(const Line& line, History& history, std::uint32_t offset, std::uint32_t bytes) {
  history.cells_of(offset, bytes);  // makes cells of bytes, if need be
  for (std::uint32_t i = offset; i < offset + bytes; i = history.behind(i)) {
    const History::Read read = history.read_of(i);
    if (!read.epoch || is_known(history.agent, read.epoch)) continue;
    if (const auto source = source_of(line, history, i))
      history.note_former(i, {read, {source->arrived, source->agent, source->cached}});
  }
  history.forget(offset, bytes);
}

void CoherencyChecker::forget_some(Line& line, std::uint32_t offset, std::uint32_t bytes) {
  if (config_.rules.byte_dirty && line.copies.dirty) expand(line);
  const ByteMask mask = ByteMask::range(offset, bytes);
  // The rest of the last word belongs to nobody, unless somebody has written it.
  std::uint32_t span = bytes;
  if (offset % 4 == 0 && bytes % 4 && !line.is_any_known(offset + bytes, 4 - bytes % 4)) span = bytes + 4 - bytes % 4;
  for (History& history : line.histories) {
    if (alone_) history.forget(offset, span);
    else forget_in(line, history, offset, span);
  }
  line.copies.forget(mask);
  line.forget_values(offset, bytes);
}

void CoherencyChecker::lose_memory(std::uint32_t address, std::uint32_t bytes, const Operation& cause) {
  for (std::size_t agent = 0; agent < max_agents; ++agent) absorb_all(static_cast<AgentId>(agent));
  for_each_line([&](Line& line) {
    line.unsettle();
    if (line.address - address >= bytes) return;
    ByteMask written;
    for (std::uint32_t i = 0; i < config_.rules.line_bytes; ++i)
      if (line.is_known(i)) written.set(i);
    if (written.none()) return;
    LineCopies::Shared& shared = expand(line);
    shared.lost |= written;
    shared.lost_by = cause;
    shared.lost_by.kind = Operation::Kind::power_off;
  });
}

void CoherencyChecker::memory_on(std::uint32_t address, std::uint32_t bytes, const Operation& cause) {
  std::erase_if(power_ons_, [&](const PowerOn& each) {
    return each.address == address || is_known(each.operation.agent, each.epoch);
  });
  for_each_line([&](Line& line) {
    if (line.address - address >= bytes) return;
    if (line.pending()) absorb(line);
    line.unsettle();
  });
  PowerOn on{address, bytes, clocks_[cause.agent][cause.agent], cause};
  on.operation.kind = Operation::Kind::power_on;
  power_ons_.push_back(on);
}

bool CoherencyChecker::is_power_unknown(AgentId agent, std::uint32_t address) const {
  return std::any_of(power_ons_.begin(), power_ons_.end(), [&](const PowerOn& each) {
    return address - each.address < each.bytes && agent != each.operation.agent && !(each.reported >> agent & 1) &&
           clocks_[agent][each.operation.agent] < each.epoch;
  });
}

void CoherencyChecker::check_power(Line& line, const Operation& access, std::uint32_t address) {
  if (++power_checks_ % 256 == 0)
    std::erase_if(power_ons_, [this](const PowerOn& each) { return is_known(each.operation.agent, each.epoch); });
  for (PowerOn& each : power_ons_) {
    if (address - each.address >= each.bytes || access.agent == each.operation.agent ||
        (each.reported >> access.agent & 1))
      continue;
    if (clocks_[access.agent][each.operation.agent] >= each.epoch) continue;  // nobody uses it before it is on
    each.reported |= 1u << access.agent;
    CoherencyFinding finding;
    finding.rule = Rule::unordered_power_on;
    finding.access = access;
    finding.address = address;
    finding.other = each.operation;
    finding.history = history_of_events(line);
    listener_.on_finding(finding);
  }
}

}  // namespace dspmem
