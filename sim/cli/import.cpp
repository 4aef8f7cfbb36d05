// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <boost/algorithm/string/predicate.hpp>
#include <cstdio>
#include <filesystem>
#include <map>
#include <ranges>
#include <set>

#include "sim/cli/commands.h"
#include "sim/cli/import_platform.h"
#include "sim/cli/output_file.h"
#include "sim/cli/usage.h"
#include "sim/experiment/job.h"
#include "sim/import/heap_log.h"
#include "sim/import/topology_scenario.h"

namespace dspmem {
namespace {

namespace po = boost::program_options;

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "\"";
}

std::string beside(const std::string& file, const std::string& scenario) {
  return std::filesystem::proximate(std::filesystem::absolute(file), std::filesystem::absolute(scenario).parent_path())
      .string();
}

/// A scenario whose cores execute a trace.
std::string scenario_of_trace(const std::string& trace_file, const std::string& name,
                              const std::set<std::uint32_t>& cores, std::map<std::string, std::string> about,
                              const std::string& platform) {
  const auto value = [&about](const char* key, const std::string& absent) {
    return about.contains(key) ? about[key] : absent;
  };
  std::string out = "# Made by 'dspmem import trace'.\nname: " + quoted(value("name", name)) +
                    "\nplatform: " + quoted(platform.empty() ? value("platform", "tgl") : platform) + "\n";
  for (const char* key : {"allocator", "firmware"})
    if (about.contains(key)) out += fmt::format("{}: {}\n", key, quoted(value(key, "")));
  for (const char* key : {"seed", "objects", "agents"})
    if (about.contains(key)) out += fmt::format("{}: {}\n", key, about[key]);
  out += "cores:\n";
  for (const std::uint32_t core : cores)
    out += fmt::format("  {}: [{{trace: {{file: {}}}}}]\n", core, quoted(trace_file));
  if (about.contains("expect")) out += "expect: " + about["expect"] + "\n";
  return out;
}

/// Whether a line may name the columns of a trace.
bool names_columns(std::string_view line) {
  return line.find(',') != std::string_view::npos &&
         std::all_of(line.begin(), line.end(), [](char c) { return c > ' '; });
}

/// Traces begin with comments and a line that names columns; a log has some other line first, and heap operations
/// somewhere.
bool is_log(const std::string& path) {
  LineSource lines(path);
  std::string_view line;
  bool begun = false;
  while (lines.next(line)) {
    if (!begun && (line.empty() || line.starts_with("#"))) continue;
    if (!begun && names_columns(line)) return false;
    begun = true;
    if (is_heap_log_line(line)) return true;
  }
  if (begun)
    throw InputError(
        {path},
        "this is neither a trace, whose first line names its columns (time,core,op,zone,flags,caps,size,alignment,id), "
        "nor a log with heap operations, such as 'Heap 0x..., alloc 0x..., size 64', 'Memory allocated at 0x..., size "
        "64' or 'vpage_alloc ptr 0x... pages 4'");
  return false;
}

/// Options that say something of other files than this one would be ignored.
void refuse_options(const po::variables_map& values, std::initializer_list<const char*> names, const std::string& why) {
  for (const char* name : names)
    if (values.count(name)) throw UsageError(std::string("--") + name + " " + why);
}

/// Finds what is wrong with a trace now, not when it is replayed: rows of cores that the platform lacks, and all that
/// the scenario's steps say about theirs.
void check_trace(const std::string& trace, const std::map<std::uint32_t, std::uint64_t>& first_lines,
                 const OutputFile& scenario, const std::string& output) {
  const std::string made = scenario.unfinished();
  // What goes to a pipe cannot be read again, and what lies in another folder finds its trace only from where the link
  // is.
  if (made.empty() || std::filesystem::path(made).parent_path() != std::filesystem::path(output).parent_path()) return;
  try {
    const Scenario read = load_scenario(made);
    const Platform platform = load_platform(read.platform, read.platform_mark);
    for (const auto& [core, line] : first_lines)
      if (core >= platform.core_count())
        throw InputError({trace, static_cast<int>(std::min<std::uint64_t>(line, 0x7fffffff)), 1},
                         fmt::format("core {} does not exist: platform '{}' has {} cores", core, platform.name,
                                     platform.core_count()));
    check_scenario(read, platform);
  } catch (const InputError& error) {
    if (error.mark().file != made) throw;
    throw InputError({trace}, error.message());  // what the trace says of itself
  }
}

int import_trace(const std::string& file, const std::string& output, const po::variables_map& values) {
  refuse_options(values, {"periods", "components", "streams"}, "is for topologies");
  std::string platform = values.count("platform") ? values["platform"].as<std::string>() : "";
  if (!platform.empty()) platform = platform_reference(platform, load_platform(platform, {"--platform", 0, 0}));
  const std::string name = std::filesystem::path(file).filename().string();
  const OutputFile scenario("--output", output);
  if (!is_log(file)) {
    refuse_options(values, {"zone"}, "is for logs: the rows of a trace say their zones");
    TraceReader trace(file);
    std::map<std::uint32_t, std::uint64_t> first_lines;  // of each core
    std::uint64_t rows = 0;
    for (TraceRow row; trace.next(row); ++rows) first_lines.try_emplace(row.core, row.line);
    if (!rows) throw InputError({file}, "the trace has no rows");
    const auto numbers = std::views::keys(first_lines);
    const std::set<std::uint32_t> cores(numbers.begin(), numbers.end());
    scenario.refuse_inputs();
    scenario.stream() << scenario_of_trace(beside(file, output), name, cores, trace.metadata(), platform);
    check_trace(file, first_lines, scenario, output);
    scenario.commit();
    fmt::print("{}: {} rows on {} core{}\n", file, rows, cores.size(), cores.size() == 1 ? "" : "s");
    return 0;
  }
  Zone zone = Zone::runtime;
  if (values.count("zone")) {
    const std::string wanted = values["zone"].as<std::string>();
    std::vector<std::string> known;
    bool found = false;
    for (const auto& [text, value] : zone_names()) {
      known.push_back(text);
      if (text != wanted) continue;
      zone = value;
      found = true;
    }
    if (!found) throw UsageError("--zone: '" + wanted + "' is not a known zone" + suggestion(wanted, known));
  }
  const std::string trace_path =
      (std::filesystem::path(output).parent_path() / std::filesystem::path(output).stem()).string() + ".trace.csv";
  if (trace_path == output)
    throw UsageError(
        "--output: a log becomes a scenario and, beside it, a trace that ends in .trace.csv; let the scenario end in "
        ".yaml");
  const OutputFile trace_file("--output", trace_path);
  LineSource log(file);
  trace_file.refuse_inputs();
  scenario.refuse_inputs();
  TraceWriter writer(trace_file.stream());
  const HeapLogSummary summary = import_heap_log(log, platform.empty() ? "tgl" : platform, zone, writer);
  if (!summary.allocations) throw InputError({file}, "the log has no allocation");
  trace_file.commit();
  scenario.stream() << scenario_of_trace(beside(trace_path, output), name, summary.cores, {}, platform);
  scenario.commit();
  fmt::print("{}: {} lines; {} allocations, {} frees, {} objects still allocated at the end\n", file, summary.lines,
             summary.allocations, summary.frees, summary.still_allocated);
  if (summary.unknown_frees)
    fmt::print("  {} frees of what was allocated before the log begins are left out\n", summary.unknown_frees);
  if (summary.failures) fmt::print("  {} allocations that failed are comments in the trace\n", summary.failures);
  if (summary.untimed)
    fmt::print("  {} operations have no time that could be read, and follow the one before\n", summary.untimed);
  if (summary.backwards)
    fmt::print("  {} times go back, as after a reboot: taken as the latest so far\n", summary.backwards);
  if (summary.other) fmt::print("  {} lines are about something else\n", summary.other);
  fmt::print("  trace: {}\n", trace_path);
  return 0;
}

/// All of the topology, or what there is while the wanted streams are open.
TopologyScenario scenario_of_streams(const Topology& topology, const ComponentTable& table, const std::string& wanted,
                                     TopologyScenarioOptions& options) {
  const std::vector<std::string> known = stream_names(topology);
  if (wanted == "all") {
    options.open =
        "Everything in the file exists at a time, whatever streams a product opens together: peaks are those of all of "
        "it.";
    return make_scenario(topology, table, options);
  }
  if (known.empty()) throw UsageError("--streams: the topology has no PCM");
  if (wanted == "one-by-one") {
    options.open =
        "The streams are opened one after the other: peaks are those of the largest one alone, beside pipelines that "
        "exist all the time.";
    TopologyScenario all;
    for (std::size_t i = 0; i < known.size(); ++i) {
      options.part = fmt::format(" of stream {}", i + 1);
      append(all, make_scenario(with_streams(topology, {known[i]}), table, options), options.part);
    }
    return all;
  }
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= wanted.size();) {
    const std::size_t end = std::min(wanted.find(',', begin), wanted.size());
    std::string name = wanted.substr(begin, end - begin);
    name.erase(0, name.find_first_not_of(' '));
    name.erase(name.find_last_not_of(' ') + 1);
    if (std::none_of(known.begin(), known.end(),
                     [&name](const std::string& each) { return boost::iequals(each, name); }))
      throw UsageError(fmt::format("--streams: the topology has no PCM '{}'; it has {}", name, fmt::join(known, ", ")) +
                       suggestion(name, known));
    names.push_back(std::move(name));
    begin = end + 1;
  }
  options.open = fmt::format(
      "Open at a time: {}. Peaks are those of these streams together, beside pipelines that exist all the time.",
      fmt::join(names, ", "));
  return make_scenario(with_streams(topology, names), table, options);
}

int import_topology(const std::string& file, const std::string& output, const po::variables_map& values) {
  refuse_options(values, {"zone"}, "is for logs: components say where their memory comes from");
  const std::string platform_name = values.count("platform") ? values["platform"].as<std::string>() : "tgl";
  const Platform platform = load_platform(platform_name, {"--platform", 0, 0});
  const ComponentTable table = load_components(
      values.count("components") ? values["components"].as<std::string>() : "components", {"--components", 0, 0});
  const Topology topology = load_topology(file);
  TopologyScenarioOptions options;
  options.name = std::filesystem::path(file).stem().string();
  options.platform = quoted(platform_reference(platform_name, platform));
  options.platform_cores = platform.core_count();
  options.line_bytes = platform.line_bytes();
  options.periods = static_cast<std::uint32_t>(number_option(values, "periods", 1, 1000000).value_or(options.periods));
  options.largest_buffer = 0;
  options.buffer_bytes = 0;
  const std::uint32_t low_power =
      std::find_if(capability_names().begin(), capability_names().end(), [](const auto& each) {
        return each.first == "lp";
      })->second;
  for (const HeapLayout& heap : platform.heaps)
    if (heap.serves(Zone::buffer)) {
      options.largest_buffer = std::max(options.largest_buffer, heap.bytes);
      options.buffer_bytes += heap.bytes;
      if (heap.capabilities & low_power) {
        options.low_power_bytes += heap.bytes;
        if (!heap.maps.empty()) options.low_power_block = heap.maps.back().block_bytes;
      }
    }
  const TopologyScenario scenario = scenario_of_streams(
      topology, table, values.count("streams") ? values["streams"].as<std::string>() : "all", options);
  const OutputFile target("--output", output);
  target.refuse_inputs();
  target.stream() << text_of(scenario, topology, options);
  target.commit();
  fmt::print("{}: {} pipelines, {} components, {} buffers, {} routes, {} PCMs; on {} core{} of {}\n", file,
             scenario.pipelines, scenario.components, scenario.buffers, topology.routes.size(), topology.pcms.size(),
             scenario.cores, scenario.cores == 1 ? "" : "s", platform.name);
  for (const std::string& each : scenario.remarks) fmt::print("  {}\n", each);
  return 0;
}

}  // namespace

int import_command(const std::vector<std::string>& arguments) {
  po::options_description options("options");
  auto add = options.add_options();
  add("output,o", po::value<std::string>(),
      "the scenario to write; for a log also NAME.trace.csv beside it, which NAME.yaml replays");
  add("platform,p", po::value<std::string>(),
      "the platform that the scenario is for (default: what the trace says, else tgl)");
  add("zone", po::value<std::string>(), "logs: the zone of what they show being allocated (default runtime)");
  add("periods", po::value<std::string>(), "topologies: how many periods are processed (default 10)");
  add("streams", po::value<std::string>(),
      "topologies: what is open at a time: PCMs, such as 'Headphone,Deepbuffer', all (default), or one-by-one");
  add("components", po::value<std::string>(),
      "topologies: what components allocate, a name from configs/topology or a .yaml file (default components)");
  add("dtb", po::value<std::string>(), "platforms: a flattened devicetree, such as Zephyr's build/zephyr/zephyr.dtb");
  add("elf", po::value<std::string>(), "platforms: the image, for its size, its heaps and the views it uses");
  add("map", po::value<std::string>(), "platforms: the image's map file of GNU ld, for its memories");
  add("core-isa", po::value<std::string>(), "platforms: the core's xtensa/config/core-isa.h, for its caches");
  po::variables_map values;
  if (!parse_arguments(
          arguments,
          "import trace|topology FILE -o SCENARIO.yaml [OPTIONS]\n"
          "       dspmem import platform --dtb FILE --elf FILE ... -o PLATFORM.yaml\n\n"
          "trace     a trace as 'dspmem record' writes it, or the log of a heap listener; plain, gzip or zstd\n"
          "topology  a binary ALSA topology (.tplg), as alsatplg makes it\n"
          "platform  a product's own files: devicetree, ELF, linker map, core-isa.h, one of them or several",
          options, "file", values))
    return 0;
  const auto words = values.count("file") ? values["file"].as<std::vector<std::string>>() : std::vector<std::string>{};
  if (words.empty())
    throw UsageError("import needs to know what: trace, topology or platform; see 'dspmem import --help'");
  if (words[0] != "trace" && words[0] != "topology" && words[0] != "platform")
    throw UsageError("'" + words[0] + "' cannot be imported" + suggestion(words[0], {"trace", "topology", "platform"}));
  if (!values.count("output")) throw UsageError("import needs --output, the file to write");
  const std::string output = values["output"].as<std::string>();
  if (words[0] == "platform") {
    if (words.size() != 1)
      throw UsageError("import platform takes its files with --dtb, --elf, --map and --core-isa, not '" + words[1] +
                       "'");
    refuse_options(values, {"platform", "zone", "periods", "streams", "components"}, "is for scenarios");
    return import_platform(output, values);
  }
  refuse_options(values, {"dtb", "elf", "map", "core-isa"}, "is for 'import platform'");
  if (words.size() != 2) throw UsageError("import " + words[0] + " needs one file");
  return words[0] == "trace" ? import_trace(words[1], output, values) : import_topology(words[1], output, values);
}

}  // namespace dspmem
