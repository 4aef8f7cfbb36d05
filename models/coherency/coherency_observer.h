// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "models/coherency/checker.h"
#include "models/coherency/commit_watch.h"
#include "models/devices/device_order.h"
#include "models/observe/origins.h"
#include "models/system.h"

namespace dspmem {

/// Translates what happens in the hardware into the checker's terms: synchronising instructions, doorbells and core
/// starts become order, operations by index become operations on lines.
class CoherencyObserver : public HardwareObserver {
 public:
  CoherencyObserver(const SystemConfig& config, Origins& origins, FindingListener& listener);

  bool watches_accesses() const override { return true; }

  CoherencyChecker& checker() { return checker_; }
  /// What the host is having this agent do; attached to every event as Site::origin.
  void set_origin(AgentId agent, const void* origin);
  void release(AgentId agent, std::uint64_t object);
  /// These bytes belong to nobody, or to somebody new.
  void forget(std::uint32_t address, std::uint32_t bytes);
  /// Reads of old bytes that no schedule explains: 0, or the checker or a model is wrong. Operations by index that do
  /// not sweep the whole cache are not followed, and may explain any.
  std::uint64_t unexplained_reads() const {
    return index_operations_ && partial_sweep() ? 0 : checker_.unexplained_reads();
  }
  /// These bytes are shared data, or no longer.
  void set_shared(std::uint32_t address, std::uint32_t bytes, bool shared);
  /// Shared data is kept current by commits.
  void require_commits(bool required) { commits_.require(required); }
  /// Nothing happens any more: reports what was not certain before.
  void finish() {
    for (std::uint32_t core = 0; core < core_count_; ++core) settle_sweeps(static_cast<AgentId>(core));
    commits_.finish();
    checker_.finish();
  }
  /// The core hands something over by other means than instructions: a signal of the scenario.
  void on_release(Core& core) {
    commits_.on_told(
        {Operation::Kind::write, static_cast<AgentId>(core.id()), View::uncached, site_of(core), core.now()});
  }

  /// What the core does from now on is done in the allocator's name, or no longer; beside calls of its functions, which
  /// are known.
  void set_aside(const Core& core, bool aside) {
    aside_[core.id()] = aside;
    note_aside(core);
  }
  /// Comes before the core synchronises by other means than instructions.
  void before_order(const Core& core) {
    settle_sweeps(static_cast<AgentId>(core.id()));
    note_aside(core);
  }

  std::uint64_t on_read(const CoreAccess& access) override;
  std::uint64_t on_write(const CoreAccess& access) override;
  void on_stores_unseen(const Core&, std::uint32_t address, StoreLog& log) override { checker_.use_log(address, log); }
  Permission on_line_filled(Core& core, std::uint32_t address, StoreLog& log) override;
  void on_log_ends(StoreLog& log) override { checker_.end_log(log); }
  void on_fetch(Core& core, std::uint32_t address, std::span<const std::uint8_t> line, std::uint32_t first) override;
  void on_code_entered(Core& core, std::uint32_t address, std::span<const std::uint8_t> held) override;
  void on_code_operation(Core& core, CacheOperation operation, std::uint32_t address) override;
  void on_cache_operation(Core& core, CacheOperation operation, std::uint32_t address, bool implied) override;
  void on_ignored_operation(Core& core, CacheOperation operation, std::uint32_t address) override;
  void on_index_operation(Core& core, CacheOperation operation, std::uint32_t set, std::uint32_t way) override;
  void on_device_read(Core& core, std::uint32_t address) override;
  void on_device_write(Core& core, std::uint32_t address) override;
  void on_core_start(Core& core) override;
  void on_core_off(Core& core) override;
  void on_master_start(AgentId agent, std::uint64_t object) override { checker_.start(agent, object); }
  void on_master_finish(AgentId agent, std::uint64_t object) override {
    checker_.release(agent, object);
    checker_.end_of_start(agent);
  }
  void on_master_read(const MasterAccess& access, std::uint32_t address, std::span<const std::uint8_t> seen) override;
  void on_master_write(const MasterAccess& access, std::uint32_t address, std::span<const std::uint8_t> value) override;
  void on_bank_off(std::uint32_t address, std::uint32_t bytes) override;
  void on_bank_on(std::uint32_t address, std::uint32_t bytes) override;

 private:
  /// Whether accesses to the line may go unseen at all, if the checker allows it.
  bool may_skip(View view, std::uint32_t address) const {
    return view == View::cached && !(commits_.required() && commits_.is_shared(address));
  }
  // A core accesses lines again without telling as long as nothing else happens to them.
  void tag_stores(Core& core);
  std::uint64_t permit_reads(Core& core, View view, std::uint32_t address);
  std::uint64_t permit_writes(Core& core, View view, std::uint32_t address);
  void revoke_elsewhere(const Core* but, std::uint32_t address) {
    if (const std::uint32_t cores = checker_.take_permitted(address, but ? ~(1u << but->id()) : ~0u))
      revoke(cores, address);
  }
  void revoke(std::uint32_t cores, std::uint32_t address);
  void revoke_all(std::uint32_t core);
  void revoke_all();
  Site site_of(const Core& core) const;
  std::uint64_t core_object(std::uint32_t core) const;

  void note_aside(const Core& core) {
    checker_.set_aside(static_cast<AgentId>(core.id()), aside_[core.id()] || core.in_watched_call());
  }
  /// Whether instructions have come from near there; of few other addresses.
  bool near_code(std::uint32_t address) const { return address - code_first_ < code_bytes_; }
  /// Whether some core may have bytes of the line in its instruction cache.
  bool may_be_code(std::uint32_t address) const {
    return near_code(address) && checker_.code_holders(address & line_mask_, ~line_mask_ + 1);
  }
  /// What is written there may be code that some core has in its instruction cache.
  void distrust_code(std::uint32_t address, std::uint32_t bytes);
  /// Instructions, by the pieces that the checker knows.
  template <class Visit>
  void for_each_piece(std::uint32_t address, std::span<const std::uint8_t> code, Visit visit) const {
    const std::uint32_t piece = checker_.code_bytes();
    for (std::size_t at = 0, count; at < code.size(); at += count) {
      const std::uint32_t here = address + static_cast<std::uint32_t>(at);
      count = std::min<std::size_t>(code.size() - at, piece - here % piece);
      visit(here, code.subspan(at, count));
    }
  }

  /// Which places of a cache a core has named in operations by index. A line of a set lies in one of its ways: when all
  /// of them were named, the line was met.
  struct Sweep {
    std::vector<bool> done;  ///< per set and way
    std::vector<bool> sets;  ///< all of whose ways are done, which the checker does not know yet
    std::size_t count = 0;  ///< of what is done
    std::size_t whole = 0;  ///< of `sets`
    Operation last;

    /// Notes a place; whether it was the last one of its set.
    bool add(std::uint32_t set, std::uint32_t way, std::uint32_t all_sets, std::uint32_t ways);
    /// Of the next sweep.
    void forget(std::uint32_t set, std::uint32_t ways);
  };
  /// Before anything else that the core does: what it has swept by then.
  void settle_sweeps(AgentId core) {
    if (sweeping_ >> core & 1) [[unlikely]]
      end_sweeps(core);
  }
  void end_sweeps(AgentId core);

  FindingListener& listener_;
  Origins& origins_;
  DeviceOrder devices_;
  std::uint32_t core_control_;
  std::uint32_t line_mask_;
  bool partial_sweep() const {
    for (const auto& core : sweeps_)
      for (const Sweep& sweep : core)
        if (sweep.count) return true;
    return false;
  }

  std::uint32_t code_first_ = 0, code_bytes_ = 0;  ///< from the first line to the last that was fetched
  std::array<Core*, LineCopies::max_cores> fetchers_{};  ///< as far as they have fetched anything
  std::array<Sweep, LineCopies::max_cores> code_sweeps_;
  bool index_operations_ = false;
  std::uint32_t sweeping_ = 0;  ///< a bit for each core with such sets
  Operation last_power_write_;
  std::uint32_t core_count_, sets_, ways_;
  CommitWatch commits_;
  std::array<bool, LineCopies::max_cores> aside_{};
  std::array<bool, LineCopies::max_cores> atomic_found_zero_{};  ///< what the core's last atomic read
  CoherencyChecker checker_;
  std::array<Core*, LineCopies::max_cores> permitted_{};  ///< cores that may access something without telling
  std::array<Core*, LineCopies::max_cores> cores_{};  ///< as far as they were seen
  std::array<std::array<Sweep, 3>, LineCopies::max_cores> sweeps_;
};

}  // namespace dspmem
