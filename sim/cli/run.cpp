// SPDX-License-Identifier: Apache-2.0
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "sim/cli/commands.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/options.h"
#include "sim/cli/output_file.h"
#include "sim/cli/progress_line.h"
#include "sim/cli/report_file.h"
#include "sim/cli/usage.h"
#include "sim/config/suppressions.h"
#include "sim/diagnose/rules.h"
#include "sim/experiment/orders.h"
#include "sim/experiment/process_pool.h"
#include "sim/experiment/vary.h"
#include "sim/report/csv.h"
#include "sim/report/writer.h"
#include "sim/result/printable.h"
#include "sim/result/transfer.h"
#include "sim/timeline/history.h"
#include "sim/timeline/profile.h"
#include "sim/timeline/timeline.h"
#include "sim/timeline/vcd.h"

namespace dspmem {
namespace {

namespace po = boost::program_options;

/// A form of the report that the user asked for, and where it goes.
struct Output {
  const Writer* writer;
  std::unique_ptr<OutputFile> file;  ///< null: standard output, instead of the text
};

/// Refuses before a long replay what could not be written after it.
std::vector<Output> outputs_of(const po::variables_map& values) {
  std::vector<Output> outputs;
  for (const Writer* writer : writers()) {
    if (writer == &text_writer || !values.count(writer->name)) continue;
    const std::string option = std::string("--") + writer->name, path = values[writer->name].as<std::string>();
    outputs.push_back({writer, path == "-" ? nullptr : std::make_unique<OutputFile>(option, path)});
  }
  if (std::count_if(outputs.begin(), outputs.end(), [](const Output& each) { return !each.file; }) > 1)
    throw UsageError("only one form of the report can go to standard output");
  return outputs;
}

/// One for each of csv_tables(), in a folder that is made if need be.
std::vector<std::unique_ptr<OutputFile>> table_files(const std::string& folder) {
  if (folder == "-") throw UsageError("--csv needs the name of a folder, not '-'");
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (!std::filesystem::is_directory(folder))
    throw UsageError("--csv: the folder '" + folder + "' cannot be made" + (failure ? ": " + failure.message() : ""));
  std::vector<std::unique_ptr<OutputFile>> files;
  for (const CsvTable& table : csv_tables())
    files.push_back(std::make_unique<OutputFile>("--csv", (std::filesystem::path(folder) / table.file).string()));
  return files;
}

/// Two outputs in one file: the first would be lost. Devices and pipes take several.
void refuse_shared_targets(const std::vector<const OutputFile*>& files) {
  std::set<std::string> targets;
  for (const OutputFile* each : files)
    if (const std::string target = each ? each->target() : ""; !target.empty() && !targets.insert(target).second)
      throw UsageError("two outputs go to '" + target + "': each needs a file of its own");
}

/// One that cannot be written loses no other: the first error is thrown at the end.
void write(const std::vector<Output>& outputs, std::span<const Result> results, const WriterOptions& options) {
  std::exception_ptr failure;
  for (const Output& each : outputs) {
    const std::string text = each.writer->write(results, options);
    if (!each.file) {
      std::fputs(text.c_str(), stdout);
      continue;
    }
    try {
      each.file->stream() << text;
      each.file->commit();
    } catch (const std::exception&) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

/// Whether text for people may be coloured: on a terminal, unless the user says otherwise.
bool wants_colour(const po::variables_map& values) {
  const std::string wanted = values.count("color") ? values["color"].as<std::string>() : "auto";
  if (wanted == "always") return true;
  if (wanted == "never") return false;
  if (wanted != "auto") throw UsageError("--color is always, never or auto, not '" + wanted + "'");
  const char* const no_colour = std::getenv("NO_COLOR");
  return !(no_colour && *no_colour) && isatty(STDOUT_FILENO);
}

unsigned text_width() {
  winsize size{};
  if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
    return std::clamp<unsigned>(size.ws_col, 60, 160);
  return 100;
}

/// What became of the scenarios of one command.
struct Tally {
  std::size_t passed = 0, failed = 0, not_read = 0;
  int worst = 0;
  void note(int code) {
    worst = std::max(worst, code);
    ++(code ? failed : passed);
  }
  void unreadable(const std::string& error) {
    std::fprintf(stderr, "%s\n", printable(error).c_str());
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

/// How many scenarios are replayed at a time, each in a process of its own; nothing: one after the other, in this
/// process.
std::optional<unsigned> processes_of(const po::variables_map& values) {
  const auto wanted = number_option(values, "jobs", 1, 1024);
  if (!values.count("isolate") && wanted.value_or(1) == 1) return std::nullopt;
  return wanted ? static_cast<unsigned>(*wanted) : std::max(1u, std::thread::hardware_concurrency());
}

/// What is said of a scenario that took the simulator down.
Result result_of_death(const Job& job, const ProcessPool::Answer& answer) {
  Result result;
  result.scenario = job.scenario.name;
  result.file = job.scenario.file;
  result.platform = job.platform.name;
  result.platform_description = job.platform.description;
  result.seed = job.scenario.seed;
  result.verdict = Result::Verdict::died;
  const std::string how = !answer.died ? "ended with an internal error: " + answer.error
                          : answer.signal
                              ? fmt::format("was ended by signal {} ({})", answer.signal, strsignal(answer.signal))
                              : "ended without a result";
  result.crash = Result::Crash{"the simulator itself " + how +
                                   "; if nobody killed it, this is a bug of dspmem: please report it with the scenario",
                               0,
                               0,
                               {},
                               {},
                               {}};
  make_printable(result);
  return result;
}

/// Replays each job in a process of its own, several at a time, and reports them in their order.
void replay_isolated(const std::vector<Job>& jobs, unsigned processes, const std::function<Result(const Job&)>& replay,
                     const std::function<void(Result)>& report,
                     const std::function<void(const std::string&)>& refused) {
  enum : char { a_result, an_error };
  ProcessPool pool(
      processes,
      [&](std::uint64_t number) {
        try {
          return std::string(1, a_result) + to_bytes(replay(jobs[number]));
        } catch (const InputError& error) { return std::string(1, an_error) + error.what(); }
      },
      1, ProcessPool::WhenInterrupted::finish);
  std::uint64_t given = 0, reported = 0;
  std::map<std::uint64_t, ProcessPool::Answer> waiting;  // for those before them
  const auto say = [&](const ProcessPool::Answer& answer) {
    if (answer.died || !answer.error.empty()) return report(result_of_death(jobs[answer.number], answer));
    const std::string_view bytes = std::string_view(answer.bytes).substr(1);
    if (answer.bytes[0] == an_error) return refused(std::string(bytes));
    report(result_from_bytes(bytes, [](std::string_view name) { return find_rule(name)->id; }));
  };
  pool.serve(
      [&]() -> std::optional<std::uint64_t> {
        return given < jobs.size() && !interrupted_by() ? std::optional(given++) : std::nullopt;
      },
      [&](const ProcessPool::Answer& answer) {
        waiting.emplace(answer.number, answer);
        for (auto next = waiting.find(reported); next != waiting.end(); next = waiting.find(++reported)) {
          say(next->second);
          waiting.erase(next);
        }
      },
      [] { return interrupted_by() != 0; });
  for (const auto& [number, answer] : waiting) say(answer);  // an interrupted run: what was done is reported
}

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
  auto add = options.add_options();
  add("trace", po::value<std::string>(),
      "write a timeline for ui.perfetto.dev to this file: steps, heaps, banks, findings");
  add("profile", po::value<std::string>(),
      "write where the cycles went, function by function, for KCachegrind (callgrind's format) or, to a file named "
      ".folded, for flame graphs; --stats then shows the top ten");
  add("vcd", po::value<std::string>(),
      "write the states of banks and cores, and the bytes of each zone, over time for GTKWave (VCD)");
  add("csv", po::value<std::string>(),
      "write tables of runs, cores, heaps, operations, banks, findings and functions to this folder, as CSV");
  add("suppressions", po::value<std::string>(), "leave out the findings that this YAML file lists");
  add("baseline", po::value<std::string>(),
      "leave out the findings of an earlier report of 'run --json': only new ones fail");
  add("vary", po::value<std::string>(),
      "'assumed': replay with both ends of each figure that the platform and the energy file assume, too, and say "
      "which conclusions and figures of the report depend on them");
  add("power", "tell what switching banks off saves, and which object keeps which bank on");
  add("quarantine", po::value<std::string>(),
      "keep freed memory from being used again until this many bytes were freed after it: finds uses that come late; "
      "changes what the heaps do");
  add("no-lock-orders",
      "do not replay a scenario again for each core that shares a lock, with this core last to take it: faster; what "
      "only shows in that order is not found");
  add("no-coherency", "do not look for coherency bugs: faster, same cycles and data");
  add("no-heap-checks",
      "do not look for wrong uses of heap memory: faster, same cycles and data; the allocator's own metadata is then "
      "not counted as live by --power");
  add("ignore-expectations", "leave out what the scenarios expect, such as heaps that another allocator does not have");
  add("strict", "fail for warnings too: what may go wrong, and nobody in the scenario would notice");
  add("isolate",
      "replay each scenario in a process of its own: one that takes the simulator down loses nothing of the others");
  add("jobs,j", po::value<std::string>(),
      "how many scenarios to replay at a time; more than one is --isolate, too (default with --isolate: the machine's "
      "processors)");
  add("stop-at-first", "end each run at its first finding that fails");
  add("until", po::value<std::string>(), "end each run when a core reaches this cycle, to within a quantum");
  add("dump", po::value<std::vector<std::string>>()->composing(),
      "show what memory and each cache hold of this object, variable or address (0x9e021000+64) at the end, or with "
      "--until then, and who wrote it; may be given several times");
  add("stats", "print tables of cores, heaps, the allocator's calls and banks, too");
  add("verbose,v", "print every finding with all that is known of it, and hints");
  add("quiet,q", "print only one line for each scenario");
  add("color", po::value<std::string>(), "always, never or auto (default): on a terminal, unless NO_COLOR is set");
  po::variables_map values;
  if (!parse_arguments(arguments, "run SCENARIO.yaml... [OPTIONS]", options, "scenario", values)) return 0;
  if (!values.count("scenario")) throw UsageError("run needs a scenario file; see 'dspmem run --help'");
  const auto files = values["scenario"].as<std::vector<std::string>>();

  ReplayOptions replay_options = replay_options_of(values);
  std::optional<SuppressionList> suppressions;
  if (values.count("suppressions"))
    suppressions = load_suppressions(values["suppressions"].as<std::string>(), rule_names());
  if (suppressions) replay_options.suppressions = &*suppressions;
  std::optional<Baseline> baseline;
  if (values.count("baseline"))
    replay_options.baseline = &baseline.emplace(load_baseline(values["baseline"].as<std::string>()));
  replay_options.quarantine_bytes = number_option(values, "quarantine", 1, 1u << 30).value_or(0);
  replay_options.check_coherency = !values.count("no-coherency");
  replay_options.strict = values.count("strict") != 0;
  replay_options.check_heap = !values.count("no-heap-checks");
  replay_options.stop_at_first = values.count("stop-at-first") != 0;
  replay_options.until = number_option(values, "until", 1);
  if (values.count("dump")) replay_options.dump = values["dump"].as<std::vector<std::string>>();
  replay_options.show_progress = isatty(STDERR_FILENO);
  replay_options.interrupted = interrupted_by;
  const std::optional<unsigned> processes = processes_of(values);
  const bool vary_assumed = values.count("vary") != 0;
  if (vary_assumed && values["vary"].as<std::string>() != "assumed")
    throw UsageError("--vary takes 'assumed', not '" + values["vary"].as<std::string>() + "'");
  if (vary_assumed && processes) throw UsageError("--vary and --isolate do not go together");
  const std::vector<Output> outputs = outputs_of(values);
  std::unique_ptr<OutputFile> trace;
  if (values.count("trace")) {
    if (files.size() > 1) throw UsageError("--trace takes one scenario at a time, not " + std::to_string(files.size()));
    if (processes)
      throw UsageError(
          "--trace and --isolate do not go together: a timeline is written while the scenario is replayed");
    trace = std::make_unique<OutputFile>("--trace", values["trace"].as<std::string>());
  }

  std::unique_ptr<OutputFile> profile;
  if (values.count("profile")) {
    if (files.size() > 1)
      throw UsageError("--profile takes one scenario at a time, not " + std::to_string(files.size()));
    if (processes)
      throw UsageError("--profile and --isolate do not go together: a profile is taken while the scenario is replayed");
    profile = std::make_unique<OutputFile>("--profile", values["profile"].as<std::string>());
  }
  std::unique_ptr<OutputFile> waveform;
  if (values.count("vcd")) {
    if (files.size() > 1) throw UsageError("--vcd takes one scenario at a time, not " + std::to_string(files.size()));
    if (processes)
      throw UsageError("--vcd and --isolate do not go together: a waveform is taken while the scenario is replayed");
    waveform = std::make_unique<OutputFile>("--vcd", values["vcd"].as<std::string>());
  }
  std::vector<std::unique_ptr<OutputFile>> tables;
  if (values.count("csv")) tables = table_files(values["csv"].as<std::string>());

  // Everything is read and checked before anything runs: a mistake in the last file is told at once. The other files go
  // on.
  Tally tally;
  std::vector<Job> jobs;
  std::vector<JobRequest> requests;  // of the jobs
  for (const std::string& file : files) {
    try {
      JobRequest request = request_of(file, values);
      request.ignore_expectations = values.count("ignore-expectations") != 0;
      jobs.push_back(load_job(request));
      requests.push_back(request);
    } catch (const InputError& error) { tally.unreadable(error.what()); }
  }
  for (const Output& each : outputs)
    if (each.file) each.file->refuse_inputs();
  if (trace) trace->refuse_inputs();
  if (profile) profile->refuse_inputs();
  if (waveform) waveform->refuse_inputs();
  for (const auto& each : tables) each->refuse_inputs();
  std::vector<const OutputFile*> all{trace.get(), profile.get(), waveform.get()};
  for (const Output& each : outputs) all.push_back(each.file.get());
  for (const auto& each : tables) all.push_back(each.get());
  refuse_shared_targets(all);

  catch_signals();
  WriterOptions writer_options;
  writer_options.with_power = values.count("power") != 0;
  writer_options.stats = values.count("stats") != 0;
  writer_options.verbose = values.count("verbose") != 0;
  writer_options.strict = replay_options.strict;
  writer_options.colour = wants_colour(values);
  writer_options.width = text_width();
  writer_options.rules = rules();
  std::vector<Result> results;  // for forms that tell of all of them
  const bool text_elsewhere =
      std::any_of(outputs.begin(), outputs.end(), [](const Output& each) { return !each.file; });
  const bool with_history =
      std::any_of(outputs.begin(), outputs.end(), [](const Output& each) { return each.writer->with_history; });
  const auto replay = [&](const Job& job) {
    std::optional<Timeline> timeline;
    std::optional<HistoryRecorder> history;
    replay_options.subscribers.clear();
    if (trace)
      replay_options.subscribers.push_back(
          &timeline.emplace(trace->stream(), 1000000 / job.platform.system.clock_period_ps));
    if (with_history) replay_options.subscribers.push_back(&history.emplace(job.platform));
    std::optional<ValueChanges> changes;
    if (waveform) replay_options.subscribers.push_back(&changes.emplace(job.platform));
    std::optional<Profile> costs;
    replay_options.observers.clear();
    replay_options.blocks = nullptr;
    if (profile) {
      costs.emplace(job.platform, *job.image);
      replay_options.subscribers.push_back(&*costs);
      replay_options.observers.push_back(&*costs);
      replay_options.blocks = &*costs;
    }
    replay_options.also_found.clear();
    if (!values.count("no-lock-orders") && replay_options.check_coherency)
      replay_options.also_found = find_in_other_lock_orders(job, replay_options);
    Result result = run(job, replay_options);
    if (costs) {
      constexpr std::size_t most_in_report = 100;
      costs->summarise(result, most_in_report);
      profile->stream() << (values["profile"].as<std::string>().ends_with(".folded") ? costs->folded()
                                                                                     : costs->callgrind(result));
      profile->commit();
    }
    if (changes) {
      changes->write(waveform->stream(), result.cycles);
      waveform->commit();
    }
    if (history) {
      result.history = history->take(result.cycles);
      make_printable(*result.history);
    }
    if (timeline) {
      timeline->finish(result);
      trace->commit();
    }
    return result;
  };
  bool first = true;
  const auto report = [&](Result result) {
    const std::string text = text_writer.write({&result, 1}, writer_options);
    if (!text_elsewhere && values.count("quiet")) fmt::print("{}", text.substr(0, text.find('\n') + 1));
    else if (!text_elsewhere) fmt::print("{}{}", first ? "" : "\n", text);
    std::fflush(stdout);
    first = false;
    tally.note(exit_code(result.verdict));
    if (!outputs.empty() || !tables.empty()) results.push_back(std::move(result));
  };
  if (processes) {
    replay_isolated(jobs, *processes, replay, report, [&tally](const std::string& error) { tally.unreadable(error); });
  } else {
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (interrupted_by()) break;
      try {
        Result result = replay(jobs[i]);
        if (vary_assumed && !interrupted_by()) {
          ReplayOptions plain = replay_options;
          plain.subscribers.clear();
          plain.observers.clear();
          plain.blocks = nullptr;
          plain.dump.clear();
          plain.show_progress = false;
          result.variation = vary(requests[i], jobs[i], plain, result, progress_line("varying", "replays"));
        }
        report(std::move(result));
      } catch (const InputError& error) {  // seen only by running; the other scenarios have theirs to say
        tally.unreadable(error.what());
      }
    }
  }
  if (!outputs.empty() && (!results.empty() || files.size() > 1)) write(outputs, results, writer_options);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    tables[i]->stream() << csv_tables()[i].write(results);
    tables[i]->commit();
  }
  if (files.size() > 1 && !text_elsewhere)
    fmt::print("\n{}{}\n", tally.text(), interrupted_by() ? ", interrupted" : "");
  return interrupted_by() ? 128 + interrupted_by() : tally.worst;
}

}  // namespace dspmem
