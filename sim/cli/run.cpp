// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <memory>

#include "sim/cli/commands.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/options.h"
#include "sim/cli/output_file.h"
#include "sim/cli/usage.h"
#include "sim/config/suppressions.h"
#include "sim/report/writer.h"
#include "sim/result/printable.h"

namespace dspmem {
namespace {

namespace po = boost::program_options;

/// A form of the report that the user asked for, and where it goes.
struct Output {
  const Writer* writer;
  std::unique_ptr<OutputFile> file;  ///< null: standard output, instead of the text
};

/// Refuses before a long replay what could not be written after it.
std::vector<Output> outputs_of(const po::variables_map& values, std::size_t scenarios) {
  std::vector<Output> outputs;
  for (const Writer* writer : writers()) {
    if (writer == &text_writer || !values.count(writer->name)) continue;
    const std::string option = std::string("--") + writer->name, path = values[writer->name].as<std::string>();
    if (scenarios > 1) throw UsageError(option + " takes one scenario at a time, not " + std::to_string(scenarios));
    outputs.push_back({writer, path == "-" ? nullptr : std::make_unique<OutputFile>(option, path)});
  }
  if (std::count_if(outputs.begin(), outputs.end(), [](const Output& each) { return !each.file; }) > 1) throw UsageError("only one form of the report can go to standard output");
  return outputs;
}

void write(const std::vector<Output>& outputs, const Result& result, const WriterOptions& options) {
  for (const Output& each : outputs) {
    if (!each.file) {
      std::fputs(each.writer->write(result, options).c_str(), stdout);
      continue;
    }
    each.file->stream() << each.writer->write(result, options);
    each.file->commit();
  }
}

/// What became of the scenarios of one command.
struct Tally {
  std::size_t passed = 0, failed = 0, not_read = 0;
  int worst = 0;
  void note(int code) {
    worst = std::max(worst, code);
    ++(code ? failed : passed);
  }
  void unreadable(const InputError& error) {
    std::fprintf(stderr, "%s\n", printable(error.what()).c_str());
    worst = std::max(worst, exit_bad_input);
    ++not_read;
  }
  std::string text() const {
    std::string line = fmt::format("{} passed", passed);
    if (failed) line += fmt::format(", {} failed", failed);
    if (not_read) line += fmt::format(", {} not read", not_read);
    return line;
  }
};

}  // namespace

int run_command(const std::vector<std::string>& arguments) {
  po::options_description options("options");
  add_platform_option(options);
  add_allocator_option(options);
  add_firmware_option(options);
  add_replay_options(options);
  add_energy_option(options);
  for (const Writer* writer : writers())
    if (writer != &text_writer) options.add_options()(writer->name, po::value<std::string>(), writer->summary);
  options.add_options()
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

  ReplayOptions replay_options = replay_options_of(values);
  std::optional<SuppressionList> suppressions;
  if (values.count("suppressions")) suppressions = load_suppressions(values["suppressions"].as<std::string>(), rule_names());
  if (suppressions) replay_options.suppressions = &*suppressions;
  replay_options.quarantine_bytes = number_option(values, "quarantine", 1, 1u << 30).value_or(0);
  replay_options.check_coherency = !values.count("no-coherency");
  replay_options.check_heap = !values.count("no-heap-checks");
  replay_options.show_progress = isatty(STDERR_FILENO);
  replay_options.interrupted = interrupted_by;
  const std::vector<Output> outputs = outputs_of(values, files.size());

  // Everything is read and checked before anything runs: a mistake in the last file is told at once. The other files go on.
  Tally tally;
  std::vector<Job> jobs;
  for (const std::string& file : files) {
    try {
      jobs.push_back(load_job(request_of(file, values)));
    } catch (const InputError& error) {
      tally.unreadable(error);
    }
  }
  for (const Output& each : outputs)
    if (each.file) each.file->refuse_inputs();

  catch_signals();
  const WriterOptions writer_options{values.count("power") != 0};
  const bool text_elsewhere = std::any_of(outputs.begin(), outputs.end(), [](const Output& each) { return !each.file; });
  bool first = true;
  for (const Job& job : jobs) {
    if (interrupted_by()) break;
    try {
      const Result result = run(job, replay_options);
      if (!text_elsewhere && values.count("quiet")) fmt::print("{}: {}\n", result.file, to_string(result.verdict));
      else if (!text_elsewhere) fmt::print("{}{}", first ? "" : "\n", text_writer.write(result, writer_options));
      first = false;
      write(outputs, result, writer_options);
      tally.note(exit_code(result.verdict));
    } catch (const InputError& error) {  // seen only by running; the other scenarios have theirs to say
      tally.unreadable(error);
    }
  }
  if (files.size() > 1 && !text_elsewhere) fmt::print("\n{}{}\n", tally.text(), interrupted_by() ? ", interrupted" : "");
  return interrupted_by() ? 128 + interrupted_by() : tally.worst;
}

}  // namespace dspmem
