// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace dspmem::test {

/// The machine that a tiny program runs on. Agents are numbered: cores first, then masters without a cache.
struct TinyMachine {
  unsigned cores = 2;
  unsigned agents = 3;  ///< >= cores
  unsigned line_bytes = 8;  ///< a power of two
  unsigned lines = 1;
  bool prefetch = false;  ///< a core's cache may fetch any line at any time
  bool byte_dirty = false;  ///< a write-back writes only the bytes that were written, instead of the whole line
  bool write_through = false;  ///< stores go to memory, and into a copy that is there; no line is ever dirty
};

/// One operation of one agent. A program is the order that one run had. What holds in every run is only each agent's
/// own sequence, and that an acquire comes after every release of its object that came before it in this run. Bytes
/// that are forgotten have no latest write until the next one: their memory is somebody else's now. A core that goes
/// down loses its cache; when it boots it is empty, and it knows what whoever released `object` knew.
struct TinyOperation {
  enum class Kind {
    read,
    write,
    write_back,
    invalidate,
    write_back_invalidate,
    release,
    acquire,
    forget,
    go_down,
    boot,
  };
  Kind kind = Kind::read;
  unsigned agent = 0;
  bool cached = false;  ///< read and write of a core: through its cache
  unsigned address = 0;  ///< read, write and forget: first byte; cache operations: any byte of the line
  unsigned bytes = 1;  ///< read, write and forget: within one line
  unsigned object = 0;  ///< release, acquire and boot

  bool operator==(const TinyOperation&) const = default;
};

enum class TinyVerdict {
  fine,  ///< a read that returns the latest write in every order and whatever the hardware does; every other operation
         ///< that is no race
  stale,  ///< a read that may return something older
  race,  ///< conflicts with an access of another agent that nothing orders before it
};

}  // namespace dspmem::test
