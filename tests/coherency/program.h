// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace dspmem::test {

/// The machine that a tiny program runs on. Agents are numbered: cores first, then masters without a cache.
struct TinyMachine {
  unsigned cores = 2;
  unsigned agents = 3;      ///< >= cores
  unsigned line_bytes = 8;  ///< a power of two
  unsigned lines = 1;
  bool prefetch = false;    ///< a core's cache may fetch any line at any time
  bool byte_dirty = false;  ///< a write-back writes only the bytes that were written, instead of the whole line
};

/// One operation of one agent. Operations happen in the order of the program; what orders them for the program's own logic
/// is only each agent's own sequence and release -> acquire pairs. Bytes that are forgotten have no latest write until the next one, and
/// what was done to them before conflicts with nothing: their memory is somebody else's now.
struct TinyOperation {
  enum class Kind { read, write, write_back, invalidate, write_back_invalidate, release, acquire, forget };
  Kind kind = Kind::read;
  unsigned agent = 0;
  bool cached = false;   ///< read and write of a core: through its cache
  unsigned address = 0;  ///< read, write and forget: first byte; cache operations: any byte of the line
  unsigned bytes = 1;    ///< read, write and forget: within one line
  unsigned object = 0;   ///< release and acquire: an acquire is ordered after every earlier release of its object

  bool operator==(const TinyOperation&) const = default;
};

enum class TinyVerdict {
  fine,   ///< a read that returns the latest write whatever the hardware does; every other operation that is no race
  stale,  ///< a read that may return something older
  race,   ///< conflicts with an access of another agent that nothing orders before it
};

}  // namespace dspmem::test
