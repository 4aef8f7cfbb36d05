// SPDX-License-Identifier: Apache-2.0
#include "sim/power/account.h"

#include <algorithm>

namespace dspmem {
namespace {

constexpr std::uint64_t share_unit = 65536;
constexpr std::size_t pins_told = 8;

std::vector<BankFigures> figures_of(const Platform& platform, const EnergyPreset& preset) {
  std::vector<BankFigures> figures;
  for (const SramConfig& sram : platform.system.srams)
    figures.push_back(preset.figures(sram.bank_bytes, platform.system.clock_period_ps));
  return figures;
}

/// The key of the entry in Bank::live that stands for the allocator's metadata: no object begins there.
constexpr std::uint32_t metadata_key = ~0u;

/// Every bank that has bytes of a block, and how many.
template <class Visit>
void for_each_bank(const EnergyMeter& meter, std::uint32_t base, std::uint32_t bytes, Visit visit) {
  for (std::uint64_t at = base; at < std::uint64_t{base} + bytes;) {
    const auto number = meter.bank_of(static_cast<std::uint32_t>(at));
    if (!number) return;
    const std::uint64_t end =
        std::min(std::uint64_t{meter.bank_base(*number)} + meter.bank(*number).bytes, std::uint64_t{base} + bytes);
    visit(*number, static_cast<std::uint32_t>(end - at));
    at = end;
  }
}

/// Memory that has only a name.
HeapBlock named_block(const std::string& name, std::uint32_t address, std::uint32_t bytes) {
  HeapBlock block;
  block.name = name;
  block.base = address;
  block.bytes = bytes;
  return block;
}

Result::PolicyRole result_role(PolicyRole role) {
  switch (role) {
    case PolicyRole::baseline: return Result::PolicyRole::baseline;
    case PolicyRole::measured: return Result::PolicyRole::measured;
    case PolicyRole::achievable: return Result::PolicyRole::achievable;
    case PolicyRole::bound: return Result::PolicyRole::bound;
    case PolicyRole::other: return Result::PolicyRole::other;
  }
  return Result::PolicyRole::other;
}

/// Hundredths of a percent.
std::uint64_t basis_points(unsigned __int128 part, unsigned __int128 whole) {
  return whole ? static_cast<std::uint64_t>(part * 10000 / whole) : 0;
}

}  // namespace

PowerAccount::PowerAccount(const Platform& platform, const EnergyPreset& preset, System& system)
    : platform_(platform), preset_(preset), system_(system),
      meter_(std::make_unique<EnergyMeter>(system.srams(), figures_of(platform, preset))),
      banks_(meter_->bank_count()) {}

std::uint32_t PowerAccount::physical(std::uint32_t cached) const {
  const Region* region = system_.map().find(cached);
  return region ? region->to_physical(cached) : cached;
}

void PowerAccount::advance(Bank& bank, std::uint64_t cycle) {
  if (cycle <= bank.updated) return;
  if (!bank.live.empty()) bank.clock += (cycle - bank.updated) * share_unit / bank.live.size();
  bank.updated = cycle;
}

void PowerAccount::retire(Bank& bank, std::unordered_map<std::uint32_t, Live>::iterator live) {
  Pin& pin = *live->second.pin;
  pin.share += bank.clock - live->second.share_at_start;
  pin.longest = std::max(pin.longest, now_ - live->second.since);
  bank.live.erase(live);
}

PowerAccount::Pin& PowerAccount::pin_of(Bank& bank, const HeapBlock& block, Result::Object::Kind kind) {
  if (const auto known = bank.pins.find(key_of(block)); known != bank.pins.end()) return *known->second;
  auto pin = std::make_unique<Pin>();
  pin->first = block;
  pin->kind = kind;
  Pin& kept = *pin;
  bank.pins.emplace(key_of(kept.first), std::move(pin));
  return kept;
}

void PowerAccount::add(const HeapBlock& block, std::uint64_t cycle, Result::Object::Kind kind) {
  now_ = std::max(now_, cycle);
  const std::uint32_t base = physical(block.base);
  meter_->add_live(base, block.bytes, cycle);
  for_each_bank(*meter_, base, block.bytes, [&](std::uint32_t number, std::uint32_t) {
    Bank& bank = banks_[number];
    advance(bank, now_);
    if (const auto old = bank.live.find(base); old != bank.live.end()) retire(bank, old);
    Pin& pin = pin_of(bank, block, kind);
    ++pin.objects;
    pin.largest = std::max<std::uint64_t>(pin.largest, block.bytes);
    bank.live[base] = {&pin, bank.clock, now_};
  });
}

void PowerAccount::remove(const HeapBlock& block, std::uint64_t cycle) {
  now_ = std::max(now_, cycle);
  const std::uint32_t base = physical(block.base);
  meter_->remove_live(base, block.bytes, cycle);
  for_each_bank(*meter_, base, block.bytes, [&](std::uint32_t number, std::uint32_t) {
    Bank& bank = banks_[number];
    advance(bank, now_);
    if (const auto live = bank.live.find(base); live != bank.live.end()) retire(bank, live);
  });
}

void PowerAccount::pin(const std::string& name, Result::Object::Kind kind, std::uint32_t address, std::uint32_t bytes,
                       std::uint64_t cycle) {
  add(named_block(name, address, bytes), cycle, kind);
}

void PowerAccount::unpin(const std::string& name, std::uint32_t address, std::uint32_t bytes, std::uint64_t cycle) {
  remove(named_block(name, address, bytes), cycle);
}

void PowerAccount::on(const CoreChanged& event) {
  const CoreArea& area = platform_.core_areas[event.core];
  const std::string name = "stack of core " + std::to_string(event.core);
  if (event.on) pin(name, Result::Object::Kind::stack, area.stack_base, area.stack_bytes, event.cycle);
  else unpin(name, area.stack_base, area.stack_bytes, event.cycle);
}

void PowerAccount::on(const MetadataChanged& event) {
  if (event.claimed) claim_metadata(event.address, event.bytes, event.cycle);
  else release_metadata(event.address, event.bytes, event.cycle);
}

void PowerAccount::claim_metadata(std::uint32_t address, std::uint32_t bytes, std::uint64_t cycle) {
  // In words: one object a bank is enough to say who needs it.
  now_ = std::max(now_, cycle);
  meter_->add_live(address, bytes, cycle);
  for_each_bank(*meter_, address, bytes, [&](std::uint32_t number, std::uint32_t here) {
    Bank& bank = banks_[number];
    bank.metadata += here;
    Pin& pin = pin_of(bank, named_block("the allocator's metadata", address, bytes), Result::Object::Kind::metadata);
    pin.largest = std::max(pin.largest, bank.metadata);
    pin.objects = 1;
    if (bank.metadata > here) return;
    advance(bank, now_);
    bank.live[metadata_key] = {&pin, bank.clock, now_};
  });
}

void PowerAccount::release_metadata(std::uint32_t address, std::uint32_t bytes, std::uint64_t cycle) {
  now_ = std::max(now_, cycle);
  meter_->remove_live(address, bytes, cycle);
  for_each_bank(*meter_, address, bytes, [&](std::uint32_t number, std::uint32_t here) {
    Bank& bank = banks_[number];
    bank.metadata -= here;
    if (bank.metadata) return;
    advance(bank, now_);
    retire(bank, bank.live.find(metadata_key));
  });
}

Result::Power PowerAccount::finish(std::uint64_t cycle,
                                   const std::function<Result::Object(const HeapBlock&)>& describe) {
  meter_->finish(cycle);
  now_ = std::max(now_, cycle);
  Result::Power power;
  if (banks_.empty()) return power;
  power.preset = preset_.name;
  power.description = preset_.description;
  for (const Figure& each : preset_.sources)
    if (each.origin == Figure::Origin::assumed &&
        std::find(power.assumed.begin(), power.assumed.end(), each.stated) == power.assumed.end())
      power.assumed.push_back(each.stated);
  power.cycles = meter_->cycle();
  const std::vector<Energy> accesses = meter_->access_energies();
  const auto kinds = power_policies();
  Energy regulators = 0;
  for (const PowerController::RegulatorTimes& times : system_.power().regulator_times(power.cycles)) {
    power.regulators.push_back({times.memory, times.on, times.wasted});
    regulators += times.on * preset_.regulator * platform_.system.clock_period_ps / 1000;
  }
  const Energy baseline = meter_->policy(PolicyRole::baseline)->energy(accesses).total();
  const Energy bound = meter_->policy(PolicyRole::bound)->energy(accesses).total();
  for (std::size_t index = 0; index < kinds.size(); ++index) {
    const PowerPolicy& policy = meter_->policy(index);
    const BankTimes times = policy.total_times();
    const EnergyParts parts = policy.energy(accesses);
    const Energy own_regulators =
        kinds[index].role == PolicyRole::measured ? regulators : 0;  // the others ask for no regulator
    Result::PowerPolicy told{kinds[index].name,
                             kinds[index].summary,
                             result_role(kinds[index].role),
                             times.on,
                             times.retention,
                             times.off,
                             times.wakes_from_off + times.wakes_from_retention,
                             times.power_offs,
                             times.unrepaid,
                             times.wake_cycles,
                             parts.leakage_on,
                             parts.leakage_retention,
                             parts.leakage_off,
                             parts.accesses,
                             parts.wakes,
                             own_regulators};
    const Energy whole = told.energy();
    told.saved_basis_points =
        static_cast<std::int64_t>(baseline >= whole ? basis_points(baseline - whole, baseline) : 0) -
        static_cast<std::int64_t>(whole > baseline ? basis_points(whole - baseline, baseline) : 0);
    told.of_ideal_basis_points =
        baseline > bound && baseline > whole ? basis_points(baseline - whole, baseline - bound) : 0;
    told.off_basis_points = basis_points(times.off, static_cast<unsigned __int128>(power.cycles) * banks_.size());
    power.policies.push_back(told);
  }
  const std::vector<BankTimes> did = meter_->policy(PolicyRole::measured)->bank_times(),
                               needed = meter_->policy(PolicyRole::achievable)->bank_times();
  std::map<std::pair<std::string, bool>, std::uint64_t> zones;  ///< by name, and whether it was allocated
  std::map<std::uint32_t, std::uint64_t> cores;
  for (std::size_t number = 0; number < banks_.size(); ++number) {
    Bank& bank = banks_[number];
    advance(bank, now_);
    while (!bank.live.empty()) retire(bank, bank.live.begin());
    Result::PoweredBank told;
    told.name = meter_->bank_name(number);
    told.on = did[number].on;
    told.retention = did[number].retention;
    told.off = did[number].off;
    told.needed = needed[number].on;
    told.power_offs = did[number].power_offs;
    told.break_even = meter_->bank(number).figures.off_break_even();
    told.access_energy = accesses[number];
    std::vector<const Pin*> pins;
    std::uint64_t all = 0;
    for (const auto& [key, kept] : bank.pins) {
      const Pin& pin = *kept;
      pins.push_back(&pin);
      all += pin.share;
      const bool allocated = pin.kind == Result::Object::Kind::block;
      zones[{allocated ? to_string(pin.first.zone) : "fixed", allocated}] += pin.share / share_unit;
      if (allocated) cores[pin.first.core] += pin.share / share_unit;
    }
    // By place: pointers have no order that every run shares.
    std::sort(pins.begin(), pins.end(), [](const Pin* a, const Pin* b) {
      return std::tie(b->share, a->first.base, a->first.site.cycle) <
             std::tie(a->share, b->first.base, b->first.site.cycle);
    });
    told.pin_count = pins.size();
    for (std::size_t i = 0; i < std::min(pins.size(), pins_told); ++i) {
      const Pin& pin = *pins[i];
      const bool allocated = pin.kind == Result::Object::Kind::block;
      Result::Object object{pin.kind, pin.first.name, "fixed", {}, {}, pin.first.base, 0};
      if (allocated) object = describe(pin.first);
      object.bytes = static_cast<std::uint32_t>(pin.largest);
      told.pins.push_back({object, pin.objects, basis_points(pin.share, all), pin.longest, allocated,
                           allocated ? pin.first.name : "", pin.first.site.stack[0]});
    }
    power.banks.push_back(std::move(told));
  }
  for (const auto& [zone, cycles] : zones) power.zones.push_back({zone.first, zone.second, cycles});
  for (const auto& [core, cycles] : cores) power.cores.push_back({to_string(Agent::core(core)), true, cycles});
  return power;
}

}  // namespace dspmem
