// SPDX-License-Identifier: Apache-2.0
// Sweeps on a Slurm cluster of this machine (tools/slurm-sandbox). Skipped where Debian's slurmctld is not installed,
// or not as root.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "models/random.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

namespace fs = std::filesystem;

ProgramResult shell(const fs::path& directory, const std::string& command) {
  return run_program({"bash", "-c", command}, directory, 300);
}

class Slurm : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (geteuid() != 0 || shell(".", "command -v slurmctld && command -v munged").exit_code != 0) return;
    cluster_ = new TemporaryDirectory;
    const std::string folder = (cluster_->path() / "slurm").string();
    setenv("DSPMEM_SLURM", folder.c_str(), 1);
    const ProgramResult started = shell(".", (source_directory() / "tools/slurm-sandbox").string() + " start");
    if (started.exit_code != 0) {
      std::fprintf(stderr, "%s", started.err.c_str());
      delete std::exchange(cluster_, nullptr);
      return;
    }
    setenv("SLURM_CONF", (folder + "/slurm.conf").c_str(), 1);
  }
  static void TearDownTestSuite() {
    if (cluster_) shell(".", (source_directory() / "tools/slurm-sandbox").string() + " stop");
    delete std::exchange(cluster_, nullptr);
  }
  void SetUp() override {
    if (!cluster_) GTEST_SKIP() << "there is no Slurm here (Debian: slurm-wlm), or this is not root";
    directory_.write("scenario.yaml", "name: s\nplatform: tgl\ncores:\n  0:\n    - workload: {operations: 300}\n");
    directory_.write("sweep.yaml",
                     "scenario: scenario.yaml\nvary:\n  seed: {from: 1, to: 30}\n  quantum: [100, 1000]\nmetrics: "
                     "[cycles, findings]\n");
  }
  ProgramResult sweep(const std::string& arguments) const {
    return shell(directory_.path(), dspmem_executable() + " sweep " + arguments);
  }
  std::string exported(const std::string& results) const { return sweep("export sweep.yaml -o " + results).out; }

  static TemporaryDirectory* cluster_;
  TemporaryDirectory directory_;
};
TemporaryDirectory* Slurm::cluster_ = nullptr;

TEST_F(Slurm, HasTheResultsOfOneMachine) {
  ASSERT_EQ(sweep("sweep.yaml -j 1 -o one.sqlite").exit_code, 0);
  ASSERT_EQ(sweep("sweep.yaml -j 2 -o two.sqlite").exit_code, 0);
  const ProgramResult result = sweep("sweep.yaml --engine slurm --chunk 9 -o cluster.sqlite");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(exported("one.sqlite"), exported("two.sqlite"));
  EXPECT_EQ(exported("one.sqlite"), exported("cluster.sqlite"));
  EXPECT_FALSE(fs::exists(directory_.path() / "cluster.sqlite.slurm"));
}

// Tasks, the waiting command and the node are killed at random moments; the same command goes on, and in the end
// everything is there, once.
TEST_F(Slurm, KillsLoseNothingAndRepeatNothing) {
  int kills = 4;
  if (const char* wanted = std::getenv("DSPMEM_KILLS")) kills = std::atoi(wanted);
  Random random(static_cast<std::uint64_t>(kills));
  const std::string tool = (source_directory() / "tools/slurm-sandbox").string();
  std::ofstream(directory_.path() / "sweep.yaml")
      << "scenario: scenario.yaml\nvary:\n  seed: {from: 1, to: 400}\nmetrics: [cycles, findings]\n";
  for (int i = 0; i < kills; ++i) {
    shell(directory_.path(),
          dspmem_executable() +
              " sweep sweep.yaml --engine slurm --chunk 9 -o r.sqlite > out.txt 2>> err.txt & sleep 1." +
              std::to_string(random.below(10)) + "; pid=$!; case " + std::to_string(random.below(3)) +
              " in 0) pkill -KILL -f 'sweep wor[k]';; 1) " + tool + " kill-node; " + tool +
              " restart-node;; esac; kill -KILL $pid; true");
  }
  const ProgramResult last = sweep("sweep.yaml --engine slurm --chunk 9 -o r.sqlite");
  ASSERT_EQ(last.exit_code, 0) << last.err << read_file(directory_.path() / "err.txt");
  ASSERT_EQ(sweep("sweep.yaml -j 2 -o one.sqlite").exit_code, 0);
  EXPECT_EQ(exported("one.sqlite"), exported("r.sqlite"));
}

// A task that was killed while it made its results file left an empty one, and the sweep could not go on.
TEST_F(Slurm, APartThatWasNeverBegunIsRunAgain) {
  fs::create_directories(directory_.path() / "r.sqlite.slurm");
  directory_.write("r.sqlite.slurm/4.part", "");
  directory_.write("r.sqlite.slurm/4.points", "0\n");
  const ProgramResult result = sweep("sweep.yaml --engine slurm --chunk 30 -o r.sqlite");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(sweep("status sweep.yaml -o r.sqlite").out.find("60 of 60"), std::string::npos);
}

TEST_F(Slurm, ADetachedSweepGathersItself) {
  const ProgramResult begun = sweep("sweep.yaml --engine slurm --chunk 20 --detach -o r.sqlite");
  ASSERT_EQ(begun.exit_code, 0) << begun.err;
  EXPECT_NE(begun.err.find("gathers the results when job"), std::string::npos) << begun.err;
  std::string status;
  for (int i = 0; i < 120 && status.find("60 of 60") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    status = sweep("status sweep.yaml -o r.sqlite").out;
  }
  EXPECT_NE(status.find("60 of 60 combinations are there"), std::string::npos) << status;
}

TEST_F(Slurm, ATaskThatCannotRunEndsTheSweepWithWhatItSaid) {
  // Nodes on which dspmem's configuration is not: the tasks fail, however often they are queued.
  directory_.write(
      "bin/sbatch",
      "#!/bin/sh\nexec \"$(PATH=${PATH#*:} command -v sbatch)\" --export=ALL,DSPMEM_CONFIGS=/nowhere \"$@\"\n");
  ASSERT_EQ(shell(directory_.path(), "chmod +x bin/sbatch").exit_code, 0);
  const ProgramResult failed = shell(directory_.path(), "PATH=$PWD/bin:$PATH " + dspmem_executable() +
                                                            " sweep sweep.yaml --engine slurm --chunk 60 -o r.sqlite");
  EXPECT_EQ(failed.exit_code, 2);
  EXPECT_NE(failed.err.find("60 points were given to Slurm 3 times and not one of them was done; a task said: "),
            std::string::npos)
      << failed.err;
  EXPECT_NE(failed.err.find("'tgl' is not a known platform"), std::string::npos) << failed.err;
}

TEST_F(Slurm, AnUnknownPartitionIsRefused) {
  const ProgramResult wrong = sweep("sweep.yaml --engine slurm --partition wrk -o r.sqlite");
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_EQ(wrong.err, "dspmem: error: this cluster has no partition 'wrk'; did you mean 'work'?\n");
}

TEST(SlurmEngine, NeedsSlurm) {
  const TemporaryDirectory directory;
  directory.write("scenario.yaml", "name: s\nplatform: tgl\ncores:\n  0:\n    - delay: 1 cycles\n");
  directory.write("sweep.yaml", "scenario: scenario.yaml\nvary: {seed: [1, 2]}\n");
  const ProgramResult result = run_program(
      {"env", "PATH=/nowhere", dspmem_executable(), "sweep", "sweep.yaml", "--engine", "slurm"}, directory.path());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err,
            "dspmem: error: 'sbatch' is not on this machine's PATH: --engine slurm needs Slurm's commands "
            "(tools/slurm-sandbox makes a cluster of one machine, for trying)\n");
  EXPECT_FALSE(fs::exists(directory.path() / "sweep.sqlite"));
}

}  // namespace
}  // namespace dspmem::test
