// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "models/memory/sram.h"
#include "models/power/policies.h"

namespace dspmem {

/// Follows every switchable bank of a system and what lives in it, and keeps the account of each policy. Changes
/// nothing.
class EnergyMeter final : public BankListener {
 public:
  /// `figures`: for each of `srams`; those that are not switchable are left out of the account. REQUIRES: the SRAMs
  /// outlive the meter.
  EnergyMeter(const std::vector<std::unique_ptr<Sram>>& srams, const std::vector<BankFigures>& figures);

  /// Somebody needs these bytes (physical addresses) from now on, or no longer.
  void add_live(std::uint32_t address, std::uint32_t bytes, std::uint64_t cycle) {
    change(address, bytes, true, cycle);
  }
  void remove_live(std::uint32_t address, std::uint32_t bytes, std::uint64_t cycle) {
    change(address, bytes, false, cycle);
  }
  void finish(std::uint64_t cycle);

  // BankListener
  void on_bank_state(std::uint32_t bank, BankState state, std::uint64_t cycle) override;
  void on_bank_idle(std::uint32_t bank, std::uint64_t from, std::uint64_t to) override;

  std::size_t bank_count() const { return banks_.size(); }
  const PoweredBank& bank(std::size_t index) const { return banks_[index]; }
  const std::string& bank_name(std::size_t index) const { return names_[index]; }
  /// The bank that holds a physical address; absent for memory that is not accounted for.
  std::optional<std::uint32_t> bank_of(std::uint32_t address) const;
  /// Physical addresses of a bank.
  std::uint32_t bank_base(std::size_t index) const { return places_[index].base; }
  /// Per bank, so far.
  std::vector<Energy> access_energies() const;
  /// In the order of power_policies(). Complete after finish().
  const PowerPolicy& policy(std::size_t index) const { return *policies_[index]; }
  /// The policy that has a role; null when none does.
  const PowerPolicy* policy(PolicyRole role) const;
  /// The cycle up to which everything is accounted for.
  std::uint64_t cycle() const { return now_; }

 private:
  struct Place {
    std::uint32_t base;
    SramBank* bank;
  };
  void change(std::uint32_t address, std::uint32_t bytes, bool added, std::uint64_t cycle);
  void set_live(std::uint32_t bank, std::uint64_t bytes);
  std::uint64_t advance(std::uint64_t cycle) { return now_ = cycle > now_ ? cycle : now_; }

  std::vector<PoweredBank> banks_;
  std::vector<std::string> names_;
  std::vector<Place> places_;
  mutable std::uint32_t looked_up_ = 0;  ///< bank_of() of the last address: the next is often there, too
  std::vector<std::uint64_t> live_;  ///< bytes, per bank
  std::uint64_t total_ = 0;
  std::uint64_t now_ = 0;  ///< cores run ahead of each other; events are accounted for in the order in which they come
  std::vector<std::unique_ptr<PowerPolicy>> policies_;
  std::vector<PowerPolicy*> idle_watchers_;  ///< those of them that watch idle banks
};

}  // namespace dspmem
