// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/measure.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/support/program.h"

namespace dspmem::test {

Measured measure(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    const int nothing = open("/dev/null", O_RDWR);
    for (int stream = 0; stream < 3; ++stream) dup2(nothing, stream);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child) throw std::runtime_error("wait4 failed");
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::string text;
    for (const std::string& word : command) text += word + " ";
    throw std::runtime_error(text + "failed: status " + std::to_string(status));
  }
  return {seconds, static_cast<std::uint64_t>(usage.ru_maxrss) * 1024};
}

Summary summarise(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

GuestWork read_report(const std::string& json_file) {
  const auto report = nlohmann::json::parse(read_file(json_file));
  GuestWork work;
  work.cycles = report.at("cycles");
  for (const auto& core : report.at("cores")) {
    work.instructions += core.at("instructions").get<std::uint64_t>();
    work.accesses += core.at("l1d").at("accesses").get<std::uint64_t>();
    work.misses += core.at("l1d").at("misses").get<std::uint64_t>();
    work.write_backs += core.at("l1d").at("writebacks").get<std::uint64_t>();
  }
  return work;
}

std::string GuestProgram::scenario(std::uint32_t rounds) const {
  std::string text = "name: " + function + "\nplatform: " + platform + "\ncores:\n";
  for (unsigned core = 0; core < cores; ++core) {
    text += "  " + std::to_string(core) + ":\n";
    if (shared_object && core == 0)
      text += "    - zalloc: {as: shared, zone: runtime, flags: [shared], bytes: 128}\n    - commit: shared\n";
    if (cores > 1) text += "    - barrier: start\n";
    text += "    - call: {function: " + function + ", arguments: [" + std::to_string(rounds) +
            (shared_object ? ", shared" : "") + "]}\n";
    if (cores > 1) text += "    - barrier: end\n";
    if (shared_object && core == 0) text += "    - free: shared\n";
  }
  return text;
}

std::vector<std::string> dspmem_run(const GuestProgram& program, const std::string& scenario_file,
                                    const std::vector<std::string>& options) {
  std::vector<std::string> command{dspmem_executable(), "run",
                                   "--watchdog",        "1000000000000",
                                   "--firmware",        (firmware_images() / (program.image + ".elf")).string()};
  command.insert(command.end(), options.begin(), options.end());
  command.push_back(scenario_file);
  return command;
}

}  // namespace dspmem::test
