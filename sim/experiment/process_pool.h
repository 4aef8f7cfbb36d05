// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace dspmem {

/// Does pieces of work in processes of their own, several at a time. A process that dies takes no more with it than the
/// piece that it was at.
class ProcessPool {
 public:
  /// What became of a piece of work.
  struct Answer {
    std::uint64_t number = 0;
    std::string bytes;  ///< what `run` returned
    std::string error;  ///< what `run` threw; empty: nothing
    bool died = false;
    int signal = 0;  ///< that ended the process; 0: it ended itself
  };

  /// Whether what is being done is given up, or ends by itself, as work does that asks, too, whether it was
  /// interrupted.
  enum class WhenInterrupted { stop, finish };

  /// `run` is called in the processes, for a number that `next` gave. `pieces`: how many a process does before another
  /// takes its place; 0: all that there are.
  ProcessPool(unsigned processes, std::function<std::string(std::uint64_t)> run, std::uint64_t pieces = 0,
              WhenInterrupted when_interrupted = WhenInterrupted::stop)
      : processes_(processes), pieces_(pieces), when_interrupted_(when_interrupted), run_(std::move(run)) {}

  /// Until `next` gives nothing more and all is done. `done` receives each answer, in the order in which they come.
  /// Returns false if `interrupted` came to hold: what was not done has no answer. Throws std::system_error when the
  /// system has no process to give.
  bool serve(const std::function<std::optional<std::uint64_t>()>& next, const std::function<void(const Answer&)>& done,
             const std::function<bool()>& interrupted);

 private:
  unsigned processes_;
  std::uint64_t pieces_;
  WhenInterrupted when_interrupted_;
  std::function<std::string(std::uint64_t)> run_;
};

}  // namespace dspmem
