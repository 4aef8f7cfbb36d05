// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>

#include "sim/cli/commands.h"
#include "sim/cli/options.h"
#include "sim/cli/output_file.h"
#include "sim/cli/usage.h"
#include "sim/config/suppressions.h"
#include "sim/report/writer.h"

namespace dspmem {

int run_command(const std::vector<std::string>& arguments) {
  namespace po = boost::program_options;
  po::options_description options("options");
  add_platform_option(options);
  add_firmware_option(options);
  add_allocator_option(options);
  add_replay_options(options);
  add_energy_option(options);
  options.add_options()
      ("json", po::value<std::string>(), "write the report as JSON to this file; - for standard output, instead of the text")
      ("suppressions", po::value<std::string>(), "leave out the findings that this YAML file lists")
      ("power", "tell what switching banks off saves, and which object keeps which bank on")
      ("quarantine", po::value<std::string>(), "keep freed memory from being used again until this many bytes were freed after it: finds uses that come late; changes what the heaps do")
      ("no-coherency", "do not look for coherency bugs: faster, same cycles and data")
      ("no-heap-checks", "do not look for wrong uses of heap memory: faster, same cycles and data; the allocator's own metadata is then not counted as live by --power")
      ("quiet,q", "print only the verdict of each scenario");
  po::variables_map values;
  if (!parse_arguments(arguments, "run SCENARIO.yaml... [OPTIONS]", options, "scenario", values)) return 0;
  if (!values.count("scenario")) throw UsageError("run needs a scenario file; see 'dspmem run --help'");
  const auto files = values["scenario"].as<std::vector<std::string>>();
  if (values.count("json") && files.size() > 1) throw UsageError("--json takes one scenario at a time, not " + std::to_string(files.size()));

  ReplayOptions replay_options = replay_options_of(values);
  std::optional<SuppressionList> suppressions;
  if (values.count("suppressions")) suppressions = load_suppressions(values["suppressions"].as<std::string>(), rule_names());
  if (suppressions) replay_options.suppressions = &*suppressions;
  replay_options.quarantine_bytes = number_option(values, "quarantine", 1, 1u << 30).value_or(0);
  replay_options.check_coherency = !values.count("no-coherency");
  replay_options.check_heap = !values.count("no-heap-checks");
  const bool json_to_file = values.count("json") && values["json"].as<std::string>() != "-";
  // Refuses before a long replay what could not be written after it.
  std::optional<OutputFile> json_file;
  if (json_to_file) json_file.emplace("--json", values["json"].as<std::string>());
  replay_options.show_progress = isatty(STDERR_FILENO);

  // Everything is read and checked before anything runs: a mistake in the last file is told at once.
  std::vector<Job> jobs;
  for (const std::string& file : files) {
    jobs.push_back(load_job(request_of(file, values)));
  }

  const WriterOptions writer_options{values.count("power") != 0};
  int worst = 0;
  const bool text = !values.count("quiet") && (!values.count("json") || json_to_file);
  for (const Job& job : jobs) {
    try {
      const Result result = run(job, replay_options);
      if (text) std::printf("%s%s", &job == &jobs.front() ? "" : "\n", text_writer.write(result, writer_options).c_str());
      else if (!values.count("json") || json_to_file) std::printf("%s: %s\n", result.file.c_str(), to_string(result.verdict));
      if (json_file) {
        json_file->stream() << json_writer.write(result, writer_options);
        json_file->commit();
      }
      else if (values.count("json")) std::fputs(json_writer.write(result, writer_options).c_str(), stdout);
      worst = std::max(worst, exit_code(result.verdict));
    } catch (const InputError& error) {  // seen only by running; the other scenarios have theirs to say
      std::fprintf(stderr, "%s\n", error.what());
      worst = std::max(worst, exit_bad_input);
    }
  }
  return worst;
}

}  // namespace dspmem
