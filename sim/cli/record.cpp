// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "sim/cli/commands.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/options.h"
#include "sim/cli/output_file.h"
#include "sim/cli/usage.h"

namespace dspmem {

int record_command(const std::vector<std::string>& arguments) {
  namespace po = boost::program_options;
  po::options_description options("options");
  options.add_options()("output,o", po::value<std::string>(), "the trace file to write");
  add_platform_option(options);
  add_firmware_option(options);
  add_allocator_option(options);
  add_replay_options(options);
  po::variables_map values;
  if (!parse_arguments(arguments, "record SCENARIO.yaml -o TRACE.csv [OPTIONS]", options, "scenario", values)) return 0;
  const std::string file_name = scenario_of(values, "record");
  if (!values.count("output")) throw UsageError("record needs --output, the trace file to write");
  const std::string output = values["output"].as<std::string>();
  if (output.ends_with(".gz") || output.ends_with(".zst"))
    throw UsageError(
        "--output: a recording is plain text; record to a .csv file and compress that, 'run' reads it either way");
  ReplayOptions replay_options = replay_options_of(values);
  const Job job = load_job(request_of(file_name, values));

  for (const auto& [name, mark] : check_scenario(job.scenario, job.platform).objects)
    if (!can_be_named_in_traces(name))
      throw InputError(
          mark, "the name '" + name +
                    "' cannot be written into a trace: it has a comma, a blank at an end, or nothing but digits");
  const OutputFile file("--output", output);
  file.refuse_inputs();
  TraceWriter writer(file.stream());
  const auto note = [&writer](const char* key, const std::string& value) {
    if (!value.empty()) writer.metadata(key, value);
  };
  note("name", job.scenario.name);
  note("platform",
       platform_reference(values.count("platform") ? values["platform"].as<std::string>() : job.scenario.platform,
                          job.platform));
  note("allocator", job.scenario.allocator.empty() ? "" : std::filesystem::absolute(job.allocator.file).string());
  note("firmware", job.firmware ? std::filesystem::absolute(*job.firmware).string() : "");
  note("seed", std::to_string(replay_options.seed.value_or(job.scenario.seed)));
  note("unit", "cycles");
  note("order", "steps");
  note("objects", job.scenario.objects_text);
  note("agents", job.scenario.agents_text);
  note("expect", job.scenario.expect_text);
  replay_options.recorder = &writer;
  replay_options.interrupted = interrupted_by;
  catch_signals();
  const Result result = run(job, replay_options);
  if (result.interrupted) {
    std::fprintf(stderr, "record: interrupted; '%s' is not written\n", output.c_str());
    return 128 + result.interrupted;
  }
  file.commit();
  std::printf("%s: %s\n", result.file.c_str(), to_string(result.verdict));
  return exit_code(result.verdict);
}

}  // namespace dspmem
