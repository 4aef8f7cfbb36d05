// SPDX-License-Identifier: Apache-2.0
// 'run --isolate': each scenario in a process of its own; the reports are those of one process.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::vector<std::string> scenarios() {
  std::vector<std::string> files;
  for (const fs::path& folder : {source_directory() / "scenarios", source_directory() / "scenarios" / "bugs",
                                 source_directory() / "scenarios" / "rules"})
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ".yaml" && entry.path().filename() != "million.yaml")
        files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// Every field of a result that a report shows comes through to the first process, and everything is reported in order.
TEST(Isolate, ReportsAreThoseOfOneProcess) {
  const TemporaryDirectory directory;
  std::vector<std::string> words{dspmem_executable(), "run"};
  for (const std::string& file : scenarios()) words.push_back(file);
  ASSERT_GT(words.size(), 20u);
  const auto run = [&](const std::string& name, const std::vector<std::string>& more) {
    std::vector<std::string> all = words;
    all.insert(all.end(), {"--stats", "-v", "--power", "--dump", "boot_descriptor", "--json", name + ".json", "--sarif",
                           name + ".sarif", "--junit", name + ".xml", "--html", name + ".html", "--write-suppressions",
                           name + ".yaml"});
    all.insert(all.end(), more.begin(), more.end());
    return run_program(all, directory.path());
  };
  const ProgramResult together = run("a", {}), isolated = run("b", {"--isolate", "-j", "3"});
  EXPECT_EQ(together.exit_code, isolated.exit_code);
  EXPECT_EQ(together.out, isolated.out);
  EXPECT_EQ(together.err, isolated.err);
  for (const char* form : {".json", ".sarif", ".xml", ".html", ".yaml"})
    EXPECT_EQ(read_file(directory.path() / (std::string("a") + form)),
              read_file(directory.path() / (std::string("b") + form)))
        << form;
}

TEST(Isolate, InputThatOnlyRunningRefusesIsReportedInItsPlace) {
  const TemporaryDirectory directory;
  directory.write("bad.yaml", "name: bad\nplatform: tgl\ncores:\n  0:\n    - trace: rows.csv\n");
  directory.write("rows.csv", "time,core,op,zone,flags,caps,size,alignment,id\n1,0,free,,,,,,7\n");
  directory.write("good.yaml", "name: good\nplatform: tgl\ncores:\n  0: [{delay: 1 cycles}]\n");
  const auto run = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {dspmem_executable(), "run", "bad.yaml", "good.yaml"});
    return run_program(more, directory.path());
  };
  const ProgramResult together = run({}), isolated = run({"-j", "2"});
  EXPECT_EQ(together.exit_code, 2);
  EXPECT_EQ(isolated.exit_code, 2);
  EXPECT_EQ(isolated.out, together.out);
  EXPECT_EQ(isolated.err, together.err);
}

/// The first process that `parent` started; 0 when it did not in half a minute.
pid_t child_of(pid_t parent) {
  for (int tries = 0; tries < 3000; ++tries) {
    std::ifstream children("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children");
    pid_t child = 0;
    if (children >> child) return child;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return 0;
}

TEST(Isolate, AScenarioThatTakesTheSimulatorDownLosesNothingOfTheOthers) {
  const TemporaryDirectory directory;
  directory.write("long.yaml", "name: long\nplatform: tgl\ncores:\n  0:\n    - workload: {operations: 100000000}\n");
  directory.write("good.yaml", "name: good\nplatform: tgl\ncores:\n  0: [{delay: 1 cycles}]\n");
  const pid_t program = fork();
  if (program == 0) {
    const std::string command =
        "exec " + dspmem_executable() +
        " run long.yaml good.yaml --isolate -j 1 --json r.json --junit r.xml > out.txt 2> err.txt";
    if (chdir(directory.path().c_str()) == 0) execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  const pid_t child = child_of(program);
  ASSERT_NE(child, 0);
  kill(child, SIGSEGV);
  int status = 0;
  waitpid(program, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 5);
  const std::string text = read_file(directory.path() / "out.txt");
  EXPECT_NE(text.find("DIED long.yaml on tgl (seed 1)   the simulator died   [exit 5]\n"), std::string::npos) << text;
  EXPECT_NE(text.find("the simulator itself was ended by signal 11 (Segmentation fault)"), std::string::npos) << text;
  EXPECT_NE(text.find("PASS good.yaml on tgl"), std::string::npos) << text;
  const Json report = Json::parse(read_file(directory.path() / "r.json"));
  ASSERT_EQ(report.size(), 2u);
  EXPECT_EQ(report[0]["verdict"], "died");
  EXPECT_EQ(report[1]["verdict"], "passed");
}

// Ctrl-C reaches every process of the group: what was being replayed was lost.
TEST(Isolate, AnInterruptedRunReportsWhatRanUntilThen) {
  const TemporaryDirectory directory;
  directory.write("long.yaml", "name: long\nplatform: tgl\ncores:\n  0:\n    - workload: {operations: 100000000}\n");
  const pid_t program = fork();
  if (program == 0) {
    setpgid(0, 0);
    const std::string command =
        "exec " + dspmem_executable() + " run long.yaml long.yaml long.yaml -j 2 --json r.json > out.txt 2> err.txt";
    if (chdir(directory.path().c_str()) == 0) execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  ASSERT_NE(child_of(program), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  kill(-program, SIGINT);
  int status = 0;
  waitpid(program, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGINT);
  const Json report = Json::parse(read_file(directory.path() / "r.json"));
  ASSERT_EQ(report.size(), 2u);
  for (const Json& each : report) EXPECT_EQ(each["verdict"], "interrupted");
}

TEST(Isolate, TakesNoTimelines) {
  const TemporaryDirectory directory;
  directory.write("good.yaml", "name: good\nplatform: tgl\ncores:\n  0: [{delay: 1 cycles}]\n");
  const ProgramResult result =
      run_program({dspmem_executable(), "run", "good.yaml", "--isolate", "--trace", "t.json"}, directory.path());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err,
            "dspmem: error: --trace and --isolate do not go together: a timeline is written while the scenario is "
            "replayed\n");
}

}  // namespace
}  // namespace dspmem::test
