// SPDX-License-Identifier: Apache-2.0
// What others ask the checker: what it knows of memory that changes hands, or is switched off.
#include <algorithm>

#include "models/coherency/checked_line.h"

namespace dspmem {

bool CoherencyChecker::maintained_since(AgentId core, bool invalidated, std::uint32_t address, std::uint32_t bytes,
                                        AgentId writer, std::uint64_t cycle, std::uint32_t own, AgentId reader) const {
  const auto fits = [&](const Line::Event& event) {
    return event.agent == core &&
           (event.kind == Operation::Kind::write_back_invalidate ||
            event.kind == (invalidated ? Operation::Kind::invalidate : Operation::Kind::write_back));
  };
  // An operation that the line of `own` has had, too, covered it, if at the wrong time.
  const Line* const mine = lines_.find(own & line_mask_);
  const auto covered_own = [&](const Line::Event& event) {
    for (std::size_t age = 0; mine && age < mine->events.kept(); ++age)
      if (fits(mine->events[age]) && mine->events[age].site == event.site) return true;
    return false;
  };
  for (std::uint32_t base = address & line_mask_; base < address + bytes; base += config_.rules.line_bytes) {
    const Line* line = lines_.find(base);
    if (!line) continue;
    // Cycles of two cores say nothing of their order: what the core had heard of the writer when it invalidated the
    // line does.
    if (const LineCopies::Shared* const shared = line->copies.shared.get(); shared && invalidated && writer != core) {
      if (const std::uint32_t heard = clocks_[core][writer]; heard && shared->copies[core].invalidated[writer] >= heard)
        return true;
      continue;
    }
    // One that nothing orders before the read may still be under way, and come to the bytes that were read.
    if (!invalidated && core != reader && line->copies.cleaned_by(core) > clocks_[reader][core]) continue;
    for (std::size_t age = 0; age < line->events.kept(); ++age) {
      const Line::Event& event = line->events[age];
      if (fits(event) && event.cycle >= cycle && !covered_own(event)) return true;
    }
  }
  return false;
}

template <class Choose, class Look>
CoherencyChecker::Use CoherencyChecker::find_use(AgentId besides, std::uint32_t address, std::uint32_t bytes,
                                                 Choose choose, Look look) {
  const std::uint64_t end = std::uint64_t{address} + bytes;
  for (std::uint64_t base = address & line_mask_; base < end; base += config_.rules.line_bytes) {
    const Line* const line = known_line(static_cast<std::uint32_t>(base));
    if (!line || !line->used_besides(besides)) continue;
    const auto first = static_cast<std::uint32_t>(std::max<std::uint64_t>(base, address) - base),
               behind = static_cast<std::uint32_t>(std::min<std::uint64_t>(end - base, config_.rules.line_bytes));
    for (const History& history : line->histories) {
      if (history.agent == besides || !choose(*line, history)) continue;
      for (std::uint32_t offset = first; offset < behind; offset = history.behind(offset))
        if (const Operation found = look(history, offset); found.kind != Operation::Kind::none)
          return {found, line->address + offset};
    }
  }
  return {};
}

CoherencyChecker::Use CoherencyChecker::left_dirty_elsewhere(AgentId core, std::uint32_t address, std::uint32_t bytes) {
  if (alone_) return {};
  bool dirty = false;
  return find_use(
      core, address, bytes,
      [&](const Line& line, const History& history) {
        if (history.agent >= config_.rules.cores || !history.latest_cached_write) return false;
        dirty = line.copies.may_be_dirty(history.agent) ||
                line.copies.cleaned_by(history.agent) > clocks_[core][history.agent];
        return dirty;
      },
      [&](const History& history, std::uint32_t offset) {
        const History::Write& write = history.write_of(offset);
        return write.epoch && is_cached(write.site) ? last_write(history, offset) : Operation{};
      });
}

CoherencyChecker::Use CoherencyChecker::unordered_use(AgentId agent, std::uint32_t address, std::uint32_t bytes) {
  if (alone_) return {};
  return find_use(
      agent, address, bytes, [](const Line&, const History&) { return true; },
      [this, &clock = clocks_[agent]](const History& history, std::uint32_t offset) {
        const std::uint32_t known = clock[history.agent];
        if (history.write_of(offset).epoch > known) return last_write(history, offset);
        return history.read_of(offset).epoch > known ? last_read(history, offset) : Operation{};
      });
}

Operation CoherencyChecker::last_write(std::uint32_t address) {
  const Line* const line = known_line(address);
  return line ? last_write(*line, address & ~line_mask_) : Operation{};
}

std::vector<CoherencyChecker::DirtyLines> CoherencyChecker::dirty_lines(std::uint32_t address, std::uint32_t bytes) {
  std::vector<DirtyLines> found;
  const std::uint64_t end = std::uint64_t{address} + bytes;
  for (std::uint32_t core = 0; core < config_.rules.cores; ++core) {
    DirtyLines lines{static_cast<AgentId>(core), 0, 0, {}};
    for (std::uint64_t base = address & line_mask_; base < end; base += config_.rules.line_bytes) {
      const Line* const line = known_line(static_cast<std::uint32_t>(base));
      if (!line || !line->copies.may_be_dirty(core) || lines.count++) continue;
      const History* const history = line->history_of(lines.core);
      lines.first = line->address + (history ? history->first_cached_write().value_or(0) : 0);
      lines.write = last_store(*line, lines.core);
    }
    if (lines.count) found.push_back(std::move(lines));
  }
  return found;
}

}  // namespace dspmem
