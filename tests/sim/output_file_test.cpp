// SPDX-License-Identifier: Apache-2.0
// Outputs destroy nothing and forge nothing: what an attacker, a typing error or a signal makes of --json.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "models/random.h"
#include "sim/result/printable.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

namespace fs = std::filesystem;

const std::string scenario = "name: x\nplatform: tgl\ncores:\n  0:\n    - alloc: {as: a, bytes: 64}\n    - free: a\n";

class Outputs : public testing::Test {
 protected:
  Outputs() { directory_.write("s.yaml", scenario); }

  ProgramResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {dspmem_executable(), "run", "s.yaml", "-q"});
    return run_program(arguments, directory_.path());
  }
  fs::path path(const std::string& name) const { return directory_.path() / name; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory_.path()), fs::directory_iterator()));
  }

  TemporaryDirectory directory_;
};

TEST_F(Outputs, NeverReplaceAnInput) {
  directory_.write("p.yaml", read_file(source_directory() / "configs/platforms/tgl.yaml"));
  directory_.write("used.yaml", "steps: [{delay: 1 us}]\n");
  directory_.write("uses.yaml", "name: x\nplatform: tgl\ncores:\n  0: [{use: used.yaml}]\n");
  directory_.write("none.yaml", "suppressions: []\n");
  directory_.write("tgl.elf", read_file(firmware_images() / "tgl.elf"));
  fs::create_symlink("s.yaml", path("link"));
  fs::create_hard_link(path("s.yaml"), path("hard"));
  const std::vector<std::vector<std::string>> attacks{{"--json", "s.yaml"},
                                                      {"--json", "./s.yaml"},
                                                      {"--json", "link"},
                                                      {"--json", "hard"},
                                                      {"--suppressions", "none.yaml", "--json", "none.yaml"},
                                                      {"uses.yaml", "-q", "--json", "used.yaml"},
                                                      {"--firmware", "tgl.elf", "--json", "tgl.elf"}};
  for (std::vector<std::string> attack : attacks) {
    std::map<std::string, std::string> before;
    for (const auto& entry : fs::directory_iterator(directory_.path()))
      before[entry.path().filename()] = read_file(entry.path());
    if (attack[0] == "uses.yaml") attack = {dspmem_executable(), "run", "uses.yaml", "--json", "used.yaml"};
    else attack.insert(attack.begin(), {dspmem_executable(), "run", "s.yaml"});
    const ProgramResult result = run_program(attack, directory_.path());
    EXPECT_EQ(result.exit_code, 2) << attack.back();
    EXPECT_NE(result.err.find("is what is read; name another file"), std::string::npos) << result.err;
    std::map<std::string, std::string> after;
    for (const auto& entry : fs::directory_iterator(directory_.path()))
      after[entry.path().filename()] = read_file(entry.path());
    EXPECT_EQ(before, after) << attack.back();
  }
}

// As root, --json /dev/null used to remove the device.
TEST_F(Outputs, WriteToDevicesAndPipesAndDoNotReplaceThem) {
  EXPECT_EQ(run({"--json", "/dev/null"}).exit_code, 0);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  const ProgramResult result =
      run_program({"sh", "-c", dspmem_executable() + " run s.yaml -q --json pipe & cat pipe; wait"}, directory_.path());
  EXPECT_TRUE(nlohmann::json::accept(
      result.out.substr(result.out.find('{')).substr(0, result.out.rfind('}') + 1 - result.out.find('{'))))
      << result.out;
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
}

// What standard output was redirected to belongs to the shell: it used to be replaced.
TEST_F(Outputs, AppendToWhatIsOpenElsewhere) {
  directory_.write("log", "before\n");
  run_program({"sh", "-c", dspmem_executable() + " run s.yaml -q --json /dev/stdout >> log"}, directory_.path());
  const std::string log = read_file(path("log"));
  EXPECT_TRUE(log.starts_with("before\n")) << log;
  EXPECT_NE(log.find("\"verdict\": \"passed\""), std::string::npos);
  EXPECT_TRUE(nlohmann::json::accept(
      run_program({"sh", "-c", dspmem_executable() + " run s.yaml -q --json /dev/fd/3 3>&1 >/dev/null | cat"},
                  directory_.path())
          .out));
}

// A report that nobody reads to its end must not cost the file.
TEST_F(Outputs, AreWrittenWhenStandardOutputIsClosed) {
  run_program({"sh", "-c", dspmem_executable() + " run s.yaml --json r.json | true"}, directory_.path());
  EXPECT_TRUE(nlohmann::json::accept(read_file(path("r.json"))));
  EXPECT_EQ(files(), 2u);
}

TEST_F(Outputs, FollowLinksAndKeepModes) {
  directory_.write("folder/real.json", "old");
  fs::permissions(path("folder/real.json"), fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("folder/real.json", path("link.json"));
  EXPECT_EQ(run({"--json", "link.json"}).exit_code, 0);
  EXPECT_TRUE(fs::is_symlink(path("link.json")));
  EXPECT_TRUE(nlohmann::json::accept(read_file(path("folder/real.json"))));
  EXPECT_EQ(fs::status(path("folder/real.json")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Outputs, LeaveReadOnlyFilesAlone) {
  directory_.write("r.json", "old");
  fs::permissions(path("r.json"), fs::perms::owner_read);
  const ProgramResult result = run({"--json", "r.json"});
  EXPECT_EQ(result.err, "dspmem: error: --json: 'r.json' is read-only\n");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(read_file(path("r.json")), "old");
}

// Temporary files had a name that anybody could guess: two runs wrote into one, and a link under it was written
// through.
TEST_F(Outputs, UseNoNameThatAnybodyCanGuess) {
  directory_.write("victim", "precious");
  fs::create_symlink("victim", path("r.json.part"));
  EXPECT_EQ(run({"--json", "r.json"}).exit_code, 0);
  EXPECT_EQ(read_file(path("victim")), "precious");
  const std::string two = dspmem_executable() + " run s.yaml -q --json r.json & ";
  for (int round = 0; round < 5; ++round) {
    run_program({"sh", "-c", two + two + two + "wait"}, directory_.path());
    EXPECT_TRUE(nlohmann::json::accept(read_file(path("r.json"))));
  }
  EXPECT_EQ(files(), 4u);  // s.yaml, victim, the link, the report
}

/// Starts a long run that writes a report, and sends it signals. Returns the wait status.
int interrupted_run(const fs::path& directory, const std::vector<int>& signals, std::chrono::microseconds after,
                    const std::string& arguments = "") {
  const pid_t child = fork();
  if (child == 0) {
    const std::string command =
        "exec " + dspmem_executable() + " run long.yaml --json r.json " + arguments + " > out.txt 2> err.txt";
    if (chdir(directory.c_str()) == 0) execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  for (const int each : signals) {
    std::this_thread::sleep_for(after);
    kill(child, each);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

class Signals : public Outputs {
 protected:
  Signals() {
    directory_.write("long.yaml", "name: long\nplatform: tgl\ncores:\n  0:\n    - workload: {operations: 100000000}\n");
  }
};

TEST_F(Signals, EndTheRunWithAPartialReport) {
  const int status = interrupted_run(directory_.path(), {SIGTERM}, std::chrono::milliseconds(1500));
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);
  const auto report = nlohmann::json::parse(read_file(path("r.json")));
  EXPECT_EQ(report["interrupted"], true);
  EXPECT_EQ(report["verdict"], "interrupted");
  EXPECT_GT(report["cycles"], 0);
  EXPECT_NE(read_file(path("out.txt")).find("interrupted by signal 15 at cycle "), std::string::npos);
}

TEST_F(Signals, NeverLeaveHalfAFileOrATemporaryOne) {
  int rounds = 40;
  if (const char* wanted = std::getenv("DSPMEM_SIGNALS")) rounds = std::atoi(wanted);
  Random random(static_cast<std::uint32_t>(rounds));
  std::map<std::string, int> outcomes;
  for (int round = 0; round < rounds; ++round) {
    fs::remove(path("r.json"));
    const int number = std::array{SIGINT, SIGTERM, SIGHUP, SIGKILL}[random.below(4)];
    interrupted_run(directory_.path(), {number, number}, std::chrono::microseconds(random.below(400'000)));
    if (fs::exists(path("r.json"))) { EXPECT_TRUE(nlohmann::json::accept(read_file(path("r.json")))); }
    ++outcomes[fs::exists(path("r.json")) ? "with a whole report" : "without a report"];
    // Nobody is told of SIGKILL: what was being written stays, under its hidden name.
    if (number == SIGKILL)
      for (const auto& entry : fs::directory_iterator(directory_.path()))
        if (entry.path().filename().string().starts_with(".r.json.")) fs::remove(entry.path());
    for (const auto& entry : fs::directory_iterator(directory_.path()))
      EXPECT_EQ(entry.path().filename().string().find(".r.json."), std::string::npos) << entry.path();
  }
  for (const auto& [what, times] : outcomes) std::printf("%d runs were ended %s\n", times, what.c_str());
}

// ---- Text from input ----

TEST(Printable, EscapesWhatCouldForgeAReport) {
  EXPECT_EQ(printable("plain, \xc3\xa4\xe2\x82\xac"), "plain, \xc3\xa4\xe2\x82\xac");
  EXPECT_EQ(printable(std::string_view("a\nb\0c\x1b[31m", 10)), "a\\nb\\x00c\\x1b[31m");
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "evil"),
            "\\u202eevil");
  EXPECT_EQ(printable("\xff\xc0\xaf\xed\xa0\x80"), "\\xff\\xc0\\xaf\\xed\\xa0\\x80");
  EXPECT_EQ(printable("\xc2\x9b"), "\\u009b");
}

TEST_F(Outputs, SurviveNamesThatAreNoText) {
  directory_.write("s.yaml",
                   "name: \"verdict: passed\\nverdict: \\e[31mfailed \\u202e\"\nplatform: tgl\ncores:\n  0:\n    - "
                   "alloc: {as: \"a\xff\", bytes: 64}\n");
  const ProgramResult text = run_program({dspmem_executable(), "run", "s.yaml", "--stats"}, directory_.path());
  EXPECT_NE(text.out.find("\nverdict: passed\\nverdict: \\x1b[31mfailed \\u202e on tgl"), std::string::npos)
      << text.out;
  const ProgramResult json = run_program({dspmem_executable(), "run", "s.yaml", "--json", "-"}, directory_.path());
  EXPECT_EQ(json.exit_code, 0) << json.err;
  EXPECT_TRUE(nlohmann::json::accept(json.out));
}

}  // namespace
}  // namespace dspmem::test
