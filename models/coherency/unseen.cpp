// SPDX-License-Identifier: Apache-2.0
// What need not be seen: accesses that would change no verdict, because the same was settled before, or because they
// are only noted, in the line's log, from which they are taken in when they matter.
#include <bit>

#include "models/coherency/checked_line.h"

namespace dspmem {

std::uint64_t CoherencyChecker::settled_of(const Line& line, AgentId agent, View view) const {
  return line.reader == agent && line.reader_view == view && line.reader_epoch == clocks_[agent][agent]
             ? line.settled_reads
             : 0;
}

bool CoherencyChecker::settled_read(AgentId agent, View view, std::uint32_t address, std::uint32_t bytes) const {
  const std::uint64_t wanted = settled_mask(address, bytes);
  const Line* line = lines_.find(address);
  return wanted && line && (settled_of(*line, agent, view) & wanted) == wanted;
}

std::uint64_t CoherencyChecker::settled_parts(AgentId agent, View view, std::uint32_t address) const {
  const Line* line = lines_.find(address);
  if (!line) return 0;
  if (alone_ && agent < config_.rules.cores && surely_fresh(*line, agent, View::cached) && line->copies.may_hold(agent))
    return ~0ull;
  return settled_of(*line, agent, view);
}

inline bool CoherencyChecker::exclusive(Line& line, AgentId agent) {
  if (!is_only_user(line, agent)) return false;
  // What was read through another view, or in another epoch, is not settled behind such a store.
  if (line.reader != agent || line.reader_view != View::cached || line.reader_epoch != clocks_[agent][agent])
    line.unsettle();
  if (std::exchange(line.unseen, agent) != agent) exclusive_[agent].push_back(&line);  // and may stay in another's
  return true;
}

CoherencyChecker::Filled CoherencyChecker::filled(AgentId agent, std::uint32_t address, StoreLog& log, bool may_store) {
  Line& line = peek_line(address);
  Filled result;
  if (alone_) [[likely]] {
    if (surely_fresh(line, agent, View::cached)) {
      touch(line, agent);
      result.settled = ~0ull;
    } else {
      result.settled = settled_of(line, agent, View::cached);
    }
    result.exclusive = may_store && (line.unseen == nobody || line.unseen == agent) && exclusive(line, agent);
  } else {
    // The observer has to see the access: see check_power().
    if (!power_ons_.empty() && is_power_unknown(agent, address)) [[unlikely]]
      return result;
    // The observer sees the first store, so that it is known which reads come after it.
    result.settled = settled_of(line, agent, View::cached);
  }
  if (result.exclusive) use_log(line, log);
  if (!result.exclusive && !result.settled) return result;
  line.permitted |= static_cast<std::uint8_t>(1u << agent);
  return result;
}

void CoherencyChecker::note_permitted(AgentId core, std::uint32_t address) {
  peek_line(address).permitted |= static_cast<std::uint8_t>(1u << core);
}

std::uint32_t CoherencyChecker::take_permitted(std::uint32_t address, std::uint32_t cores) {
  Line* const line = lines_.find(address);
  if (!line) return 0;
  const std::uint32_t taken = line->permitted & cores;
  line->permitted &= static_cast<std::uint8_t>(~cores);
  return taken;
}

bool CoherencyChecker::exclusive(AgentId agent, std::uint32_t address) { return exclusive(peek_line(address), agent); }

void CoherencyChecker::use_log(std::uint32_t address, StoreLog& log) { use_log(peek_line(address), log); }

void CoherencyChecker::use_log(Line& line, StoreLog& log) {
  if (line.pending()) absorb(line);
  line.log = &log;
  log.owner = line.address;
}

std::uint32_t CoherencyChecker::set_origin(AgentId core, const void* origin) {
  Origins& origins = origins_[core];
  if (origins.known[origins.tag] == origin) return origins.tag;
  if (++origins.tag == origins_kept) {
    // Tags mean others from here on.
    for (Line* line : exclusive_[core])
      if (line->unseen == core && line->pending()) absorb(*line);
    origins.tag = 0;
  }
  origins.known[origins.tag] = origin;
  return origins.tag;
}

void CoherencyChecker::end_log(StoreLog& log) {
  Line& line = peek_line(log.owner);
  if (line.log != &log) return;  // another core's has taken its place
  if (line.pending()) absorb(line);
  line.log = nullptr;
}

void CoherencyChecker::absorb_all(AgentId agent) {
  for (Line* line : std::exchange(exclusive_[agent], {})) {
    if (line->unseen != agent) continue;
    if (line->pending()) absorb(*line);
    line->unseen = nobody;
  }
}

void CoherencyChecker::absorb(Line& line) {
  const AgentId agent = line.unseen;
  line.atomic_word = Line::no_word;
  StoreLog& log = *line.log;
  const std::uint8_t* const contents = log.contents(config_.rules.line_bytes);
  const std::uint64_t written = log.take();
  if (store_sink_) store_sink_->on_stored(line.address, written);
  History& history = history_of(line, agent);
  const std::uint32_t epoch = clocks_[agent][agent];
  const StoreLog::Record* last = nullptr;
  const std::uint64_t settled = alone_ ? 0 : settled_of(line, agent, View::cached);
  History::Write noted{{epoch, no_site}, 0};
  ByteMask mask;
  for (std::uint64_t rest = written; rest;) {
    const std::uint32_t word = static_cast<std::uint32_t>(std::countr_zero(rest)) >> word_shift_,
                        word_at = word << word_shift_;
    const std::uint64_t here = rest >> word_at & word_mask_;
    rest &= ~(word_mask_ << word_at);
    const StoreLog::Record& record = log.words()[word];
    if (!last || last->pc != record.pc || last->caller != record.caller || last->tag() != record.tag()) {
      noted.site = site_number({record.pc, record.caller, origins_[agent].known[record.tag()]}, View::cached);
      note(line, Operation::Kind::write, agent, noted.site, record.cycle());
    } else {
      ++line.events.latest().count;
    }
    last = &record;
    noted.when = record.cycle();
    if (!alone_) {
      noted.set_unread(!(settled & here << word_at));
      if (noted.unread()) keep_sources(line, history, word * 4, 4);
    }
    if (here == word_mask_) {
      history.note_write(word * 4, 4, noted);
      line.keep(word * 4, contents + word * 4, 4, agent);
      if (part_shift_) mask |= ByteMask::range(word * 4, 4);
      continue;
    }
    // Bytes of one word share what the last store to any of them says.
    for (std::uint32_t part = 0; part < 1u << word_shift_; ++part) {
      if (!(here >> part & 1)) continue;
      const std::uint32_t bytes = 1u << part_shift_, at = word * 4 + part * bytes;
      history.note_write(at, bytes, noted);
      line.keep(at, contents + at, bytes, agent);
      if (part_shift_) mask |= ByteMask::range(at, bytes);
    }
  }
  if (!part_shift_) mask.words[0] = written;
  store_alone(line, agent, mask);
}

}  // namespace dspmem
