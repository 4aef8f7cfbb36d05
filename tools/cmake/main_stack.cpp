// SPDX-License-Identifier: Apache-2.0
// SystemC 2.3.4 announces changes of stack to AddressSanitizer, but says neither where the program's own stack lies, to
// which it returns, nor that a thread which has ended is left for another. Exceptions that are caught then make the
// sanitizer complain. In builds with DSPMEM_SANITIZE these definitions win over those of the libraries, which they
// call.
#include <dlfcn.h>
#include <pthread.h>

#include <cstddef>

namespace {

struct Stack {
  const void* bottom = nullptr;
  std::size_t size = 0;
};

/// Of the thread that calls.
Stack own_stack() {
  pthread_attr_t attributes;
  void* bottom = nullptr;
  std::size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes)) return {};
  pthread_attr_getstack(&attributes, &bottom, &size);
  pthread_attr_destroy(&attributes);
  return {bottom, size};
}

Stack main_stack() {
  static const Stack main = own_stack();  // the first change of all leaves it
  return main;
}

template <class Function>
Function next_definition(const char* symbol) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, symbol));
}

}  // namespace

extern "C" {

/// For the linker to ask for: nothing else in this file is missed by anybody.
int dspmem_main_stack = 1;

__attribute__((no_sanitize("address"))) void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom,
                                                                            std::size_t size) {
  static const auto next =
      next_definition<void (*)(void**, const void*, std::size_t)>("__sanitizer_start_switch_fiber");
  const Stack main = main_stack();
  if (!bottom) next(fake_stack, main.bottom, main.size);
  else next(fake_stack, bottom, size);
}
void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom, std::size_t* size);
}

namespace sc_core {

class sc_cor;

/// libsystemc's own, which no header declares.
class sc_cor_pkg_qt {
 public:
  void abort(sc_cor* next);
};

__attribute__((no_sanitize("address"))) void sc_cor_pkg_qt::abort(sc_cor* next) {
  static const auto change =
      next_definition<void (*)(sc_cor_pkg_qt*, sc_cor*)>("_ZN7sc_core13sc_cor_pkg_qt5abortEPNS_6sc_corE");
  // As sc_cor_qt has it; of the program's own stack both are zero.
  struct Coroutine {
    void* methods;
    std::size_t stack_size;
    void* stack;
  };
  const auto& coroutine = *reinterpret_cast<const Coroutine*>(next);
  __sanitizer_start_switch_fiber(nullptr, coroutine.stack, coroutine.stack_size);
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
  change(this, next);
}

}  // namespace sc_core
