// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/system_command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace dspmem {
namespace {

/// Appends what can be read. False at the end.
bool take(int pipe, std::string& text) {
  char buffer[4096];
  const ssize_t bytes = read(pipe, buffer, sizeof buffer);
  if (bytes < 0) return errno == EINTR;
  text.append(buffer, static_cast<std::size_t>(bytes));
  return bytes > 0;
}

}  // namespace

CommandOutcome run_system_command(const std::vector<std::string>& arguments) {
  std::vector<char*> words;
  for (const std::string& each : arguments) words.push_back(const_cast<char*>(each.c_str()));
  words.push_back(nullptr);
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC))
    throw std::system_error(errno, std::generic_category(), "'" + arguments[0] + "' cannot be started");
  if (pipe2(err, O_CLOEXEC)) {
    const int why = errno;
    close(out[0]), close(out[1]);
    throw std::system_error(why, std::generic_category(), "'" + arguments[0] + "' cannot be started");
  }
  std::fflush(nullptr);
  const pid_t process = fork();
  if (process == 0) {
    const int empty = open("/dev/null", O_RDONLY);
    if (empty >= 0) dup2(empty, STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    execvp(words[0], words.data());
    _exit(127);
  }
  const int why = errno;
  close(out[1]), close(err[1]);
  CommandOutcome outcome;
  if (process > 0) {
    pollfd ends[] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
    std::string* const texts[] = {&outcome.out, &outcome.err};
    while (ends[0].fd >= 0 || ends[1].fd >= 0) {
      if (poll(ends, 2, -1) < 0 && errno != EINTR) break;
      for (int i = 0; i < 2; ++i)
        if (ends[i].fd >= 0 && ends[i].revents && !take(ends[i].fd, *texts[i])) ends[i].fd = -1;
    }
  }
  close(out[0]), close(err[0]);
  if (process < 0) throw std::system_error(why, std::generic_category(), "'" + arguments[0] + "' cannot be started");
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {}
  outcome.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return outcome;
}

}  // namespace dspmem
