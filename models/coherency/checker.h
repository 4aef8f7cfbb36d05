// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "models/coherency/line_copies.h"
#include "models/coherency/line_table.h"
#include "models/coherency/vector_clock.h"
#include "models/observe/operation.h"
#include "models/observe/store_log.h"

namespace dspmem {

enum class Rule : std::uint8_t {
  missing_writeback,
  missing_invalidate,
  lost_update,
  discarded_write,
  mixed_alias,
  stale_boot,
  lost_on_power_off,
  data_race,
  wrong_range,
  lock_in_cache,
  uncommitted_access,
  unordered_power_on,
  accidental_order,
  stale_code,
};

/// A read that may return something older than the latest write, or a pair of accesses that nothing orders.
struct CoherencyFinding {
  Rule rule = Rule::data_race;
  bool manifest = false;  ///< this run's caches really returned old bytes
  Operation access;
  std::uint32_t address = 0;  ///< physical, of the first byte concerned
  std::uint32_t first = 0, last = 0;  ///< offsets of the bytes concerned from the access' address
  Operation other;  ///< the write that was missed, or the conflicting access
  Operation cause;  ///< lost-update, discarded-write: what may have destroyed it
  std::uint32_t cause_address = 0;  ///< lost-update: physical, of the first byte that the cause wrote
  LineCopies::Threat::Kind overwritten = LineCopies::Threat::Kind::unordered;  ///< lost-update: how that came about
  bool also_old_copy = false;  ///< missing-writeback: the reader's cache may hold an older copy, too
  bool unread = false;  ///< lost-update at the end of the run: nobody has read what may have been overwritten; `access`
                        ///< is the store that may have done it
  bool in_memory = false;  ///< stale-code: memory has the instructions, the core's instruction cache may not
  std::vector<std::uint8_t> seen, owed;
  std::vector<Operation> history;  ///< the line's last events, oldest first
};

class FindingListener {
 public:
  virtual ~FindingListener() = default;
  virtual void on_finding(const CoherencyFinding& finding) = 0;
};

/// Decides for every read whether it returns the latest write whatever the caches do, and for every access whether
/// something orders it after those it conflicts with. It sees events and changes nothing. Addresses are physical.
class CoherencyChecker {
 public:
  struct Config {
    CacheRules rules;
    std::uint32_t agents = 1;  ///< at most max_agents; the first rules.cores have caches
    /// Agents act only after boot(), acquire() or act_for(). False: all may from the beginning.
    bool agents_start = false;
    std::uint32_t code_line_bytes = 0;  ///< of instruction caches, where that is less than rules.line_bytes
  };

  CoherencyChecker(const Config& config, FindingListener& listener);
  ~CoherencyChecker();

  /// Whether a read would change nothing and be fresh, because the same was found before and nothing happened on the
  /// line since.
  bool settled_read(AgentId agent, View view, std::uint32_t address, std::uint32_t bytes) const;

  /// All that is settled of the line, as settled_read() means it: a bit for each 64th of it. Of what happens before
  /// there is a second agent nothing has to be remembered: then it is the whole line, where its reads are surely fresh.
  std::uint64_t settled_parts(AgentId agent, View view, std::uint32_t address) const;

  // Accesses lie within one line.

  /// `seen` is what the read returned.
  void read(AgentId agent, View view, std::uint32_t address, std::span<const std::uint8_t> seen, const Site& site,
            std::uint64_t cycle);
  void write(AgentId agent, View view, std::uint32_t address, std::span<const std::uint8_t> value, const Site& site,
             std::uint64_t cycle);
  /// Whether writes of this agent through its cache would only be remembered. Then it may make them unseen until
  /// anything else happens to the line or the agent releases something. REQUIRES: nobody else may any more, as after a
  /// write of this agent.
  bool exclusive(AgentId agent, std::uint32_t address);
  /// The agent's cache has fetched the line for an access. What of it is settled then, and whether its writes would
  /// only be remembered, as exclusive() says; if they would, the line uses the log from now on. Either is noted as by
  /// note_permitted().
  struct Filled {
    std::uint64_t settled = 0;
    bool exclusive = false;
  };
  /// `may_store`: else its writes have to be seen.
  Filled filled(AgentId agent, std::uint32_t address, StoreLog& log, bool may_store = true);
  /// Remembers that a core was let do something to the line unseen, for who takes it back: take_permitted() tells which
  /// of `cores`, a bit for each, still may, as far as is known, and forgets it.
  void note_permitted(AgentId core, std::uint32_t address);
  std::uint32_t take_permitted(std::uint32_t address, std::uint32_t cores);
  /// What the host says the core is doing from now on. Returns what its stores have to be tagged with where they are
  /// only noted.
  std::uint32_t set_origin(AgentId core, const void* origin);
  /// The line's log, from which the checker takes such stores when they matter.
  void use_log(std::uint32_t address, StoreLog& log);
  /// It ends.
  void end_log(StoreLog& log);
  /// Null for none. REQUIRES: outlives the checker.
  void tell_stores(StoreSink* sink) { store_sink_ = sink; }
  /// Reads and writes of synchronising instructions: checked like others, but reads are not remembered, since only
  /// plain accesses can race with them. REQUIRES: a read follows acquire(), and a write is followed by release(), of
  /// the address.
  void atomic_read(AgentId agent, View view, std::uint32_t address, std::span<const std::uint8_t> seen,
                   const Site& site, std::uint64_t cycle);
  void atomic_write(AgentId agent, View view, std::uint32_t address, std::span<const std::uint8_t> value,
                    const Site& site, std::uint64_t cycle);

  // Instructions, in code.cpp. What nobody wrote came with the image.

  /// What comes into a core's instruction cache, to be executed from byte `first` on: a line of that cache, or as much
  /// of it as lies in one line of the data cache.
  void fetch(AgentId core, std::uint32_t address, std::span<const std::uint8_t> seen, std::uint32_t first,
             const Site& site, std::uint64_t cycle);
  /// The core executes these instructions, within one such piece, out of its instruction cache.
  void enter_code(AgentId core, std::uint32_t address, std::span<const std::uint8_t> held, const Site& site,
                  std::uint64_t cycle);
  /// Its instruction cache loses the piece that holds the address, all lines of a set of a cache with so many sets and
  /// bytes a line, or all.
  void drop_code(AgentId core, std::uint32_t address);
  void drop_code_set(AgentId core, std::uint32_t set, std::uint32_t sets, std::uint32_t line_bytes);
  void drop_all_code(AgentId core);
  /// Whether somebody may have been let store to the line unseen.
  bool may_be_stored_unseen(std::uint32_t address) const;
  /// Whose instruction caches may hold some of these bytes: a bit for each core.
  std::uint32_t code_holders(std::uint32_t address, std::uint32_t bytes) const;
  /// How large the pieces are.
  std::uint32_t code_bytes() const { return ~code_mask_ + 1; }

  /// A cache operation of a core on the line that holds `address`. One that another instruction implies is not counted
  /// as use.
  void maintain(AgentId core, Operation::Kind operation, std::uint32_t address, const Site& site, std::uint64_t cycle,
                bool implied = false);
  /// The same for every line that the core may hold.
  void maintain_all(AgentId core, Operation::Kind operation, const Site& site, std::uint64_t cycle);
  /// The same for the lines of these sets of its cache, a bit for each. Returns those that it may hold.
  std::vector<std::uint32_t> maintain_sets(const Operation& operation, const std::vector<bool>& sets);
  /// A cache operation that misses its line, because it names another address of it: wrong if the core may hold what it
  /// has written there through its cache.
  void maintain_nothing(const Operation& operation, std::uint32_t address);
  /// The core's cache loses everything.
  void core_off(AgentId core, std::uint64_t cycle);

  // Order. Objects are any numbers: addresses, doorbells, names of signals.
  void release(AgentId agent, std::uint64_t object);
  /// While only one agent can act, what it releases orders nothing yet: its epochs need not advance. REQUIRES: false
  /// before anything that can bring in a second agent, and that itself is a release.
  void set_alone(bool alone) { alone_ = alone; }
  bool alone() const { return alone_; }
  void acquire(AgentId agent, std::uint64_t object);
  /// What the agent does from now on is done aside, or no longer: in code that others share with it by chance, such as
  /// the allocator. What it releases or acquires meanwhile is order, and an accidental one.
  void set_aside(AgentId agent, bool aside) { aside_ = aside ? aside_ | 1u << agent : aside_ & ~(1u << agent); }
  /// A master without a cache begins what whoever released `object` last wants of it: what it did for others is order,
  /// and an accidental one, until end_of_start().
  void start(AgentId agent, std::uint64_t object);
  void end_of_start(AgentId agent) { serving_ &= ~(1u << agent); }
  /// Releases an object that starts a master: what other agents have released there is no order of theirs any more,
  /// but an accidental one.
  void release_start(AgentId agent, std::uint64_t object);
  /// Nobody will acquire it any more.
  void drop(std::uint64_t object) { objects_.erase(object); }
  /// The agent, which has no will of its own, acts for another: it knows what that one knows, and nothing of what it
  /// did for others. Until end_of_start() that is an accidental order.
  void act_for(AgentId agent, AgentId other);
  /// The core may have fetched the line that holds `address`, though nobody has loaded from it.
  void prefetch(AgentId core, std::uint32_t address);
  /// The core starts: what was ordered before is what stale-boot is about.
  void boot(AgentId core);

  /// These bytes, within one line, belong to nobody, or to somebody new: what they were does not matter any more.
  /// Returns what take_permitted() would, for all cores.
  std::uint32_t forget(std::uint32_t address, std::uint32_t bytes);
  /// The memory lost its contents.
  void lose_memory(std::uint32_t address, std::uint32_t bytes, const Operation& cause = {});

  /// The memory can be accessed again, for all whom that is ordered before.
  void memory_on(std::uint32_t address, std::uint32_t bytes, const Operation& cause);
  /// Nothing happens any more: reports updates that may be lost, and that nobody has read.
  void finish();

  /// Cache operations by place: how many there were, and how many of them could matter in some world.
  struct MaintenanceUse {
    Operation operation;
    std::uint64_t count = 0, useful = 0;
  };
  const std::vector<MaintenanceUse>& maintenance_use() const { return maintenance_use_; }

  /// The epoch that an agent is in, and whether another has heard of what it did in one.
  std::uint32_t epoch_of(AgentId agent) const { return clocks_[agent][agent]; }
  bool has_heard(AgentId agent, AgentId of, std::uint32_t epoch) const {
    return agent == of || clocks_[agent][of] >= epoch;
  }
  /// Whether `core` wrote back (or invalidated) some line of these bytes since `writer` wrote at `cycle`, and `reader`
  /// knows: then it meant to, and missed others, such as `own`, unless the same operation was done on that, too, at
  /// another time.
  bool maintained_since(AgentId core, bool invalidated, std::uint32_t address, std::uint32_t bytes, AgentId writer,
                        std::uint64_t cycle, std::uint32_t own, AgentId reader) const;

  /// Something that was done to memory, and a byte of what it was done to; kind none when nothing was.
  struct Use {
    Operation operation;
    std::uint32_t address = 0;
  };
  /// A write of another core than `core` to these bytes, whose line it may still hold dirty, whoever has written there
  /// since, for all that orders its write-backs before what `core` does now.
  Use left_dirty_elsewhere(AgentId core, std::uint32_t address, std::uint32_t bytes);
  /// An access of somebody else to these bytes that nothing orders before what the agent does now.
  Use unordered_use(AgentId agent, std::uint32_t address, std::uint32_t bytes);
  /// The latest write of a byte; kind none when nobody has written it.
  Operation last_write(std::uint32_t address);
  /// For each core that may hold dirty lines of this memory: how many, a byte that it has written in the first of them,
  /// and its last write there as far as it is remembered.
  struct DirtyLines {
    AgentId core = 0;
    std::uint32_t count = 0, first = 0;
    Operation write;
  };
  std::vector<DirtyLines> dirty_lines(std::uint32_t address, std::uint32_t bytes);
  /// Of the last read or write: whether it conflicted, or may be stale. For comparison with other checkers.
  bool last_raced() const { return last_raced_; }
  bool last_stale() const { return last_stale_; }
  /// Reads that returned old bytes although no schedule could make them: 0, or the checker or a model is wrong.
  std::uint64_t unexplained_reads() const { return unexplained_; }
  /// How many somebody has touched.
  std::size_t lines() const { return line_count_; }

 private:
  static constexpr std::uint32_t origins_kept = 1u << (64 - StoreLog::Record::tag_shift);
  struct History;
  struct HistoryCommit;
  struct HistoryRead {
    std::uint32_t epoch = 0;
    std::uint32_t site = 0;  ///< number of site and view; 0: none
  };
  struct Line;
  struct Page;
  /// Direct-mapped: most accesses are from places that were seen lately.
  static constexpr std::size_t recent_sites = 1024;
  /// Bits of Line::settled_reads, one for each 64th of the line; 0 for less than one of them.
  std::uint64_t settled_mask(std::uint32_t address, std::uint32_t bytes) const {
    return (address | bytes) & ((1u << part_shift_) - 1) ? 0 : parts_with(address & ~line_mask_, bytes);
  }
  /// The 64ths of a line that some of these bytes lie in.
  std::uint64_t parts_with(std::uint32_t offset, std::uint32_t bytes) const {
    const std::uint32_t first = offset >> part_shift_, last = (offset + bytes - 1) >> part_shift_;
    return ~0ull >> (63 - (last - first)) << first;
  }

  std::uint64_t settled_of(const Line& line, AgentId agent, View view) const;
  /// A cache operation on all lines that `wanted` says. Returns those that the core may hold.
  template <class Wanted>
  std::vector<std::uint32_t> maintain_where(const Operation& operation, Wanted wanted);
  bool exclusive(Line& line, AgentId agent);
  void use_log(Line& line, StoreLog& log);
  void forget_all(Line& line);
  void forget_in(const Line& line, History& history, std::uint32_t offset, std::uint32_t bytes);
  void forget_some(Line& line, std::uint32_t offset, std::uint32_t bytes);
  /// The line that holds the address, without taking in unseen stores.
  Line& peek_line(std::uint32_t address);
  Line& first_touch(std::uint32_t address);
  /// With them.
  Line& seen_line(std::uint32_t address);
  /// For whatever may change what a read of the line finds.
  Line& line_of(std::uint32_t address);
  /// The line with all that was stored to it; null when nobody has touched it.
  Line* known_line(std::uint32_t address);
  template <class Visit>
  void for_each_line(Visit visit) const;
  /// The first operation that `look`(history, offset) finds in the histories of others than one agent that
  /// `choose`(line, history) wants.
  template <class Choose, class Look>
  Use find_use(AgentId besides, std::uint32_t address, std::uint32_t bytes, Choose choose, Look look);
  void absorb(Line& line);
  /// No agent stores unseen from now on, or this one does not.
  void absorb_all(AgentId agent);
  std::uint32_t site_number(const Site& site, View view);
  History& history_of(Line& line, AgentId agent);
  bool check_order(Line& line, const Operation& access, std::uint32_t address, std::uint32_t bytes, bool is_write);
  /// What an instruction cache may hold of a line, at its oldest.
  struct CodeCopy {
    VectorClock filled;
    std::uint64_t cycle = 0;
  };
  struct CodeLine {
    std::uint32_t holders = 0;  ///< a bit for each core
    std::array<CodeCopy, LineCopies::max_cores> copies;
  };
  std::unordered_map<std::uint32_t, CodeLine> code_lines_;  ///< by address
  bool fetching_ = false;
  bool check_code(const Line& line, const Operation& access, std::uint32_t offset, std::span<const std::uint8_t> held,
                  const CodeCopy& copy, bool executed);
  /// It is at work for another agent.
  bool serves(AgentId agent) const { return serving_ >> agent & 1; }
  void check_accidents(const Line& line, const Operation& access, std::uint32_t offset, std::uint32_t bytes);
  // Whether a read is fresh, in freshness.cpp.

  /// The latest write of a byte, and when memory had it.
  struct Written {
    AgentId agent = 0xff;
    const History* history = nullptr;  ///< null: nobody has written it
    bool cached = false;  ///< it went into a cache
    bool discarded = false;  ///< its line was invalidated, and not written back
    std::uint32_t arrived = 0;  ///< epoch of the writer in which it surely was in memory; 0: never
    const HistoryCommit* commit = nullptr;  ///< the cache operation that it waited for

    /// For the agent's own last write to a byte.
    void fill_in(const CoherencyChecker& checker, const Line& line, std::uint32_t offset);
  };
  Written written(const Line& line, std::uint32_t offset) const;
  std::optional<Written> source_of(const Line& line, const History& history, std::uint32_t offset) const;
  /// What may be wrong with a read of one byte. The larger, the worse.
  struct Judgement {
    enum Reason { fresh, old_copy, not_in_memory, overwritten, discarded, lost };
    Reason reason = fresh;
    AgentId writer = 0;
    const HistoryCommit* commit = nullptr;  ///< that came too late, or discarded it
  };
  Judgement judge(const Line& line, AgentId agent, View view, std::uint32_t offset) const;
  /// `held`: the reader's cache may have had the line before.
  void check_freshness(Line& line, const Operation& access, std::uint32_t address, std::span<const std::uint8_t> seen,
                       bool held);
  void explain(Line& line, const Judgement& judgement, std::uint32_t offset, CoherencyFinding& finding);
  /// Whether there is no need to look at each byte.
  bool surely_fresh(const Line& line, AgentId agent, View view) const;
  bool takes_over(const Line& line, std::uint32_t core) const;
  bool is_only_user(const Line& line, AgentId core) const;
  /// Whether everybody knows what happened in an epoch of the agent.
  bool is_known(AgentId agent, std::uint32_t epoch) const;
  bool is_young(const LineCopies::Copy& copy, AgentId core, std::uint32_t offset, AgentId writer,
                std::uint32_t arrived) const;
  LineCopies::Shared& expand(Line& line);
  void settle(Line& line);
  /// The core accesses the line through its cache.
  void touch(Line& line, AgentId core);
  void touch_first(Line& line, AgentId core);
  void store(Line& line, const Operation& write, std::uint32_t site, const ByteMask& bytes);
  void store_alone(Line& line, AgentId core, const ByteMask& bytes);
  bool clean(Line& line, const Operation& operation, std::uint32_t site);
  void meet_windows(Line& line, const Operation& write, const ByteMask& bytes);
  void begin_window(Line& line, const Operation& store, std::uint32_t site, const ByteMask& bytes);
  void check_readers(Line& line, const Operation& store, const ByteMask& bytes);
  void keep_sources(const Line& line, History& history, std::uint32_t offset, std::uint32_t bytes);
  void note_sources(Line& line, History& history, std::uint32_t offset, std::uint32_t bytes);
  Operation operation_of(const HistoryCommit& commit, AgentId agent) const;
  Operation operation_of(const HistoryRead& read, AgentId agent) const;
  void name_cause(const Line& line, const LineCopies::Threat& threat, CoherencyFinding& finding) const;

  /// Whether the memory was switched on before, in every order.
  bool is_power_unknown(AgentId agent, std::uint32_t address) const;
  void check_power(Line& line, const Operation& access, std::uint32_t address);
  void do_read(AgentId agent, View view, std::uint32_t address, std::span<const std::uint8_t> seen, const Site& site,
               std::uint64_t cycle, bool remember);
  /// Returns whether it could change anything.
  bool maintain_line(Line& line, const Operation& operation, std::uint32_t site);
  void count_use(const Operation& operation, std::uint32_t site, bool useful);
  void note(Line& line, Operation::Kind kind, AgentId agent, std::uint32_t site, std::uint64_t cycle);
  /// Oldest first.
  std::vector<Operation> history_of_events(const Line& line) const;
  /// The last write to a byte; that of one agent.
  Operation last_write(const Line& line, std::uint32_t offset) const;
  Operation last_write(const History& history, std::uint32_t offset) const;
  Operation last_read(const History& history, std::uint32_t offset) const;
  /// A core's last store through its cache, of those that are remembered; kind none when there is none.
  Operation last_store(const Line& line, AgentId core) const;

  Config config_;
  FindingListener& listener_;
  StoreSink* store_sink_ = nullptr;
  std::array<std::vector<Line*>, max_agents>
      exclusive_;  ///< lines that may have unseen stores of the agent: all whose Line::unseen it is, and others
  std::uint32_t line_mask_, code_mask_, line_shift_, part_shift_;
  std::uint32_t word_shift_;  ///< a word has 1 << word_shift_ parts: four, two or one
  std::uint64_t word_mask_;  ///< those of the line's first word
  LineTable<Page> lines_;
  std::size_t line_count_ = 0;
  struct RecentSite {
    Site site;
    std::uint32_t number = 0;  ///< of the site seen cached; 0: none
  };
  std::vector<RecentSite> recent_sites_;
  std::array<VectorClock, max_agents> clocks_;
  std::array<VectorClock, max_agents> meant_clocks_;  ///< by what is meant to order agents alone: see set_aside()
  std::uint32_t aside_ = 0, serving_ = 0;  ///< a bit for each agent
  std::array<VectorClock, max_agents> boot_clocks_;
  std::array<bool, max_agents> booted_{};
  /// What is ordered before whoever acquires it.
  struct Object {
    VectorClock clock, meant;
    std::uint32_t known = 0;  ///< a bit for each core that knows all of it
    AgentId starter = 0xff;  ///< who released it last to start a master
  };
  std::unordered_map<std::uint64_t, Object> objects_;
  /// Memory that was switched on, and not everybody may know it.
  struct PowerOn {
    std::uint32_t address, bytes, epoch;
    Operation operation;
    std::uint32_t reported = 0;  ///< a bit for each agent of which a finding was made
  };
  std::vector<PowerOn> power_ons_;
  std::uint32_t power_checks_ = 0;
  std::vector<Site> sites_;
  struct SiteHash {
    std::size_t operator()(const Site& site) const {
      return (site.pc * 0x9e3779b97f4a7c15ull) ^ (site.caller * 0xc2b2ae3d27d4eb4full) ^
             reinterpret_cast<std::uintptr_t>(site.origin);
    }
  };
  std::unordered_map<Site, std::uint32_t, SiteHash> site_numbers_;
  std::vector<MaintenanceUse> maintenance_use_;
  std::unordered_map<std::uint32_t, std::size_t> maintenance_index_;  ///< site number and kind -> use
  std::pair<std::uint32_t, std::size_t> last_use_{~0u, 0};  ///< the entry looked up last
  struct Origins {
    std::vector<const void*> known;  ///< by tag: the last ones, in turn
    std::uint32_t tag = 0;
  };
  std::array<Origins, LineCopies::max_cores> origins_;
  std::uint32_t acted_ = 0;  ///< a bit for each agent that has done anything but wait
  bool alone_ = false;
  bool last_raced_ = false, last_stale_ = false;
  std::uint64_t unexplained_ = 0;
};

}  // namespace dspmem
