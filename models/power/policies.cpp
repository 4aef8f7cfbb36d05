// SPDX-License-Identifier: Apache-2.0
#include "models/power/policies.h"

#include <algorithm>

namespace dspmem {

void PowerPolicy::enter(std::uint32_t bank, BankState state, std::uint64_t cycle) {
  Account& account = accounts_[bank];
  const std::uint64_t spent = cycle > account.since ? cycle - account.since : 0;
  account.since += spent;
  BankTimes& times = account.times;
  switch (account.state) {
    case BankState::on: times.on += spent; break;
    case BankState::retention: times.retention += spent; break;
    case BankState::off: times.off += spent; break;
  }
  if (state == account.state) return;
  if (account.state == BankState::off) {
    ++times.wakes_from_off;
    times.wake_cycles += banks_[bank].wake_cycles;
    times.unrepaid += cycle - account.entered < banks_[bank].figures.off_break_even();
  } else if (account.state == BankState::retention && state == BankState::on) {
    ++times.wakes_from_retention;
    times.wake_cycles += banks_[bank].retention_wake_cycles;
  }
  if (state == BankState::off) ++times.power_offs;
  account.state = state;
  account.entered = cycle;
}

std::vector<BankTimes> PowerPolicy::bank_times() const {
  std::vector<BankTimes> times;
  for (const Account& account : accounts_) times.push_back(account.times);
  return times;
}

BankTimes PowerPolicy::total_times() const {
  BankTimes total;
  for (const Account& account : accounts_) total += account.times;
  return total;
}

EnergyParts PowerPolicy::energy(const std::vector<Energy>& accesses) const {
  EnergyParts total;
  for (std::size_t bank = 0; bank < banks_.size(); ++bank)
    total += energy_of(accounts_[bank].times, accesses[bank], banks_[bank].figures);
  return total;
}

namespace {

/// The baseline: nobody ever switches anything.
class AlwaysOn final : public PowerPolicy {
 public:
  using PowerPolicy::PowerPolicy;
  void finish(std::uint64_t cycle, const std::vector<std::uint64_t>&) override {
    for (std::uint32_t bank = 0; bank < banks_.size(); ++bank) enter(bank, BankState::on, cycle);
  }
};

/// What the code under test did.
class Firmware final : public PowerPolicy {
 public:
  using PowerPolicy::PowerPolicy;
  void on_state(std::uint32_t bank, BankState state, std::uint64_t cycle) override { enter(bank, state, cycle); }
  void finish(std::uint64_t cycle, const std::vector<std::uint64_t>&) override {
    for (std::uint32_t bank = 0; bank < banks_.size(); ++bank) enter(bank, accounts_[bank].state, cycle);
  }
};

/// A bank is off while nothing lives in it.
class PageRefcount final : public PowerPolicy {
 public:
  using PowerPolicy::PowerPolicy;
  void on_live(std::uint32_t bank, std::uint64_t bytes, std::uint64_t cycle, std::uint64_t) override {
    enter(bank, bytes ? BankState::on : BankState::off, cycle);
  }
  void finish(std::uint64_t cycle, const std::vector<std::uint64_t>&) override {
    for (std::uint32_t bank = 0; bank < banks_.size(); ++bank) enter(bank, accounts_[bank].state, cycle);
  }
};

/// The same, and in retention from when a bank has not been accessed for its break-even until it is accessed again.
class RetentionWhenIdle final : public PowerPolicy {
 public:
  explicit RetentionWhenIdle(const std::vector<PoweredBank>& banks) : PowerPolicy(banks), live_since_(banks.size()) {
    for (const PoweredBank& bank : banks) break_even_.push_back(bank.figures.retention_break_even());
  }
  void on_live(std::uint32_t bank, std::uint64_t bytes, std::uint64_t cycle, std::uint64_t last_access) override {
    const bool was_live = accounts_[bank].state != BankState::off;
    if (was_live && !bytes) {
      retain(bank, last_access, cycle);
      enter(bank, BankState::off, cycle);
    } else if (!was_live && bytes) {
      enter(bank, BankState::on, cycle);
      live_since_[bank] = cycle;
    }
  }
  bool watches_idle_banks() const override { return true; }
  void on_idle(std::uint32_t bank, std::uint64_t from, std::uint64_t to) override {
    if (accounts_[bank].state == BankState::off || !retain(bank, from, to)) return;
    enter(bank, BankState::on, to);
  }
  void finish(std::uint64_t cycle, const std::vector<std::uint64_t>& last_access) override {
    for (std::uint32_t bank = 0; bank < banks_.size(); ++bank) {
      if (accounts_[bank].state != BankState::off) retain(bank, last_access[bank], cycle);
      enter(bank, accounts_[bank].state, cycle);
    }
  }

 private:
  /// Looking back on a time without access. False when it was too short.
  bool retain(std::uint32_t bank, std::uint64_t from, std::uint64_t to) {
    const std::uint64_t start = std::max(from, live_since_[bank]) + break_even_[bank];
    if (break_even_[bank] == ~0ull || start >= to || start < accounts_[bank].since) return false;
    enter(bank, BankState::retention, start);
    return true;
  }

  std::vector<std::uint64_t> live_since_, break_even_;
};

/// What lives, compacted at every moment into the banks that hold it for the least, always in retention, and without
/// cost for moving it or for waking banks. No policy can use less.
class Ideal final : public PowerPolicy {
 public:
  explicit Ideal(const std::vector<PoweredBank>& banks) : PowerPolicy(banks) {
    for (const PoweredBank& bank : banks) {
      const Energy hold = std::min(bank.figures.on, bank.figures.retention);
      baseline_ += bank.figures.off;
      auto known =
          std::find_if(kinds_.begin(), kinds_.end(), [&](const Kind& kind) { return kind.memory == bank.memory; });
      if (known == kinds_.end())
        kinds_.push_back(
            {bank.memory, bank.bytes, hold > bank.figures.off ? hold - bank.figures.off : 0, bank.figures.off, 1});
      else ++known->count;
    }
  }
  void on_total(std::uint64_t bytes, std::uint64_t cycle) override {
    advance(cycle);
    if (bytes == live_) return;
    live_ = bytes;
    choice_ = cheapest(0, bytes);
  }
  void finish(std::uint64_t cycle, const std::vector<std::uint64_t>&) override { advance(cycle); }
  std::vector<BankTimes> bank_times() const override { return {}; }
  BankTimes total_times() const override {
    BankTimes times;
    times.retention = held_;
    times.off = since_ * banks_.size() - held_;
    return times;
  }
  EnergyParts energy(const std::vector<Energy>& accesses) const override {
    EnergyParts parts;
    parts.leakage_retention = leakage_held_;
    parts.leakage_off = leakage_off_;
    for (const Energy each : accesses) parts.accesses += each;
    return parts;
  }

 private:
  struct Kind {
    std::uint32_t memory, bytes;
    Energy extra;  ///< per cycle, of a bank that holds something over one that is off
    Energy off;
    std::uint64_t count;
  };
  struct Choice {
    Energy extra = 0;  ///< per cycle
    Energy off = 0;  ///< of the banks that are held, per cycle
    std::uint64_t banks = 0;
  };

  /// The banks of the kinds from `first` on that hold `bytes` for the least. More than there is: all of them.
  Choice cheapest(std::size_t first, std::uint64_t bytes) const {
    if (first == kinds_.size() || bytes == 0) return {};
    const Kind& kind = kinds_[first];
    const auto with = [&](std::uint64_t count) {
      const std::uint64_t room = count * kind.bytes;
      Choice rest = cheapest(first + 1, bytes > room ? bytes - room : 0);
      rest.extra += count * kind.extra;
      rest.off += count * kind.off;
      rest.banks += count;
      return rest;
    };
    std::uint64_t others = 0;
    for (std::size_t later = first + 1; later < kinds_.size(); ++later)
      others += kinds_[later].count * kinds_[later].bytes;
    const std::uint64_t most = std::min(kind.count, (bytes + kind.bytes - 1) / kind.bytes);
    const std::uint64_t least =
        bytes > others ? std::min(kind.count, (bytes - others + kind.bytes - 1) / kind.bytes) : 0;
    Choice best = with(most);
    for (std::uint64_t count = least; count < most; ++count)
      if (const Choice choice = with(count); choice.extra < best.extra) best = choice;
    return best;
  }

  void advance(std::uint64_t cycle) {
    if (cycle <= since_) return;
    const std::uint64_t spent = cycle - since_;
    since_ = cycle;
    held_ += spent * choice_.banks;
    leakage_held_ += spent * (choice_.extra + choice_.off);
    leakage_off_ += spent * (baseline_ - choice_.off);
  }

  std::vector<Kind> kinds_;
  Energy baseline_ = 0;  ///< all banks off, per cycle
  Choice choice_;
  std::uint64_t live_ = 0, since_ = 0, held_ = 0;
  Energy leakage_held_ = 0, leakage_off_ = 0;
};

template <class Policy>
std::unique_ptr<PowerPolicy> make(const std::vector<PoweredBank>& banks) {
  return std::make_unique<Policy>(banks);
}

constexpr PowerPolicyKind kinds[] = {
    {PolicyRole::baseline, "always-on", "every bank is on all the time: what the others are compared with",
     make<AlwaysOn>},
    {PolicyRole::measured, "firmware", "what the firmware did", make<Firmware>},
    {PolicyRole::achievable, "page-refcount", "a bank is off while nothing lives in it", make<PageRefcount>},
    {PolicyRole::other, "retention-when-idle", "the same, and in retention while nobody accesses it",
     make<RetentionWhenIdle>},
    {PolicyRole::bound, "ideal", "what lives, compacted into the fewest banks at every moment, in retention: a bound",
     make<Ideal>},
};

}  // namespace

std::span<const PowerPolicyKind> power_policies() { return kinds; }

}  // namespace dspmem
