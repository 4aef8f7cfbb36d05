// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <unordered_map>
#include <vector>

#include "models/coherency/checker.h"
#include "models/coherency/commit_watch.h"
#include "models/system.h"

namespace dspmem {

/// Judges accesses by what the memory is for, beside the checker, which judges them by when they happen.
class AccessJudge {
 public:
  virtual ~AccessJudge() = default;
  /// A plain access that was not made, with the same outcome, just before. `core` is null for masters without one.
  virtual void on_access(const Core* core, const Deed& access, std::uint32_t address, std::uint32_t bytes) = 0;
  /// Which role the agent has at this moment: the same access may be right in one and wrong in another.
  virtual std::uint8_t context(AgentId agent) const = 0;
  /// Which bytes of a line the agent, a core, may access in its present role without on_access(): a bit for each 64th of the line.
  /// `written`: those that somebody has written.
  struct Allowed {
    std::uint64_t reads = 0, writes = 0;
  };
  virtual Allowed allowed(AgentId agent, std::uint32_t line_address, std::uint32_t line_bytes, std::uint64_t written) = 0;
};

/// Translates what happens in the hardware into the checker's terms: synchronising instructions, doorbells and core starts become
/// order, operations by index become operations on lines.
class CoherencyObserver : public HardwareObserver {
 public:
  CoherencyObserver(const SystemConfig& config, FindingListener& listener);

  CoherencyChecker& checker() { return checker_; }
  /// What the host is having this agent do; attached to every event as Site::origin.
  void set_origin(AgentId agent, const void* origin);
  /// The core goes over to another role: see AccessJudge::context().
  void on_new_context(Core& core) { core.use_context(judge_->context(static_cast<AgentId>(core.id()))); }
  void release(AgentId agent, std::uint64_t object);
  /// These bytes belong to nobody, or to somebody new.
  void forget(std::uint32_t address, std::uint32_t bytes);
  /// Reads of old bytes that no schedule explains: 0, or the checker or a model is wrong. Operations by index that do not sweep the whole
  /// cache are not followed, and may explain any.
  std::uint64_t unexplained_reads() const { return index_operations_ && partial_sweep() ? 0 : checker_.unexplained_reads(); }
  /// Null for none. REQUIRES: outlives the observer.
  void set_judge(AccessJudge* judge) { judge_ = judge; }
  /// These bytes are shared data, or no longer.
  void set_shared(std::uint32_t address, std::uint32_t bytes, bool shared);
  /// Who switched off the bank that begins at a physical address; kind none when nobody did.
  Deed power_off_of(std::uint32_t bank) const;
  /// Shared data is kept current by commits. What of that is not certain before the end, finish_commits() reports.
  void require_commits(bool required) { commits_.require(required); }
  void finish_commits() { commits_.finish(); }
  /// The core hands something over by other means than instructions: a signal of the scenario.
  void on_release(Core& core) { commits_.on_told({Deed::Kind::write, static_cast<AgentId>(core.id()), View::uncached, site_of(core), core.now()}); }

  std::uint64_t on_read(Core& core, View view, std::uint32_t address, std::span<const std::uint8_t> seen, Ordering ordering) override;
  std::uint64_t on_write(Core& core, View view, std::uint32_t address, std::span<const std::uint8_t> value, Ordering ordering) override;
  void on_stores_unseen(std::uint32_t address, StoreLog& log) override { checker_.use_log(address, log); }
  Permission on_line_filled(Core& core, std::uint32_t address, StoreLog& log) override;
  void on_log_ends(StoreLog& log) override { checker_.end_log(log); }
  void on_fetch(Core& core, std::uint32_t address, std::span<const std::uint8_t> line) override;
  void on_cache_operation(Core& core, CacheOperation operation, std::uint32_t address, bool implied) override;
  void on_ignored_operation(Core& core, CacheOperation operation, std::uint32_t address) override;
  void on_index_operation(Core& core, CacheOperation operation, std::uint32_t set, std::uint32_t way) override;
  void on_device_read(Core& core, std::uint32_t address) override;
  void on_device_write(Core& core, std::uint32_t address) override;
  void on_core_start(Core& core) override;
  void on_core_off(Core& core) override;
  void on_master_start(std::uint8_t agent, std::uint64_t object) override;
  void on_master_finish(std::uint8_t agent, std::uint64_t object) override;
  void on_master_read(std::uint8_t agent, std::uint32_t address, std::span<const std::uint8_t> seen, std::uint64_t cycle) override;
  void on_master_write(std::uint8_t agent, std::uint32_t address, std::span<const std::uint8_t> value, std::uint64_t cycle) override;
  void on_master_refused(std::uint8_t agent, std::uint32_t address, std::uint64_t cycle) override {
    if (refused_) refused_({Deed::Kind::read, agent, View::direct, {0, 0, origins_[agent]}, cycle}, address);
  }
  /// Is told when memory refuses a master without a cache.
  void on_refusal(std::function<void(const Deed& access, std::uint32_t address)> refused) { refused_ = std::move(refused); }
  /// Is told of a bank that is switched off, before its contents are lost.
  void on_loss(std::function<void(std::uint32_t address, std::uint32_t bytes, const Deed& power_off)> lost) { lost_ = std::move(lost); }
  void on_bank_off(std::uint32_t address, std::uint32_t bytes) override;

 private:
  /// Whether accesses to the line may go unseen at all, if the checker and the judge allow it.
  bool may_skip(View view, std::uint32_t address) const { return view == View::cached && !(commits_.required() && commits_.is_shared(address)); }
  // A core accesses lines again without telling as long as nothing else happens to them.
  void tag_stores(Core& core);
  std::uint64_t permit_reads(Core& core, View view, std::uint32_t address, std::uint8_t context);
  std::uint64_t permit_writes(Core& core, View view, std::uint32_t address);
  AccessJudge::Allowed allowed(AgentId agent, std::uint32_t address, std::uint64_t written) {
    return judge_ ? judge_->allowed(agent, address & line_mask_, ~line_mask_ + 1, written) : AccessJudge::Allowed{~0ull, ~0ull};
  }
  void revoke_elsewhere(const Core* but, std::uint32_t address) {
    if (const std::uint32_t cores = checker_.take_permitted(address, but ? ~(1u << but->id()) : ~0u)) revoke(cores, address);
  }
  void revoke(std::uint32_t cores, std::uint32_t address);
  void revoke_all(std::uint32_t core);
  void revoke_all();
  Site site_of(const Core& core) const;
  /// The object that an access to a device register synchronises on; 0 for registers that order nothing.
  std::uint64_t device_object(std::uint32_t address) const;
  /// Whether a write there tells another core something: a message, not that one has been read, and no transfer of the core's own.
  bool tells(const Core& core, std::uint32_t address) const;
  std::uint64_t core_object(std::uint32_t core) const;

  /// How much of a cache a core has swept with one operation by index since it began.
  struct Sweep {
    std::vector<bool> done;  ///< per set and way
    std::size_t count = 0;
  };

  FindingListener& listener_;
  AccessJudge* judge_ = nullptr;
  std::function<void(const Deed&, std::uint32_t)> refused_;
  std::function<void(std::uint32_t, std::uint32_t, const Deed&)> lost_;
  DeviceAddresses devices_;
  std::uint32_t line_mask_;
  bool partial_sweep() const {
    for (const auto& core : sweeps_)
      for (const Sweep& sweep : core)
        if (sweep.count) return true;
    return false;
  }

  bool index_operations_ = false;
  Deed last_power_write_;
  std::unordered_map<std::uint32_t, Deed> power_offs_;  ///< physical base of a bank -> what switched it off
  std::uint32_t core_count_, sets_, ways_;
  CommitWatch commits_;
  std::array<bool, LineWorlds::max_cores> atomic_found_zero_{};  ///< what the core's last atomic read
  CoherencyChecker checker_;
  std::array<Core*, LineWorlds::max_cores> permitted_{};  ///< cores that may access something without telling
  std::array<Core*, LineWorlds::max_cores> cores_{};      ///< as far as they were seen
  std::array<const void*, max_agents> origins_{};
  std::unordered_map<std::uint64_t, const void*> starters_;  ///< device object -> what the host was having the core do that wrote to it last
  std::array<std::array<Sweep, 3>, LineWorlds::max_cores> sweeps_;
};

}  // namespace dspmem
