// SPDX-License-Identifier: Apache-2.0
#include "tests/support/program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace dspmem::test {

bool is_installed(const std::string& program) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  return false;
}

ProgramResult run_program(const std::vector<std::string>& arguments, const std::filesystem::path& directory,
                          unsigned limit_seconds) {
  const TemporaryDirectory streams;
  const std::string out = streams.path() / "out", err = streams.path() / "err";
  std::vector<std::string> words{"timeout", std::to_string(limit_seconds)};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    const int in_file = open("/dev/null", O_RDONLY);
    const int out_file = open(out.c_str(), O_WRONLY | O_CREAT, 0600),
              err_file = open(err.c_str(), O_WRONLY | O_CREAT, 0600);
    if (in_file < 0 || out_file < 0 || err_file < 0 || chdir(directory.c_str()) != 0) _exit(126);
    dup2(in_file, 0);
    dup2(out_file, 1);
    dup2(err_file, 2);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) throw std::runtime_error("waitpid failed");
  ProgramResult result{WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), read_file(out),
                       read_file(err)};
  if (result.exit_code == 126 || result.exit_code == 127) throw std::runtime_error("cannot run " + arguments.at(0));
  return result;
}

std::string dspmem_executable() { return DSPMEM_EXECUTABLE; }
std::filesystem::path source_directory() { return DSPMEM_SOURCE_DIRECTORY; }
std::filesystem::path firmware_images() { return DSPMEM_FIRMWARE_DIRECTORY; }

TemporaryDirectory::TemporaryDirectory() {
  std::string name = std::filesystem::temp_directory_path() / "dspmem-test-XXXXXX";
  if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp failed");
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TemporaryDirectory::write(const std::filesystem::path& name, const std::string& text) const {
  const auto file = path_ / name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

std::string read_file(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace dspmem::test
