// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace dspmem {

/// Who is where in time. Cores run ahead of SystemC by up to a quantum (temporal decoupling); before a core does what
/// others can see, it waits until none of them is behind it. A core that is alone never waits: nothing can happen in its
/// past, so no kernel call is needed either.
class TimeKeeper {
 public:
  explicit TimeKeeper(std::size_t cores) : locals_(cores), running_(cores, false) {}

  void set_running(std::size_t core, std::uint64_t cycle) {
    running_[core] = true;
    locals_[core] = cycle;
  }
  /// The core waits for an event and may be woken only by another core's action.
  void set_idle(std::size_t core) { running_[core] = false; }
  bool running(std::size_t core) const { return running_[core]; }

  bool anyone_behind(std::size_t core, std::uint64_t cycle) const {
    for (std::size_t other = 0; other < locals_.size(); ++other)
      if (other != core && running_[other] && locals_[other] < cycle) return true;
    return false;
  }

 private:
  std::vector<std::uint64_t> locals_;
  std::vector<bool> running_;
};

}  // namespace dspmem
