// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/pool.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace dspmem {
namespace {

using Json = nlohmann::json;

std::string to_text(const SweepResult& result) {
  Json findings = Json::array();
  for (const SweepResult::Finding& each : result.findings) findings.push_back({each.rule, each.object, each.severity, each.fingerprint, each.count});
  return Json{{"number", result.number}, {"hash", result.hash}, {"keys", result.keys}, {"exit_code", result.exit_code}, {"verdict", result.verdict}, {"error", result.error},
              {"milliseconds", result.milliseconds}, {"metrics", result.metrics}, {"findings", findings}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

SweepResult from_text(const std::string& text) {
  const Json json = Json::parse(text);
  SweepResult result;
  result.number = json["number"];
  result.hash = json["hash"];
  result.keys = json["keys"];
  result.exit_code = json["exit_code"];
  result.verdict = json["verdict"];
  result.error = json["error"];
  result.milliseconds = json["milliseconds"];
  result.metrics = json["metrics"].get<std::map<std::string, double>>();
  for (const Json& each : json["findings"]) result.findings.push_back({each[0], each[1], each[2], each[3], each[4]});
  return result;
}

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
};

/// A worker's life: numbers come in, results go out, until the other side is gone.
[[noreturn]] void work(int socket, const std::function<SweepResult(std::uint64_t)>& run) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);  // the first process decides
  std::uint64_t number = 0;
  while (receive_all(socket, &number, sizeof number)) {
    SweepResult result;
    try {
      result = run(number);
    } catch (const std::exception& error) {
      result.number = number;
      result.exit_code = 5;
      result.verdict = "died";
      result.error = std::string("internal error: ") + error.what();
    }
    const std::string text = to_text(result);
    const std::uint64_t bytes = text.size();
    if (!send_all(socket, &bytes, sizeof bytes) || !send_all(socket, text.data(), text.size())) break;
  }
  _exit(0);
}

}  // namespace

bool ProcessPool::serve(const std::function<std::optional<std::uint64_t>()>& next, const std::function<void(const SweepResult&)>& done, const std::function<bool()>& interrupted) {
  std::vector<Worker> workers(processes_);
  const auto start = [&](Worker& worker) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) throw std::system_error(errno, std::generic_category(), "a process for the sweep cannot be started");
    std::fflush(nullptr);
    const pid_t process = fork();
    if (process < 0) throw std::system_error(errno, std::generic_category(), "a process for the sweep cannot be started");
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
    worker = {process, ends[0], std::nullopt};
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
      if (poll(waiting.data(), waiting.size(), milliseconds) < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "waiting for results");
      if (interrupted()) {
        stopped = true;
        break;
      }
      for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (!waiting[i].revents) continue;
        Worker& worker = *of[i];
        std::uint64_t bytes = 0;
        std::string text;
        bool whole = receive_all(worker.socket, &bytes, sizeof bytes);
        if (whole) {
          text.resize(bytes);
          whole = receive_all(worker.socket, text.data(), bytes);
        }
        if (whole) {
          done(from_text(text));
        } else {
          SweepResult result;
          result.number = *worker.busy_with;
          const int status = stop(worker, true);
          const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
          result.exit_code = 128 + signal;
          result.verdict = "died";
          result.error = "the process that ran it died (signal " + std::to_string(signal) + ")";
          done(result);
        }
        worker.busy_with.reset();
        give(worker);
      }
    }
  } catch (...) {
    for (Worker& worker : workers) stop(worker, true);
    throw;
  }
  for (Worker& worker : workers) stop(worker, stopped);
  return !stopped;
}

}  // namespace dspmem
