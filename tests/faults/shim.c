// SPDX-License-Identifier: Apache-2.0
// Loaded before the program's libraries (LD_PRELOAD): counts the calls that can fail and makes one of them fail.
//   FAULT_CALL   which: open, write, rename, fsync, mmap or malloc
//   FAULT_AT     the call that fails, from 1 on; 0: none
//   FAULT_COUNT  a file; at the end the number of calls is written there
// Calls count from the beginning of main() on: what the loader does is not the program's.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum call { call_open, call_write, call_rename, call_fsync, call_mmap, call_malloc, call_none };
static const char* const names[] = {"open", "write", "rename", "fsync", "mmap", "malloc"};
static enum call chosen = call_none;
static unsigned long fails_at, calls;
static int counting;

static int fails(enum call which) { return counting && which == chosen && ++calls == fails_at; }

#define NEXT(name) ((__typeof__(&name))next(#name))
static void* next(const char* name) { return dlsym(RTLD_NEXT, name); }

static void finish(void) {
  const char* path = getenv("FAULT_COUNT");
  if (!counting) return;
  counting = 0;
  if (!path) return;
  FILE* file = fopen(path, "w");
  if (!file) return;
  fprintf(file, "%lu\n", calls);
  fclose(file);
}

static int (*main_of_program)(int, char**, char**);
static int counted_main(int count, char** values, char** environment) {
  const char* name = getenv("FAULT_CALL");
  const char* at = getenv("FAULT_AT");
  for (int i = 0; name && i < call_none; ++i)
    if (!strcmp(name, names[i])) chosen = (enum call)i;
  fails_at = at ? strtoul(at, NULL, 10) : 0;
  unsetenv("LD_PRELOAD");
  counting = 1;
  const int status = main_of_program(count, values, environment);
  finish();
  return status;
}
int __libc_start_main(int (*program)(int, char**, char**), int count, char** values, void (*init)(void), void (*fini)(void), void (*rtld_fini)(void), void* stack_end) {
  main_of_program = program;
  int (*start)(int (*)(int, char**, char**), int, char**, void (*)(void), void (*)(void), void (*)(void), void*) = next("__libc_start_main");
  return start(counted_main, count, values, init, fini, rtld_fini, stack_end);
}

static int mode_of(int flags, va_list rest) { return flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, int) : 0; }
#define OPEN(name)                                    \
  int name(const char* path, int flags, ...) {        \
    va_list rest;                                     \
    va_start(rest, flags);                            \
    const int mode = mode_of(flags, rest);            \
    va_end(rest);                                     \
    if (fails(call_open)) return errno = EMFILE, -1;  \
    return NEXT(name)(path, flags, mode);             \
  }
OPEN(open)
OPEN(open64)
int openat(int folder, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int mode = mode_of(flags, rest);
  va_end(rest);
  if (fails(call_open)) return errno = EMFILE, -1;
  return NEXT(openat)(folder, path, flags, mode);
}
FILE* fopen(const char* path, const char* mode) {
  if (fails(call_open)) return errno = EMFILE, NULL;
  return NEXT(fopen)(path, mode);
}
FILE* fopen64(const char* path, const char* mode) {
  if (fails(call_open)) return errno = EMFILE, NULL;
  return NEXT(fopen64)(path, mode);
}
int mkstemp(char* template) {
  if (fails(call_open)) return errno = EMFILE, -1;
  return NEXT(mkstemp)(template);
}
int mkstemp64(char* template) {
  if (fails(call_open)) return errno = EMFILE, -1;
  return NEXT(mkstemp64)(template);
}
ssize_t write(int file, const void* data, size_t bytes) {
  if (fails(call_write)) return errno = ENOSPC, -1;
  return NEXT(write)(file, data, bytes);
}
ssize_t writev(int file, const struct iovec* parts, int count) {
  if (fails(call_write)) return errno = ENOSPC, -1;
  return NEXT(writev)(file, parts, count);
}
ssize_t pwrite64(int file, const void* data, size_t bytes, off64_t at) {
  if (fails(call_write)) return errno = ENOSPC, -1;
  return NEXT(pwrite64)(file, data, bytes, at);
}
int rename(const char* from, const char* to) {
  if (fails(call_rename)) return errno = EACCES, -1;
  return NEXT(rename)(from, to);
}
int fsync(int file) {
  if (fails(call_fsync)) return errno = EIO, -1;
  return NEXT(fsync)(file);
}
void* mmap(void* address, size_t bytes, int protection, int flags, int file, off_t offset) {
  if (fails(call_mmap)) return errno = ENOMEM, MAP_FAILED;
  return NEXT(mmap)(address, bytes, protection, flags, file, offset);
}
void* mmap64(void* address, size_t bytes, int protection, int flags, int file, off64_t offset) {
  if (fails(call_mmap)) return errno = ENOMEM, MAP_FAILED;
  return NEXT(mmap64)(address, bytes, protection, flags, file, offset);
}

// The C library's own names: dlsym() allocates itself.
void* __libc_malloc(size_t bytes);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_realloc(void* block, size_t bytes);
void* __libc_memalign(size_t alignment, size_t bytes);
void* malloc(size_t bytes) { return fails(call_malloc) ? (errno = ENOMEM, NULL) : __libc_malloc(bytes); }
void* calloc(size_t count, size_t bytes) { return fails(call_malloc) ? (errno = ENOMEM, NULL) : __libc_calloc(count, bytes); }
void* realloc(void* block, size_t bytes) { return fails(call_malloc) ? (errno = ENOMEM, NULL) : __libc_realloc(block, bytes); }
void* aligned_alloc(size_t alignment, size_t bytes) { return fails(call_malloc) ? (errno = ENOMEM, NULL) : __libc_memalign(alignment, bytes); }
int posix_memalign(void** block, size_t alignment, size_t bytes) {
  if (fails(call_malloc)) return ENOMEM;
  *block = __libc_memalign(alignment, bytes);
  return *block ? 0 : ENOMEM;
}
