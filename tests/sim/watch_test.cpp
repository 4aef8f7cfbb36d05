// SPDX-License-Identifier: Apache-2.0
// 'dspmem watch': replays when a file of a scenario changes.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

namespace fs = std::filesystem;

/// Waits until the file has the text; a minute at most.
bool comes(const fs::path& file, const std::string& text) {
  for (int tries = 0; tries < 1200; ++tries) {
    if (read_file(file).find(text) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

TEST(Watch, ReplaysWhenAFileOfTheScenarioChanges) {
  const TemporaryDirectory directory;
  const std::string good = "steps:\n  - delay: 1 cycles\n",
                    bad = "steps:\n  - alloc: {as: a, bytes: 64}\n  - free: a\n  - read: {from: a}\n";
  directory.write("s.yaml", "name: watched\nplatform: tgl\ncores:\n  0: [{use: part.yaml}]\n");
  directory.write("part.yaml", good);
  const pid_t child = fork();
  if (child == 0) {
    const std::string command = "exec " + dspmem_executable() + " watch s.yaml > out.txt 2> err.txt";
    if (chdir(directory.path().c_str()) == 0) execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  const fs::path out = directory.path() / "out.txt", err = directory.path() / "err.txt";
  EXPECT_TRUE(comes(err, "watching ")) << read_file(err);
  EXPECT_TRUE(comes(out, "PASS s.yaml on tgl"));
  // As an editor does it: a new file in the place of the old one.
  directory.write("part.yaml.new", bad);
  fs::rename(directory.path() / "part.yaml.new", directory.path() / "part.yaml");
  EXPECT_TRUE(comes(out, "part.yaml changed")) << read_file(out);
  EXPECT_TRUE(comes(out, "FAIL s.yaml on tgl")) << read_file(out);
  EXPECT_TRUE(comes(out, "heap-misuse")) << read_file(out);
  // What cannot be read is said, and watching goes on.
  directory.write("part.yaml", "steps:\n  - dealy: 1 cycles\n");
  EXPECT_TRUE(comes(out, "part.yaml:2:5: error: ")) << read_file(out);
  kill(child, SIGTERM);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);
}

}  // namespace
}  // namespace dspmem::test
