// SPDX-License-Identifier: Apache-2.0
// Tells AddressSanitizer of every change of stack that SystemC makes, so that the stacks of SC_THREADs are checked as the program's own is.
// Linked into builds with DSPMEM_SANITIZE only. SystemC's coroutine package has no hook for this, but its functions can be interposed: these
// definitions in the program win over those of libsystemc, which they call.
#include <dlfcn.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

#include <cstdio>
#include <cstdlib>

namespace sc_core {

class sc_cor;

/// libsystemc's own, which no header declares. The layout is that of SystemC 2.3.4 on QuickThreads; `create` verifies it.
class sc_cor_pkg_qt {
 public:
  sc_cor* create(std::size_t stack_size, void (*function)(void*), void* argument);
  void yield(sc_cor* next);
  void abort(sc_cor* next);
};

namespace {

struct Coroutine {
  void* methods;
  std::size_t stack_size;  ///< 0: the main program's
  void* stack;
};

struct Stack {
  const void* bottom;
  std::size_t size;
};

/// The program's own: where the first coroutine ever was started from.
Stack main_stack{nullptr, 0};

Stack stack_of(const sc_cor* next) {
  const auto& coroutine = *reinterpret_cast<const Coroutine*>(next);
  return coroutine.stack_size ? Stack{coroutine.stack, coroutine.stack_size} : main_stack;
}

template <class Function>
Function original(const char* symbol) {
  void* const found = dlsym(RTLD_NEXT, symbol);
  if (!found) {
    std::fprintf(stderr, "coroutine_stacks: libsystemc has no %s\n", symbol);
    std::abort();
  }
  return reinterpret_cast<Function>(found);
}

/// What a new coroutine begins with: the sanitizer learns that the change of stack is complete.
struct Start {
  void (*function)(void*);
  void* argument;
};

__attribute__((no_sanitize("address"))) void begin(void* start_pointer) {
  Stack left{nullptr, 0};
  __sanitizer_finish_switch_fiber(nullptr, &left.bottom, &left.size);
  if (!main_stack.bottom) main_stack = left;
  const Start start = *static_cast<Start*>(start_pointer);
  delete static_cast<Start*>(start_pointer);
  start.function(start.argument);
}

}  // namespace

sc_cor* sc_cor_pkg_qt::create(std::size_t stack_size, void (*function)(void*), void* argument) {
  static const auto next = original<sc_cor* (*)(sc_cor_pkg_qt*, std::size_t, void (*)(void*), void*)>("_ZN7sc_core13sc_cor_pkg_qt6createEmPFvPvES1_");
  sc_cor* const created = next(this, stack_size, begin, new Start{function, argument});
  const Stack stack = stack_of(created);
  if (stack.size < stack_size || stack.size > stack_size + 65536) {
    std::fprintf(stderr, "coroutine_stacks: this libsystemc has coroutines of another layout\n");
    std::abort();
  }
  // Where another coroutine lived and was given up, what its frames had marked is still marked.
  ASAN_UNPOISON_MEMORY_REGION(stack.bottom, stack.size);
  return created;
}

__attribute__((no_sanitize("address"))) void sc_cor_pkg_qt::yield(sc_cor* next) {
  static const auto change = original<void (*)(sc_cor_pkg_qt*, sc_cor*)>("_ZN7sc_core13sc_cor_pkg_qt5yieldEPNS_6sc_corE");
  const Stack stack = stack_of(next);
  void* left = nullptr;
  __sanitizer_start_switch_fiber(&left, stack.bottom, stack.size);
  change(this, next);
  __sanitizer_finish_switch_fiber(left, nullptr, nullptr);
}

__attribute__((no_sanitize("address"))) void sc_cor_pkg_qt::abort(sc_cor* next) {
  static const auto change = original<void (*)(sc_cor_pkg_qt*, sc_cor*)>("_ZN7sc_core13sc_cor_pkg_qt5abortEPNS_6sc_corE");
  const Stack stack = stack_of(next);
  __sanitizer_start_switch_fiber(nullptr, stack.bottom, stack.size);
  change(this, next);
}

}  // namespace sc_core
