// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

#include "sim/cli/commands.h"
#include "sim/cli/job.h"
#include "sim/cli/usage.h"
#include "sim/replay/layout.h"

namespace dspmem {
namespace {

constexpr std::size_t page_refcount = 2;  // in power_policies()

std::string percent(std::int64_t basis_points) { return fmt::format("{:.2f} %", static_cast<double>(basis_points) / 100); }

/// Objects whose move empties a bank.
struct Move {
  const Result::PoweredBank* bank;
  std::vector<const Result::Pin*> objects;
};

/// Banks that only allocations keep on, those that hold the least first.
std::vector<Move> candidates(const Result::Power& power) {
  std::vector<Move> moves;
  for (const Result::PoweredBank& bank : power.banks) {
    if (!bank.needed || bank.pin_count > bank.pins.size() || !std::all_of(bank.pins.begin(), bank.pins.end(), [](const Result::Pin& pin) { return pin.movable; })) continue;
    Move move{&bank, {}};
    for (const Result::Pin& pin : bank.pins) move.objects.push_back(&pin);
    moves.push_back(std::move(move));
  }
  const auto bytes = [](const Move& move) {
    std::uint64_t sum = 0;
    for (const Result::Pin* pin : move.objects) sum += pin->object.bytes;
    return sum;
  };
  std::stable_sort(moves.begin(), moves.end(), [&](const Move& a, const Move& b) { return bytes(a) < bytes(b); });
  return moves;
}

void suggest_moves(const Job& job, const ReplayOptions& options, const Result& before) {
  constexpr std::size_t tried = 5;
  const PhysicalRange room = free_behind_image(job.scenario.statics, job.platform, *job.image);
  std::printf("moves, each verified by a run with the objects in the %u bytes behind the firmware image, whose bank is on anyway\n", room.bytes);
  std::vector<Move> moves = candidates(before.power);
  if (moves.size() > tried) moves.resize(tried);
  std::size_t told = 0;
  for (const Move& move : moves) {
    Relocation relocation;
    relocation.base = room.base;
    relocation.bytes = room.bytes;
    std::uint64_t bytes = 0;
    for (const Result::Pin* pin : move.objects) {
      if (!pin->name.empty()) relocation.names.push_back(pin->name);
      else relocation.callers.push_back(pin->caller);
      bytes += pin->object.bytes;
    }
    ReplayOptions again = options;
    again.relocation = &relocation;
    Replay replay(job.scenario, job.platform, job.allocator, *job.image, again);
    const Result after = replay.run();
    if (!replay.relocation_fits() || after.crash || after.power.policies.empty()) continue;
    const auto saved = [](const Result& result, std::size_t policy) { return result.power.policies[policy].saved_basis_points; };
    if (saved(after, page_refcount) <= saved(before, page_refcount)) continue;
    ++told;
    std::printf("  %s: %zu %s, %llu bytes: page-refcount saves %s instead of %s (%+.2f points), the firmware %s instead of %s\n", move.bank->name.c_str(), move.objects.size(),
                move.objects.size() == 1 ? "object" : "objects", static_cast<unsigned long long>(bytes), percent(saved(after, page_refcount)).c_str(), percent(saved(before, page_refcount)).c_str(),
                static_cast<double>(saved(after, page_refcount) - saved(before, page_refcount)) / 100, percent(saved(after, 1)).c_str(), percent(saved(before, 1)).c_str());
    for (const Result::Pin* pin : move.objects)
      std::printf("      '%s' %u bytes, %s%s\n", pin->object.name.c_str(), pin->object.bytes, pin->object.zone.c_str(), pin->object.where.empty() ? "" : (" at " + pin->object.where).c_str());
  }
  if (!told) std::printf("  none: no bank is kept on by objects that fit there and whose move would pay\n");
}

std::string maps_text(const std::vector<BlockMap>& maps) {
  std::string text;
  for (const BlockMap& map : maps)
    if (map.count) text += fmt::format("{}[{}, {}]", text.empty() ? "" : ", ", map.block_bytes, map.count);
  return "[" + text + "]";
}

void suggest_layout(const Platform& platform, const SizeProfile& sizes) {
  std::printf("\nblock sizes: what each zone's heaps were asked for, with every size at its peak at once\n");
  for (const auto& [zone, classes] : sizes.zones) {
    const auto heap = std::find_if(platform.heaps.begin(), platform.heaps.end(), [wanted = zone](const HeapLayout& each) { return each.zone == wanted && !each.maps.empty(); });
    if (heap == platform.heaps.end() || zone == Zone::buffer) continue;  // buffers are runs of blocks of one size
    const BlockLayout now = fill_blocks(classes, heap->maps);
    if (!now.bytes) continue;
    const BlockLayout better = suggest_blocks(classes, heap->maps.size(), heap->maps.back().block_bytes);
    std::printf("  %s\n      configured   %llu of %u bytes in use, %llu wasted: %s\n", to_string(zone).c_str(), static_cast<unsigned long long>(now.bytes), heap->bytes,
                static_cast<unsigned long long>(now.wasted), maps_text(now.maps).c_str());
    std::printf("      would do     %llu bytes, %llu wasted: blocks: %s\n", static_cast<unsigned long long>(better.bytes), static_cast<unsigned long long>(better.wasted), maps_text(better.maps).c_str());
  }
}

void tell_fragmentation(const Result& result) {
  std::printf("\nheaps at the end: internal is what blocks have more than was asked for, external what is free but not in one piece\n");
  for (const Result::Heap& heap : result.heaps) {
    if (!heap.peak) continue;
    std::printf("  %-22s peak %llu of %llu bytes, used %llu, external %s\n", heap.name.c_str(), static_cast<unsigned long long>(heap.peak), static_cast<unsigned long long>(heap.size),
                static_cast<unsigned long long>(heap.used), heap.free ? percent(static_cast<std::int64_t>(10000 - heap.largest_free * 10000 / heap.free)).c_str() : "-");
  }
}

}  // namespace

int advise_command(const std::vector<std::string>& arguments) {
  namespace po = boost::program_options;
  po::options_description options("options");
  add_platform_option(options);
  add_firmware_option(options);
  add_allocator_option(options);
  add_replay_options(options);
  add_energy_option(options);
  po::variables_map values;
  if (!parse_arguments(arguments, "advise SCENARIO.yaml [OPTIONS]", options, "scenario", values)) return 0;
  const std::string file = scenario_of(values, "advise");
  const ReplayOptions replay_options = replay_options_of(values);
  const Job job = load_job(file, values);
  Replay replay(job.scenario, job.platform, job.allocator, *job.image, replay_options);
  const Result before = replay.run();
  const SizeProfile sizes = replay.sizes();
  std::printf("%s on %s\n\n", file.c_str(), job.platform.name.c_str());
  if (before.crash) {
    std::printf("the firmware stopped: %s. There is nothing to advise.\n", before.crash->message.c_str());
    return exit_code(before.verdict);
  }
  if (before.power.policies.empty()) std::printf("platform '%s' has no banks that can be switched\n", job.platform.name.c_str());
  else suggest_moves(job, replay_options, before);
  suggest_layout(job.platform, sizes);
  tell_fragmentation(before);
  return 0;
}

}  // namespace dspmem
