// SPDX-License-Identifier: Apache-2.0
// SystemC tells AddressSanitizer of every change of stack, but not where the program's own stack lies, to which it returns: exceptions that are
// caught there then make the sanitizer complain. In builds with DSPMEM_SANITIZE this definition wins over the sanitizer's, which it calls.
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

}  // namespace

extern "C" {

/// For the linker to ask for: nothing else in this file is missed by anybody.
int dspmem_main_stack = 1;

__attribute__((no_sanitize("address"))) void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom, std::size_t size) {
  using Function = void (*)(void**, const void*, std::size_t);
  static const auto next = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "__sanitizer_start_switch_fiber"));
  static const Stack main = own_stack();  // the first change of all leaves it
  if (!bottom) next(fake_stack, main.bottom, main.size);
  else next(fake_stack, bottom, size);
}
}
