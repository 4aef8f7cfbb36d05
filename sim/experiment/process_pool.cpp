// SPDX-License-Identifier: Apache-2.0
#include "sim/experiment/process_pool.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <system_error>
#include <vector>

namespace dspmem {
namespace {

/// All of it, or false when the other side is gone.
bool send_all(int socket, const void* data, std::size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes) {
    const ssize_t sent = send(socket, at, bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    at += sent;
    bytes -= static_cast<std::size_t>(sent);
  }
  return true;
}
bool receive_all(int socket, void* data, std::size_t bytes) {
  char* at = static_cast<char*>(data);
  while (bytes) {
    const ssize_t received = recv(socket, at, bytes, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return false;
    at += received;
    bytes -= static_cast<std::size_t>(received);
  }
  return true;
}

struct Worker {
  pid_t process = 0;
  int socket = -1;
  std::optional<std::uint64_t> busy_with;
  std::uint64_t pieces = 0;  ///< that it has done
};

bool send_text(int socket, const std::string& text) {
  const std::uint64_t bytes = text.size();
  return send_all(socket, &bytes, sizeof bytes) && send_all(socket, text.data(), text.size());
}
bool receive_text(int socket, std::string& text) {
  std::uint64_t bytes = 0;
  if (!receive_all(socket, &bytes, sizeof bytes)) return false;
  text.resize(bytes);
  return receive_all(socket, text.data(), bytes);
}

/// A worker's life: numbers come in, answers go out, until the other side is gone.
[[noreturn]] void work(int socket, const std::function<std::string(std::uint64_t)>& run) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);  // the first process decides
  std::uint64_t number = 0;
  while (receive_all(socket, &number, sizeof number)) {
    std::string bytes, error;
    try {
      bytes = run(number);
    } catch (const std::exception& thrown) { error = *thrown.what() ? thrown.what() : "an exception without a text"; }
    if (!send_text(socket, bytes) || !send_text(socket, error)) break;
  }
  _exit(0);
}

}  // namespace

bool ProcessPool::serve(const std::function<std::optional<std::uint64_t>()>& next,
                        const std::function<void(const Answer&)>& done, const std::function<bool()>& interrupted) {
  std::vector<Worker> workers(processes_);
  const auto start = [&](Worker& worker) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
      throw std::system_error(errno, std::generic_category(), "another process cannot be started");
    std::fflush(nullptr);
    const pid_t process = fork();
    if (process < 0) throw std::system_error(errno, std::generic_category(), "another process cannot be started");
    if (process == 0) {
      for (const Worker& other : workers)
        if (other.socket >= 0) close(other.socket);
      close(ends[0]);
      try {
        work(ends[1], run_);
      } catch (...) {
        _exit(1);  // never into what belongs to the first process
      }
    }
    close(ends[1]);
    worker = {process, ends[0], std::nullopt, 0};
  };
  const auto stop = [](Worker& worker, bool at_once) {
    if (worker.socket < 0) return 0;
    if (at_once) kill(worker.process, SIGKILL);
    close(worker.socket);
    worker.socket = -1;
    int status = 0;
    while (waitpid(worker.process, &status, 0) < 0 && errno == EINTR) {}
    return status;
  };

  bool more = true, stopped = false;
  const auto give = [&](Worker& worker) {
    const auto number = more ? next() : std::nullopt;
    more = number.has_value();
    if (!number) return;
    if (worker.socket < 0) start(worker);
    worker.busy_with = number;
    send_all(worker.socket, &*number, sizeof *number);  // a worker that is gone shows when its answer is read
  };
  try {
    for (Worker& worker : workers) give(worker);
    for (;;) {
      std::vector<pollfd> waiting;
      std::vector<Worker*> of;
      for (Worker& worker : workers)
        if (worker.busy_with) {
          waiting.push_back({worker.socket, POLLIN, 0});
          of.push_back(&worker);
        }
      if (waiting.empty()) break;
      constexpr int milliseconds = 200;
      if (poll(waiting.data(), waiting.size(), milliseconds) < 0 && errno != EINTR)
        throw std::system_error(errno, std::generic_category(), "waiting for answers");
      if (interrupted()) {
        stopped = true;
        if (when_interrupted_ == WhenInterrupted::stop) break;
        more = false;
      }
      for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (!waiting[i].revents) continue;
        Worker& worker = *of[i];
        Answer answer;
        answer.number = *worker.busy_with;
        if (receive_text(worker.socket, answer.bytes) && receive_text(worker.socket, answer.error)) {
          if (++worker.pieces == pieces_) stop(worker, false);
        } else {
          const int status = stop(worker, true);
          answer.died = true;
          answer.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
          answer.bytes.clear();
        }
        done(answer);
        worker.busy_with.reset();
        give(worker);
      }
    }
  } catch (...) {
    for (Worker& worker : workers) stop(worker, true);
    throw;
  }
  for (Worker& worker : workers) stop(worker, stopped && when_interrupted_ == WhenInterrupted::stop);
  return !stopped;
}

}  // namespace dspmem
