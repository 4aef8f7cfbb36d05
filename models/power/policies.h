// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "models/power/energy.h"

namespace dspmem {

/// What one way of switching banks would have made of a run: told of the same events as all others, it decides which
/// state each bank would have been in. Accounts are kept as the run goes, in constant memory.
///
/// All banks are on at first. REQUIRES: cycles of events never go back.
class PowerPolicy {
 public:
  explicit PowerPolicy(const std::vector<PoweredBank>& banks) : banks_(banks), accounts_(banks.size()) {}
  virtual ~PowerPolicy() = default;

  /// What the firmware really did.
  virtual void on_state(std::uint32_t bank, BankState state, std::uint64_t cycle) {
    (void)bank, (void)state, (void)cycle;
  }
  /// The bytes in the bank that somebody needs, when there are some for the first time, or none any more.
  virtual void on_live(std::uint32_t bank, std::uint64_t bytes, std::uint64_t cycle, std::uint64_t last_access) {
    (void)bank, (void)bytes, (void)cycle, (void)last_access;
  }
  /// The same for all banks together.
  virtual void on_total(std::uint64_t bytes, std::uint64_t cycle) { (void)bytes, (void)cycle; }
  /// Whether on_idle() matters to it: most do not look at accesses, and there are many.
  virtual bool watches_idle_banks() const { return false; }
  /// Nobody accessed the bank in between.
  virtual void on_idle(std::uint32_t bank, std::uint64_t from, std::uint64_t to) { (void)bank, (void)from, (void)to; }
  /// The end of the run. `last_access`: per bank.
  virtual void finish(std::uint64_t cycle, const std::vector<std::uint64_t>& last_access) = 0;

  /// After finish(): per bank where the policy says so, and for all.
  virtual std::vector<BankTimes> bank_times() const;
  virtual BankTimes total_times() const;
  /// `accesses` is per bank: they are the same whatever the policy.
  virtual EnergyParts energy(const std::vector<Energy>& accesses) const;

 protected:
  struct Account {
    BankState state = BankState::on;
    std::uint64_t since = 0;  ///< accounted for up to here
    std::uint64_t entered = 0;  ///< when it went over to its state
    BankTimes times;
  };
  /// Bank goes over to a state. Waking is counted with its cost.
  void enter(std::uint32_t bank, BankState state, std::uint64_t cycle);

  const std::vector<PoweredBank>& banks_;
  std::vector<Account> accounts_;
};

/// What a policy is for. One policy has each role but `other`.
enum class PolicyRole : std::uint8_t {
  baseline,  ///< what others are compared with
  measured,  ///< what the firmware did
  achievable,  ///< what it could have done with what it knows
  bound,  ///< what nobody can beat
  other,
};

struct PowerPolicyKind {
  PolicyRole role;
  const char* name;
  const char* summary;  ///< one line for reports
  std::unique_ptr<PowerPolicy> (*make)(const std::vector<PoweredBank>& banks);
};

/// Every policy that a run is judged by, in the order of the report.
std::span<const PowerPolicyKind> power_policies();

}  // namespace dspmem
