// SPDX-License-Identifier: Apache-2.0
// Instructions that firmware writes: whether what a core executes is the latest, in every order and whatever its
// instruction cache keeps. A core's instruction cache may hold a line from its first fetch of it on until the core
// invalidates it there.
#include "models/coherency/checked_line.h"

namespace dspmem {

void CoherencyChecker::fetch(AgentId core, std::uint32_t address, std::span<const std::uint8_t> seen,
                             std::uint32_t first, const Site& site, std::uint64_t cycle) {
  const auto bytes = static_cast<std::uint32_t>(seen.size());
  const std::uint32_t offset = address & ~line_mask_;
  CodeLine& code = code_lines_[address & code_mask_];
  const bool held = code.holders >> core & 1;
  if (Line* const line = known_line(address); line && line->is_any_known(offset, bytes)) {
    // What is executed now tells more than what lies in front of it.
    for (const auto& [from, to] : {std::pair(first, bytes), std::pair(std::uint32_t{0}, first)}) {
      if (from == to) continue;
      const auto part = seen.subspan(from, to - from);
      fetching_ = true;
      do_read(core, View::direct, address + from, part, site, cycle, true);
      fetching_ = false;
      if (last_stale_ || last_raced_) break;
      if (held && check_code(*line, {Operation::Kind::fetch, core, View::cached, site, cycle}, offset + from, part,
                             code.copies[core], false))
        break;
    }
  }
  if (held) return;
  code.holders |= 1u << core;
  code.copies[core] = {clocks_[core], cycle};
}

void CoherencyChecker::enter_code(AgentId core, std::uint32_t address, std::span<const std::uint8_t> held,
                                  const Site& site, std::uint64_t cycle) {
  Line* const line = known_line(address);
  const auto code = code_lines_.find(address & code_mask_);
  if (!line || code == code_lines_.end() || !(code->second.holders >> core & 1)) return;
  const Operation access{Operation::Kind::fetch, core, View::cached, site, cycle};
  if (check_order(*line, access, address, static_cast<std::uint32_t>(held.size()), false))
    check_code(*line, access, address & ~line_mask_, held, code->second.copies[core], true);
}

/// Whether something is wrong. `executed`: what is held is executed; else it comes from memory, and the core may have
/// had an older copy.
bool CoherencyChecker::check_code(const Line& line, const Operation& access, std::uint32_t offset,
                                  std::span<const std::uint8_t> held, const CodeCopy& copy, bool executed) {
  const AgentId core = access.agent;
  std::optional<CoherencyFinding> worst;
  for (std::uint32_t i = offset; i < offset + held.size(); ++i) {
    if (!line.is_known(i)) continue;
    const Written latest = written(line, i);
    if (!latest.history) continue;
    const bool own = latest.agent == core;
    const bool in_memory = latest.arrived && (own || latest.arrived <= clocks_[core][latest.agent]);
    if (!in_memory && !executed) continue;  // the read of memory has found that
    // A core's own operations are in the order of their cycles.
    const std::uint64_t arrived_at = latest.commit ? latest.commit->cycle : latest.history->write_of(i).cycle();
    if (in_memory && (own ? arrived_at <= copy.cycle : latest.arrived <= copy.filled[latest.agent])) continue;
    const bool manifest = executed && held[i - offset] != line.truth(i);
    if (worst && !manifest) continue;
    CoherencyFinding& finding = worst.emplace();
    finding.rule = Rule::stale_code;
    finding.in_memory = in_memory;
    finding.manifest = manifest;
    finding.access = access;
    if (!in_memory) finding.access.view = View::direct;
    finding.address = line.address + i;
    finding.first = finding.last = i - offset;
    finding.other = last_write(line, i);
    finding.seen.push_back(held[i - offset]);
    finding.owed.push_back(line.truth(i));
    finding.history = history_of_events(line);
    if (manifest) break;
  }
  if (worst) listener_.on_finding(*worst);
  return worst.has_value();
}

void CoherencyChecker::drop_code(AgentId core, std::uint32_t address) {
  if (const auto code = code_lines_.find(address & code_mask_); code != code_lines_.end())
    code->second.holders &= ~(1u << core);
}

void CoherencyChecker::drop_code_set(AgentId core, std::uint32_t set, std::uint32_t sets, std::uint32_t line_bytes) {
  for (auto& [address, code] : code_lines_)
    if (address / line_bytes % sets == set) code.holders &= ~(1u << core);
}

void CoherencyChecker::drop_all_code(AgentId core) {
  for (auto& [address, code] : code_lines_) code.holders &= ~(1u << core);
}

bool CoherencyChecker::may_be_stored_unseen(std::uint32_t address) const {
  const Line* const line = lines_.find(address);
  return line && line->unseen != nobody;
}

std::uint32_t CoherencyChecker::code_holders(std::uint32_t address, std::uint32_t bytes) const {
  std::uint32_t holders = 0;
  for (std::uint32_t at = address & code_mask_; at < address + bytes; at += code_bytes())
    if (const auto code = code_lines_.find(at); code != code_lines_.end()) holders |= code->second.holders;
  return holders;
}

}  // namespace dspmem
