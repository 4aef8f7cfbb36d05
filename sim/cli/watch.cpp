// SPDX-License-Identifier: Apache-2.0
// Replays scenarios whenever a file changes that they were read from, and says the verdict and the first bug.
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <fmt/format.h>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>

#include "sim/cli/commands.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/options.h"
#include "sim/cli/usage.h"
#include "sim/config/input_files.h"
#include "sim/diagnose/rules.h"
#include "sim/report/bug_text.h"
#include "sim/result/printable.h"

namespace dspmem {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

/// Tells when a file is written, replaced, made or removed. It is the folders that are watched: editors put a new file
/// in the place of the old one.
class FileWatch {
 public:
  FileWatch() : descriptor_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "files cannot be watched");
  }
  ~FileWatch() { close(descriptor_); }
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  void add(const std::string& path) {
    std::error_code unknown;
    const fs::path file = fs::weakly_canonical(fs::absolute(path), unknown);
    const fs::path folder = file.parent_path();
    const int watch =
        inotify_add_watch(descriptor_, folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_ATTRIB);
    if (watch >= 0) files_[watch].insert(file.filename().string());
  }
  std::size_t count() const {
    std::size_t all = 0;
    for (const auto& [watch, names] : files_) all += names.size();
    return all;
  }
  /// Which file changed; empty when a signal came. What changes within a moment is one change.
  std::string wait() {
    std::string changed;
    while (!interrupted_by()) {
      pollfd end{descriptor_, POLLIN, 0};
      constexpr int moment = 100;  // milliseconds
      const int ready = poll(&end, 1, moment);
      if (ready == 0 && !changed.empty()) return changed;
      if (ready <= 0) continue;
      alignas(inotify_event) char buffer[4096];
      const ssize_t bytes = read(descriptor_, buffer, sizeof buffer);
      for (ssize_t at = 0; at < bytes;) {
        const auto& event = *reinterpret_cast<const inotify_event*>(buffer + at);
        at += static_cast<ssize_t>(sizeof event + event.len);
        const auto files = files_.find(event.wd);
        if (event.len && files != files_.end() && files->second.contains(event.name)) changed = event.name;
      }
    }
    return "";
  }

 private:
  int descriptor_;
  std::map<int, std::set<std::string>> files_;  ///< by watch of their folder
};

std::string clock_time() {
  char text[16];
  const std::time_t now = std::time(nullptr);
  std::strftime(text, sizeof text, "%H:%M:%S", std::localtime(&now));
  return text;
}

/// One line for each scenario, then the first bug of the first that has one. Returns the files that were read.
std::set<std::string> replay_all(const std::vector<std::string>& scenarios, const po::variables_map& values,
                                 const ReplayOptions& options, const WriterOptions& form) {
  const InputRecord record;
  std::string bug;
  for (const std::string& file : scenarios) {
    note_input(file);
    try {
      const Result result = run(load_job(request_of(file, values)), options);
      const std::string text = text_writer.write({&result, 1}, form);
      fmt::print("{} {}", clock_time(), text.substr(0, text.find('\n') + 1));
      const std::vector<Group> groups = groups_of(result.findings);
      if (bug.empty() && result.verdict != Result::Verdict::passed) {
        if (!groups.empty()) bug = bug_text(groups.front(), 0, form);
        else bug = text.substr(text.find('\n') + 1);
      }
    } catch (const InputError& error) { fmt::print("{} {}\n", clock_time(), printable(error.what())); }
    std::fflush(stdout);
    if (interrupted_by()) break;
  }
  if (!bug.empty()) fmt::print("{}", bug);
  std::fflush(stdout);
  return record.paths();
}

}  // namespace

int watch_command(const std::vector<std::string>& arguments) {
  po::options_description options("options");
  add_platform_option(options);
  add_allocator_option(options);
  add_firmware_option(options);
  add_replay_options(options);
  po::variables_map values;
  if (!parse_arguments(arguments,
                       "watch SCENARIO.yaml... [OPTIONS]\n\nReplays them whenever a scenario, platform, binding or "
                       "firmware file of theirs changes, until a signal ends it",
                       options, "scenario", values))
    return 0;
  if (!values.count("scenario")) throw UsageError("watch needs a scenario file; see 'dspmem watch --help'");
  const auto scenarios = values["scenario"].as<std::vector<std::string>>();
  ReplayOptions replay_options = replay_options_of(values);
  replay_options.interrupted = interrupted_by;
  WriterOptions form;
  form.rules = rules();
  form.colour = isatty(STDOUT_FILENO);
  catch_signals();
  FileWatch files;
  for (const std::string& file : scenarios) files.add(file);
  for (;;) {
    for (const std::string& path : replay_all(scenarios, values, replay_options, form)) files.add(path);
    if (interrupted_by()) break;
    std::fputs(fmt::format("watching {} files\n", files.count()).c_str(), stderr);
    const std::string changed = files.wait();
    if (changed.empty()) break;
    fmt::print("\n{} {} changed\n", clock_time(), printable(changed));
  }
  return 128 + interrupted_by();
}

}  // namespace dspmem
