// SPDX-License-Identifier: Apache-2.0
// What the checker remembers of one line, and how its parts find it. Of the checker's own sources, not of its
// interface.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <boost/container/small_vector.hpp>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "models/coherency/checker.h"

namespace dspmem {

inline constexpr std::uint32_t no_site = 0;
inline constexpr AgentId nobody = 0xff, several = 0xfe;
inline constexpr std::size_t events_kept = 8;
inline constexpr std::uint32_t atomic_bytes = 4;

// A number of a site and a view.
inline View view_of(std::uint32_t number) { return static_cast<View>(number % 3); }
inline bool is_cached(std::uint32_t number) { return view_of(number) == View::cached; }

/// A cache operation on the line by the core that had stored to it: memory has the stores from then on, or may never
/// have them.
struct CoherencyChecker::HistoryCommit {
  std::uint32_t epoch = 0;
  std::uint32_t site = no_site;  ///< number of site and view
  std::uint64_t cycle = 0;
  Operation::Kind kind = Operation::Kind::none;

  bool keeps() const { return kind == Operation::Kind::write_back || kind == Operation::Kind::write_back_invalidate; }
  bool operator==(const HistoryCommit&) const = default;
};

/// When an agent last accessed each byte of a line. Epoch 0: never. Kept for words as long as all accesses are of whole
/// words, which makes it a quarter of the size; for bytes from the first on that is not.
struct CoherencyChecker::History {
  /// Four bytes: their latest values, and who wrote them last, or nobody.
  struct Word {
    std::array<std::uint8_t, 4> values;
    std::array<AgentId, 4> writers;
  };
  using Read = HistoryRead;
  struct Write : Read {
    static constexpr std::uint64_t unread_bit = 1ull << 63, aside_bit = 1ull << 62;

    std::uint64_t when = 0;  ///< the cycle, and the bits
    std::uint64_t cycle() const { return when & ~(unread_bit | aside_bit); }
    /// Surely not read since by the agent itself.
    bool unread() const { return when & unread_bit; }
    void set_unread(bool unread) { when = (when & ~unread_bit) | (unread ? unread_bit : 0); }
    /// Made aside: see set_aside().
    bool aside() const { return when & aside_bit; }
    void set_aside(bool aside) { when = (when & ~aside_bit) | (aside ? aside_bit : 0); }
  };
  /// Half a line of the host's cache.
  struct alignas(32) Cell {
    Write write;
    Read read;
    Word word;  ///< of the line, whoever wrote it: beside the cell that a write notes; used where a line has its own
                ///< cells, Line::cells

    void forget() {
      write = {};
      read = {};
    }
  };
  static_assert(sizeof(Cell) == 32);
  using Commit = HistoryCommit;
  /// What the agent's last read of a byte returned, if somebody else wrote it.
  struct Source {
    std::uint32_t epoch = 0;  ///< in which the write reached memory; 0: it had not
    AgentId agent = nobody;  ///< nobody: it was the agent's own write, or nobody's
    bool cached = false;  ///< written through the cache
  };
  /// A read of memory that was freed since: it conflicts with nothing any more, but a window may have harmed it.
  struct FormerRead {
    Read read;
    Source source;
  };
  /// What lines lack that are never cleaned, nor read after somebody else has written them. By cells.
  struct Side {
    std::vector<Commit> commits;  ///< those that `committed` refers to
    std::vector<std::uint16_t> committed;  ///< the first of them after the cell's last write, counted from 1; 0: none
    std::vector<Source> sources;
    std::vector<FormerRead> former;
  };
  /// `room` for as many cells as the line has words; null: its own.
  History(AgentId agent, std::uint32_t line_bytes, Cell* room)
      : agent(agent), count(static_cast<std::uint16_t>(line_bytes >> 2)), cells(room) {
    if (cells) std::for_each_n(cells, count, [](Cell& each) { each.forget(); });
    else own_cells(count);
  }
  History(History&& other) noexcept
      : agent(other.agent), shift(other.shift), owns(std::exchange(other.owns, false)), count(other.count),
        latest_write(other.latest_write), latest_cached_write(other.latest_cached_write), noted(other.noted),
        cells(other.cells), side(std::move(other.side)) {}
  ~History() {
    if (owns) delete[] cells;
  }

  const Read& read_of(std::uint32_t offset) const { return cells[offset >> shift].read; }
  const Write& write_of(std::uint32_t offset) const { return cells[offset >> shift].write; }
  /// For noting something in them. REQUIRES: bytes is not 0.
  std::span<Cell> cells_of(std::uint32_t offset, std::uint32_t bytes) {
    const std::uint32_t first = offset >> 2, last = (offset + bytes - 1) >> 2;
    noted |= ~0ull >> (63 - (last - first)) << first;
    if (shift && (offset | bytes) & 3) refine();
    return {cells + (offset >> shift), bytes >> shift};
  }
  void note_write(std::uint32_t offset, std::uint32_t bytes, const Write& write) {
    for (Cell& each : cells_of(offset, bytes)) each.write = write;
    if (side) [[unlikely]]
      forget_side(offset, bytes, false);
    latest_write = write.epoch;  // epochs only grow
    if (is_cached(write.site)) latest_cached_write = write.epoch;
  }
  /// These bytes are nobody's any more.
  void forget(std::uint32_t offset, std::uint32_t bytes) {
    for (Cell& each : cells_of(offset, bytes)) each.forget();
    if (side) forget_side(offset, bytes, true);
    latest_write = latest_cached_write = 0;
    for (const Cell& each : std::span(cells, count)) {
      latest_write = std::max(latest_write, each.write.epoch);
      if (is_cached(each.write.site)) latest_cached_write = std::max(latest_cached_write, each.write.epoch);
    }
  }
  /// The first byte that was last written through the cache; nothing when there is none.
  std::optional<std::uint32_t> first_cached_write() const {
    for (std::uint32_t cell = 0; cell < count; ++cell)
      if (cells[cell].write.epoch && is_cached(cells[cell].write.site)) return cell << shift;
    return std::nullopt;
  }
  void clear() {
    side.reset();
    latest_write = latest_cached_write = 0;
    const std::uint32_t cells_a_word = 4u >> shift;
    for (std::uint64_t rest = std::exchange(noted, 0); rest; rest &= rest - 1)
      std::for_each_n(cells + static_cast<std::uint32_t>(std::countr_zero(rest)) * cells_a_word, cells_a_word,
                      [](Cell& each) { each.forget(); });
  }
  /// The first byte behind the cell that a byte is in.
  std::uint32_t behind(std::uint32_t offset) const { return ((offset >> shift) + 1) << shift; }
  void refine() {
    const Cell* const of_words = cells;
    const std::unique_ptr<Cell[]> kept(owns ? cells : nullptr);
    own_cells(count * 4u);
    for (std::uint32_t i = 0; i < count; ++i) cells[i] = of_words[i / 4];
    shift = 0;
    if (side) refine_side();
  }
  /// The core cleaned its line: the first time since it stored these bytes.
  void commit(const ByteMask& bytes, const Commit& commit);
  /// The first cache operation after the cell's last write; null: there was none.
  const Commit* commit_of(std::uint32_t offset) const {
    if (!side || side->committed.empty()) return nullptr;
    const std::uint16_t number = side->committed[offset >> shift];
    return number ? &side->commits[number - 1] : nullptr;
  }
  const Source& source_of(std::uint32_t offset) const {
    static constexpr Source own;
    return side && !side->sources.empty() ? side->sources[offset >> shift] : own;
  }
  const FormerRead* former_of(std::uint32_t offset) const {
    return side && !side->former.empty() ? &side->former[offset >> shift] : nullptr;
  }
  void note_former(std::uint32_t offset, const FormerRead& former) {
    if (!side) side = std::make_unique<Side>();
    if (side->former.empty()) side->former.resize(count);
    side->former[offset >> shift] = former;
  }
  void note_source(std::uint32_t offset, const Source& source) {
    if (source.agent == nobody && (!side || side->sources.empty())) return;
    if (!side) side = std::make_unique<Side>();
    if (side->sources.empty()) side->sources.resize(count);
    side->sources[offset >> shift] = source;
  }

  AgentId agent;
  std::uint8_t shift = 2;
  bool owns = false;
  std::uint16_t count;
  // Epochs of the latest to any byte, and of the latest through the cache, which one past it may have covered.
  std::uint32_t latest_write = 0, latest_cached_write = 0;
  std::uint64_t noted = 0;  ///< a bit for each word that some cell may say something of
  Cell* cells;  ///< the line's, or its own
  std::unique_ptr<Side> side;

 private:
  /// Commits of these bytes count no more, and for `all` what was read neither.
  void forget_side(std::uint32_t offset, std::uint32_t bytes, bool all);
  void refine_side();
  void own_cells(std::uint32_t wanted) {
    cells = std::make_unique<Cell[]>(wanted).release();
    owns = true;
    count = static_cast<std::uint16_t>(wanted);
  }
};

/// What every event touches comes first, by lines of the host's cache: a simulated cache miss is one of the host's,
/// too, or several. A fill looks at the first alone, taking in stores at three of them, up to the latest event, and at
/// one for two words.
struct alignas(64) CoherencyChecker::Line {
  Line(std::uint32_t address, History::Cell* cells) : address(address), cells(cells) {}
  bool pending() const { return unseen != nobody && log && log->written; }
  void unsettle() {
    settled_reads = 0;
    atomic_word = no_word;
  }
  /// Whether somebody else than an agent has used it: has a history.
  bool used_besides(AgentId agent) const { return user != nobody && user != agent; }
  /// Null when the agent has none.
  const History* history_of(AgentId agent) const {
    const auto found =
        std::find_if(histories.begin(), histories.end(), [agent](const History& each) { return each.agent == agent; });
    return found == histories.end() ? nullptr : &*found;
  }
  /// REQUIRES: somebody has written it.
  std::uint8_t truth(std::uint32_t offset) const { return cells[offset / 4].word.values[offset % 4]; }
  AgentId writer(std::uint32_t offset) const { return cells[offset / 4].word.writers[offset % 4]; }
  bool is_known(std::uint32_t offset) const { return writer(offset) != nobody; }
  bool is_any_known(std::uint32_t offset, std::uint32_t bytes) const {
    for (std::uint32_t i = offset; i < offset + bytes; ++i)
      if (is_known(i)) return true;
    return false;
  }
  /// Some bytes are nobody's any more.
  void forget_values(std::uint32_t offset, std::uint32_t bytes) {
    std::uint32_t done = 0;
    if (offset % 4 == 0)
      for (; done + 4 <= bytes; done += 4) cells[(offset + done) / 4].word.writers.fill(nobody);
    for (; done < bytes; ++done) cells[(offset + done) / 4].word.writers[(offset + done) % 4] = nobody;
  }
  void forget_all_values() {
    std::uint64_t noted = 0;
    for (const History& each : histories) noted |= each.noted;
    for (; noted; noted &= noted - 1) cells[std::countr_zero(noted)].word.writers.fill(nobody);
  }
  /// The latest value of some bytes, and whose it is.
  void keep(std::uint32_t offset, const std::uint8_t* value, std::uint32_t bytes, AgentId writer) {
    std::uint32_t done = 0;
    if (offset % 4 == 0)
      for (; done + 4 <= bytes; done += 4) {
        History::Word& word = cells[(offset + done) / 4].word;
        std::memcpy(word.values.data(), value + done, 4);
        word.writers.fill(writer);
      }
    for (; done < bytes; ++done) {
      History::Word& word = cells[(offset + done) / 4].word;
      word.values[(offset + done) % 4] = value[done];
      word.writers[(offset + done) % 4] = writer;
    }
  }

  std::uint32_t address;
  bool touched = false;
  AgentId unseen = nobody;  ///< who may store to it unseen
  AgentId user = nobody;  ///< whose the only history is; `several` for more
  // Reads that would change nothing: by this agent, through this view, in this epoch, of these parts, which were found
  // in order and fresh, with nothing on the line since.
  AgentId reader = 0;
  View reader_view = View::cached;
  std::uint8_t permitted = 0;  ///< cores that somebody let do something to it unseen
  static constexpr std::uint8_t no_word = 0xff;  ///< no word begins there
  std::uint8_t atomic_word = no_word;  ///< offset of the word that was written last, by an atomic write that found
                                       ///< nothing, with nothing but reads on the line since
  std::uint32_t reader_epoch = 0;
  std::uint64_t settled_reads = 0;
  StoreLog* log = nullptr;  ///< where unseen stores are noted
  LineCopies copies;  ///< its summary is still in the first line of the host's cache
  boost::container::small_vector<History, 1> histories;
  History::Cell* cells;  ///< one for each word: their values, as far as they are known, and the first history's room
  /// An operation in short.
  struct Event {
    std::uint64_t cycle : StoreLog::Record::tag_shift = 0;  ///< of the first of `count` accesses, of the last of other
                                                            ///< things; as in records of stores: good for months
    Operation::Kind kind : 4 = Operation::Kind::none;
    AgentId agent : 8 = 0;
    std::uint32_t site = no_site;  ///< number of site and view
    std::uint32_t count = 1;
  };
  static_assert(sizeof(Event) == 16);
  /// The last of them.
  class Events {
   public:
    void add(const Event& event) {
      if (count_) earlier_[(count_ - 1) % earlier_.size()] = latest_;
      latest_ = event;
      ++count_;
    }
    std::size_t kept() const { return std::min<std::size_t>(count_, earlier_.size() + 1); }
    /// REQUIRES: kept() is not 0.
    Event& latest() { return latest_; }
    /// Older ones by how many came after them. REQUIRES: age < kept().
    const Event& operator[](std::size_t age) const {
      return age ? earlier_[(count_ - 1 - age) % earlier_.size()] : latest_;
    }

   private:
    Event latest_;
    std::size_t count_ = 0;
    std::array<Event, events_kept - 1> earlier_;
  };
  Events events;
  std::uint64_t clean_until =
      0;  ///< core 0 wrote the line back in this cycle, while it was alone: ordered before all that comes
};

/// Neighbouring lines, with what they need room for.
struct CoherencyChecker::Page {
  static constexpr std::uint32_t count = LineTable<Page>::page_lines;

  Page(const CacheRules& rules, std::uint32_t address)
      : cells(std::make_unique_for_overwrite<History::Cell[]>(std::size_t{count} * rules.line_bytes / 4)),
        lines(make(rules.line_bytes, address, std::make_integer_sequence<std::uint32_t, count>())) {}

  std::unique_ptr<History::Cell[]> cells;
  std::array<Line, count> lines;

 private:
  template <std::uint32_t... Index>
  std::array<Line, count> make(std::uint32_t line_bytes, std::uint32_t address,
                               std::integer_sequence<std::uint32_t, Index...>) {
    return {{Line(address + Index * line_bytes, &cells[Index * line_bytes / 4])...}};
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
  if (!line.histories.empty() && line.histories.front().agent == agent) [[likely]]
    return line.histories.front();
  for (History& history : line.histories)
    if (history.agent == agent) return history;
  line.user = line.histories.empty() ? agent : several;
  line.histories.emplace_back(agent, config_.rules.line_bytes, line.histories.empty() ? line.cells : nullptr);
  return line.histories.back();
}

inline void CoherencyChecker::note(Line& line, Operation::Kind kind, AgentId agent, std::uint32_t site,
                                   std::uint64_t cycle) {
  if (line.events.kept()) {
    Line::Event& last = line.events.latest();
    if (last.kind == kind && last.agent == agent && last.site == site) {
      ++last.count;
      return;
    }
  }
  Line::Event event;
  event.cycle = cycle;
  event.kind = kind;
  event.agent = agent;
  event.site = site;
  line.events.add(event);
}

// ---- Most lines have one user -------------------------------------------------------------------

/// Whether the last window is known to have ended before whoever has this clock.
inline bool is_cleaned_for(const LineCopies& copies, const VectorClock& clock, int agent) {
  return !copies.cleaned || copies.cleaner == agent || copies.cleaned <= clock[static_cast<AgentId>(copies.cleaner)];
}

inline bool CoherencyChecker::surely_fresh(const Line& line, AgentId agent, View view) const {
  const LineCopies& copies = line.copies;
  if (copies.shared || !is_cleaned_for(copies, clocks_[agent], agent)) return false;
  return view == View::cached
             ? copies.owner == LineCopies::none || copies.owner == agent || !(copies.touched || copies.dirty)
             : copies.open.none();
}

inline void CoherencyChecker::touch(Line& line, AgentId core) {
  if (line.copies.shared || line.copies.owner != core || !line.copies.touched) touch_first(line, core);
}

/// Nobody else has used the line, or may have written it back since: the core may store to it unseen.
inline bool CoherencyChecker::is_only_user(const Line& line, AgentId core) const {
  const CacheRules& rules = config_.rules;
  if (line.copies.shared || rules.write_through || (rules.byte_dirty && !alone_)) return false;
  return !line.used_besides(core) && !line.copies.may_be_elsewhere(core) &&
         is_cleaned_for(line.copies, clocks_[core], core);
}

/// Stores of the only user.
inline void CoherencyChecker::store_alone(Line& line, AgentId core, const ByteMask& bytes) {
  LineCopies& copies = line.copies;
  copies.owner = static_cast<std::int8_t>(core);
  copies.touched = copies.dirty = true;
  copies.open |= bytes;
}

}  // namespace dspmem
