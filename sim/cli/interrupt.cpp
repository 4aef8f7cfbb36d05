// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/interrupt.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstring>
#include <exception>
#include <new>

#include "sim/cli/commands.h"

namespace dspmem {
namespace {

volatile sig_atomic_t own_signal_seen = 0;
/// Where the signal is noted: from catch_signals() on in memory that processes share that are forked later, so that
/// they learn of it, too.
volatile sig_atomic_t* signal_seen = &own_signal_seen;
volatile sig_atomic_t somebody_asks = 0;  ///< interrupted_by()

// A signal handler may use nothing but plain memory and system calls.
struct Unfinished {
  volatile sig_atomic_t used = 0;
  char path[PATH_MAX];
};
std::array<Unfinished, 16> unfinished;

void remove_unfinished() {
  for (const Unfinished& each : unfinished)
    if (each.used) unlink(each.path);
}

void on_signal(int number) {
  if (somebody_asks && !*signal_seen) {
    *signal_seen = number;
    return;
  }
  remove_unfinished();
  _exit(128 + number);
}

/// There may be no memory: plain system calls.
[[noreturn]] void on_terminate() {
  const char* text = "dspmem: internal error: an exception where none may be\n";
  try {
    if (const std::exception_ptr present = std::current_exception()) std::rethrow_exception(present);
  } catch (const std::bad_alloc&) { text = out_of_memory; } catch (...) {
  }
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, std::strlen(text));
  remove_unfinished();
  _exit(exit_internal_error);
}

void install() {
  static bool installed = false;
  if (installed) return;
  installed = true;
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    if (sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;  // as under nohup
    sigaction(number, &action, nullptr);
  }
}

}  // namespace

void catch_signals() {
  void* const shared = mmap(nullptr, sizeof own_signal_seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared != MAP_FAILED) signal_seen = static_cast<volatile sig_atomic_t*>(shared);
  somebody_asks = 1;
  install();
}

void end_in_order_when_terminated() { std::set_terminate(on_terminate); }

int interrupted_by() { return *signal_seen; }

void remove_when_killed(const std::string& path) {
  if (path.size() >= PATH_MAX) return;
  install();
  for (Unfinished& each : unfinished) {
    if (each.used) continue;
    std::memcpy(each.path, path.c_str(), path.size() + 1);
    each.used = 1;
    return;
  }
}

void keep_when_killed(const std::string& path) {
  for (Unfinished& each : unfinished)
    if (each.used && path == each.path) each.used = 0;
}

}  // namespace dspmem
