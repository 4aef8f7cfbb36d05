// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <cstdio>

#include "sim/cli/commands.h"
#include "sim/cli/options.h"
#include "sim/cli/progress_line.h"
#include "sim/cli/usage.h"
#include "sim/experiment/advise.h"
#include "sim/result/printable.h"

namespace dspmem {
namespace {

std::string percent(std::int64_t basis_points) {
  return fmt::format("{:.2f} %", static_cast<double>(basis_points) / 100);
}

void print_moves(const Advice& advice) {
  fmt::print(
      "moves, each verified by a run with the objects in the {} bytes behind the firmware image, whose bank is on "
      "anyway\n",
      advice.room_bytes);
  for (const VerifiedMove& move : advice.moves) {
    std::uint64_t bytes = 0;
    for (const Result::Pin& pin : move.objects) bytes += pin.object.bytes;
    fmt::print(
        "  {}: {} {}, {} bytes: page-refcount saves {} instead of {} ({:+.2f} points), the firmware {} instead of {}\n",
        move.bank, move.objects.size(), move.objects.size() == 1 ? "object" : "objects", bytes,
        percent(move.achievable_after), percent(move.achievable_before),
        static_cast<double>(move.achievable_after - move.achievable_before) / 100, percent(move.measured_after),
        percent(move.measured_before));
    for (const Result::Pin& pin : move.objects)
      fmt::print("      '{}' {} bytes, {}{}\n", pin.object.name, pin.object.bytes, pin.object.zone,
                 pin.object.where.empty() ? "" : " at " + to_string(pin.object.where));
  }
  if (advice.moves.empty())
    fmt::print("  none: no bank is kept on by objects that fit there and whose move would pay\n");
}

std::string maps_text(const std::vector<BlockMap>& maps) {
  std::string text;
  for (const BlockMap& map : maps)
    if (map.count) text += fmt::format("{}[{}, {}]", text.empty() ? "" : ", ", map.block_bytes, map.count);
  return "[" + text + "]";
}

void print_layouts(const std::vector<LayoutAdvice>& layouts) {
  fmt::print("\nblock sizes: what each zone's heaps were asked for, with every size at its peak at once\n");
  for (const LayoutAdvice& each : layouts) {
    fmt::print("  {}\n      configured   {} of {} bytes in use, {} wasted: {}\n", to_string(each.zone), each.now.bytes,
               each.heap_bytes, each.now.wasted, maps_text(each.now.maps));
    fmt::print("      would do     {} bytes, {} wasted: blocks: {}\n", each.better.bytes, each.better.wasted,
               maps_text(each.better.maps));
  }
}

void print_fragmentation(const Result& result) {
  std::printf(
      "\nheaps at the end: internal is what blocks have more than was asked for, external what is free but not in one "
      "piece\n");
  for (const Result::Heap& heap : result.heaps) {
    if (!heap.peak) continue;
    std::printf(
        "  %-22s peak %llu of %llu bytes, used %llu, external %s\n", heap.name.c_str(),
        static_cast<unsigned long long>(heap.peak), static_cast<unsigned long long>(heap.size),
        static_cast<unsigned long long>(heap.used),
        heap.free ? percent(static_cast<std::int64_t>(10000 - heap.largest_free * 10000 / heap.free)).c_str() : "-");
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
  const Job job = load_job(request_of(file, values));
  const Advice advice = advise(job, replay_options, progress_line("advising", "moves"));
  std::printf("%s on %s\n\n", printable(file).c_str(), job.platform.name.c_str());
  if (advice.before.crash) {
    std::printf("the firmware stopped: %s. There is nothing to advise.\n", advice.before.crash->message.c_str());
    return exit_code(advice.before.verdict);
  }
  if (advice.before.power.policies.empty())
    std::printf("platform '%s' has no banks that can be switched\n", job.platform.name.c_str());
  else print_moves(advice);
  print_layouts(advice.layouts);
  print_fragmentation(advice.before);
  return 0;
}

}  // namespace dspmem
