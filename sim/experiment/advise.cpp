// SPDX-License-Identifier: Apache-2.0
#include "sim/experiment/advise.h"

#include <algorithm>

#include "sim/session/place_statics.h"

namespace dspmem {
namespace {

/// Objects whose move empties a bank.
struct Candidate {
  const Result::PoweredBank* bank;
  std::uint64_t bytes = 0;
};

/// Banks that only allocations keep on, those that hold the least first.
std::vector<Candidate> candidates(const Result::Power& power) {
  std::vector<Candidate> found;
  for (const Result::PoweredBank& bank : power.banks) {
    if (!bank.needed || bank.pin_count > bank.pins.size() ||
        !std::all_of(bank.pins.begin(), bank.pins.end(), [](const Result::Pin& pin) { return pin.movable; }))
      continue;
    Candidate candidate{&bank};
    for (const Result::Pin& pin : bank.pins) candidate.bytes += pin.object.bytes;
    found.push_back(candidate);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Candidate& a, const Candidate& b) { return a.bytes < b.bytes; });
  return found;
}

void try_moves(const Job& job, const ReplayOptions& options, Advice& advice, const ExperimentProgress& progress) {
  constexpr std::size_t most = 5;
  using Role = Result::PolicyRole;
  const PhysicalRange room = free_behind_image(job.scenario.statics, job.platform, *job.image);
  advice.room_bytes = room.bytes;
  std::vector<Candidate> tried = candidates(advice.before.power);
  if (tried.size() > most) tried.resize(most);
  for (std::size_t index = 0; index < tried.size(); ++index) {
    progress(index, tried.size());
    Relocation relocation;
    relocation.base = room.base;
    relocation.bytes = room.bytes;
    for (const Result::Pin& pin : tried[index].bank->pins) {
      if (!pin.name.empty()) relocation.names.push_back(pin.name);
      else relocation.callers.push_back(pin.caller);
    }
    ReplayOptions again = options;
    again.relocation = &relocation;
    Session session(job.input(), again);
    const Result after = session.run();
    if (!session.relocation_fits() || after.crash || after.power.policies.empty()) continue;
    const auto saved = [](const Result& result, Role role) { return result.power.policy(role)->saved_basis_points; };
    if (saved(after, Role::achievable) <= saved(advice.before, Role::achievable)) continue;
    advice.moves.push_back({tried[index].bank->name, tried[index].bank->pins, saved(advice.before, Role::achievable),
                            saved(after, Role::achievable), saved(advice.before, Role::measured),
                            saved(after, Role::measured)});
  }
  progress(tried.size(), tried.size());
}

std::vector<LayoutAdvice> layouts(const Platform& platform, const SizeProfile& sizes) {
  std::vector<LayoutAdvice> found;
  for (const auto& [zone, classes] : sizes.zones) {
    const auto heap =
        std::find_if(platform.heaps.begin(), platform.heaps.end(),
                     [wanted = zone](const HeapLayout& each) { return each.zone == wanted && !each.maps.empty(); });
    if (heap == platform.heaps.end() || zone == Zone::buffer) continue;  // buffers are runs of blocks of one size
    const BlockLayout now = fill_blocks(classes, heap->maps);
    if (now.bytes)
      found.push_back(
          {zone, heap->bytes, now, suggest_blocks(classes, heap->maps.size(), heap->maps.back().block_bytes)});
  }
  return found;
}

}  // namespace

Advice advise(const Job& job, const ReplayOptions& options, const ExperimentProgress& progress) {
  Advice advice;
  Session session(job.input(), options);
  advice.before = session.run();
  if (advice.before.crash) return advice;
  const SizeProfile sizes = session.sizes();
  if (!advice.before.power.policies.empty()) try_moves(job, options, advice, progress);
  advice.layouts = layouts(job.platform, sizes);
  return advice;
}

}  // namespace dspmem
