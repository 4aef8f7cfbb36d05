// SPDX-License-Identifier: Apache-2.0
// What the checker remembers of one line, and how its parts find it. Of the checker's own sources, not of its interface.
#pragma once

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <cstring>
#include <memory>
#include <utility>

#include "models/coherency/checker.h"

namespace dspmem {

inline constexpr std::uint32_t no_site = 0;
inline constexpr AgentId nobody = 0xff;
inline constexpr std::size_t events_kept = 8;

/// When an agent last accessed each byte of a line. Epoch 0: never. Kept for words as long as all accesses are of whole words, which
/// makes it a quarter of the size; for bytes from the first on that is not.
struct CoherencyChecker::History {
  struct Read {
    std::uint32_t epoch = 0;
    std::uint32_t site = no_site;  ///< number of site and view
  };
  struct Write : Read {
    std::uint64_t cycle = 0;
  };
  struct Cell {
    Write write;
    Read read;
  };
  /// `room` for as many cells as the line has words; null: its own.
  History(AgentId agent, std::uint32_t line_bytes, Cell* room) : agent(agent), count(line_bytes >> 2), cells(room) {
    if (cells) std::fill(cells, cells + count, Cell{});
    else own_cells(count);
  }

  const Read& read_of(std::uint32_t offset) const { return cells[offset >> shift].read; }
  const Write& write_of(std::uint32_t offset) const { return cells[offset >> shift].write; }
  std::span<Cell> cells_of(std::uint32_t offset, std::uint32_t bytes) {
    if (shift && (offset | bytes) & 3) refine();
    return {cells + (offset >> shift), bytes >> shift};
  }
  std::span<Cell> all() { return {cells, count}; }
  /// The first byte behind the cell that a byte is in.
  std::uint32_t behind(std::uint32_t offset) const { return ((offset >> shift) + 1) << shift; }
  void refine() {
    const Cell* const of_words = cells;
    const std::unique_ptr<Cell[]> kept = std::move(own);
    own_cells(count * 4);
    for (std::uint32_t i = 0; i < count; ++i) cells[i] = of_words[i / 4];
    shift = 0;
  }

  AgentId agent;
  std::uint8_t shift = 2;
  std::uint32_t count;
  Cell* cells;
  std::unique_ptr<Cell[]> own;

 private:
  void own_cells(std::uint32_t wanted) {
    own = std::make_unique<Cell[]>(wanted);
    cells = own.get();
    count = wanted;
  }
};

/// What every event touches comes first, and all of it lies side by side: a simulated cache miss is one of the host's, too, or several.
struct CoherencyChecker::Line {
  Line(const CacheRules& rules, std::uint32_t address, History::Cell* room, std::uint8_t* bytes)
      : address(address), worlds(rules), truth(bytes), writers(bytes + rules.line_bytes), room(room) {
    std::memset(writers, nobody, rules.line_bytes);
  }
  bool pending() const { return unseen != nobody && logged.log && logged.log->written; }
  void unsettle() { settled_reads = parked_reads = 0; }
  /// The latest value of some bytes, and whose it is.
  void keep(std::uint32_t offset, const std::uint8_t* value, std::uint32_t bytes, AgentId writer) {
    if (bytes == 4) [[likely]] {  // a size that the compiler knows
      std::memcpy(truth + offset, value, 4);
      std::memset(writers + offset, writer, 4);
      return;
    }
    std::memcpy(truth + offset, value, bytes);
    std::memset(writers + offset, writer, bytes);
  }

  std::uint32_t address;
  bool touched = false;
  AgentId unseen = nobody;  ///< who may store to it unseen
  // Reads that would change nothing: by this agent, through this view, in this epoch, of these parts, which were found in order and
  // fresh, with nothing on the line since.
  AgentId reader = 0;
  View reader_view = View::cached;
  std::uint8_t reader_context = 0;
  std::uint8_t permitted = 0;  ///< cores that somebody let do something to it unseen
  std::uint32_t reader_epoch = 0;
  std::uint64_t settled_reads = 0;
  // The same before the agent's own last store: they only have to be shown to the line once more.
  std::uint64_t parked_reads = 0;
  LoggedLine logged;  ///< where unseen stores are noted
  LineWorlds worlds;
  boost::container::small_vector<History, 1> histories;
  std::uint8_t* truth;  ///< by byte: the latest value written
  AgentId* writers;     ///< by byte: who wrote it last
  ByteMask known;       ///< bytes whose truth is set
  History::Cell* room;  ///< for the first history
  Deed cause;           ///< what last may have destroyed bytes
  /// Cache operations count only for whoever they are ordered before: per core, its last write-backs, and what it knew of others when it
  /// last invalidated. Made when core 0 is not alone any more.
  struct WriteBack {
    std::uint32_t epoch = 0;
    Deed deed;
  };
  struct Maintenance {
    static constexpr std::size_t kept = 4;
    std::array<std::array<WriteBack, kept>, LineWorlds::max_cores> write_backs;
    std::array<std::size_t, LineWorlds::max_cores> count{};
    std::array<VectorClock, LineWorlds::max_cores> invalidated{};

    /// The first write-back of a core after a cycle. Null when there was none, or it is not remembered.
    const WriteBack* first_after(AgentId core, std::uint64_t cycle) const {
      for (std::size_t i = count[core] > kept ? count[core] - kept : 0; i < count[core]; ++i) {
        const WriteBack& each = write_backs[core][i % kept];
        if (each.deed.cycle >= cycle) return count[core] > kept && i == count[core] - kept ? nullptr : &each;
      }
      return nullptr;
    }
  };
  std::unique_ptr<Maintenance> maintenance;
  std::uint64_t clean_until = 0;  ///< core 0 wrote the line back in this cycle, while it was alone: ordered before all that comes
  /// A Deed in short.
  struct Event {
    std::uint64_t cycle = 0;
    std::uint32_t site = no_site;  ///< number of site and view
    std::uint32_t count = 1;
    Deed::Kind kind = Deed::Kind::none;
    AgentId agent = 0;
  };
  std::array<Event, events_kept> events;
  std::size_t event_count = 0;
};

/// Neighbouring lines, with what they need room for.
struct CoherencyChecker::Page {
  static constexpr std::uint32_t count = LineTable<Page>::page_lines;

  Page(const CacheRules& rules, std::uint32_t address)
      : cells(std::make_unique_for_overwrite<History::Cell[]>(std::size_t{count} * rules.line_bytes / 4)),
        bytes(std::make_unique<std::uint8_t[]>(std::size_t{count} * 2 * rules.line_bytes)),
        lines(make(rules, address, std::make_integer_sequence<std::uint32_t, count>())) {}

  std::unique_ptr<History::Cell[]> cells;
  std::unique_ptr<std::uint8_t[]> bytes;
  std::array<Line, count> lines;

 private:
  template <std::uint32_t... Index>
  std::array<Line, count> make(const CacheRules& rules, std::uint32_t address, std::integer_sequence<std::uint32_t, Index...>) {
    return {{Line(rules, address + Index * rules.line_bytes, &cells[Index * rules.line_bytes / 4], &bytes[Index * 2 * rules.line_bytes])...}};
  }
};

inline CoherencyChecker::Line& CoherencyChecker::peek_line(std::uint32_t address) {
  Line* const known = lines_.find(address);
  return known && known->touched ? *known : first_touch(address);
}

inline CoherencyChecker::Line& CoherencyChecker::seen_line(std::uint32_t address) {
  Line& line = peek_line(address);
  if (line.pending()) absorb(line);
  return line;
}

inline CoherencyChecker::Line& CoherencyChecker::line_of(std::uint32_t address) {
  Line& line = seen_line(address);
  line.unsettle();
  return line;
}

inline CoherencyChecker::Line* CoherencyChecker::known_line(std::uint32_t address) {
  Line* line = lines_.find(address);
  if (!line || !line->touched) return nullptr;
  if (line->pending()) absorb(*line);
  return line;
}

template <class Visit>
void CoherencyChecker::for_each_line(Visit visit) const {
  lines_.for_each([&visit](Line& line) {
    if (line.touched) visit(line);
  });
}

inline CoherencyChecker::History& CoherencyChecker::history_of(Line& line, AgentId agent) {
  if (!line.histories.empty() && line.histories.front().agent == agent) [[likely]] return line.histories.front();
  for (History& history : line.histories)
    if (history.agent == agent) return history;
  line.histories.emplace_back(agent, config_.rules.line_bytes, line.histories.empty() ? line.room : nullptr);
  return line.histories.back();
}

inline void CoherencyChecker::note(Line& line, Deed::Kind kind, AgentId agent, std::uint32_t site, std::uint64_t cycle) {
  if (line.event_count) {
    Line::Event& last = line.events[(line.event_count - 1) % events_kept];
    if (last.kind == kind && last.agent == agent && last.site == site) {
      ++last.count;
      return;
    }
  }
  line.events[line.event_count++ % events_kept] = {cycle, site, 1, kind, agent};
}

}  // namespace dspmem
