// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "models/coherency/checker.h"

namespace dspmem {

/// Watches shared data that is kept current by commits: every cached access, reads included, must be committed (written
/// back and invalidated) before the core hands the data over. A core does so when it opens the last of the locks that
/// guard the data, and where none of them is held, when it tells somebody something by other means.
///
/// The locks that guard a line are those under which everybody has accessed it so far, but for what its first user did
/// before it took any: until a second core comes, that needs no lock. Which words are locks only their use tells: who
/// has set one clears it, and nobody else writes to it meanwhile. A word that was set may also be a flag, which nobody
/// ever clears. What hangs on that is judged when the word is cleared, and at the latest when the data is shared no
/// more, or nothing happens any more.
class CommitWatch {
 public:
  /// `line_bytes`: a power of two.
  CommitWatch(std::uint32_t line_bytes, FindingListener& listener) : listener_(listener), line_bytes_(line_bytes) {}

  void require(bool required) { required_ = required; }
  bool required() const { return required_; }

  /// These bytes are shared data, or no longer.
  void set_shared(std::uint32_t address, std::uint32_t bytes, bool shared);
  /// Whether the line that holds the address has any.
  bool is_shared(std::uint32_t address) const { return shared_lines_.contains(line_of(address)); }

  // Operations are of cores. What is not about shared data is ignored, and so is everything where no commits are
  // required.

  void on_access(const Operation& access, std::uint32_t address);
  /// A cache operation on a line, or for no address on all of them.
  void on_maintenance(AgentId core, Operation::Kind operation, std::optional<std::uint32_t> address);
  /// An atomic of the core has set a word to something else than 0, which it was before, or was not.
  void on_set(AgentId core, std::uint32_t word, bool from_zero);
  /// The core has cleared a word with an atomic, or released it otherwise.
  void on_opened(const Operation& operation, std::uint32_t word);
  /// The core tells somebody something: by a device, or as the host has it.
  void on_told(const Operation& operation);
  /// Nothing happens any more.
  void finish();

 private:
  static constexpr std::size_t waiting_kept = 64;

  struct Open {
    std::uint32_t line;
    Operation access;
    bool written;  ///< then an invalidate alone is no commit
    std::vector<std::uint32_t> words;  ///< those held at the access, as far as they were not opened since
    Operation handed_over;  ///< kind none, or what did so, if all words that are still held are no locks
    bool committed = false;  ///< since
  };

  /// Words that may be locks of a line.
  struct Guards {
    AgentId first_user;
    bool several_users = false;
    bool any = true;  ///< whatever is held
    std::vector<std::uint32_t> words;
  };

  std::uint32_t line_of(std::uint32_t address) const { return address & ~(line_bytes_ - 1); }
  /// At something that may hand data over: the opening of a word, or anything else for 0.
  void hand_over(const Operation& operation, std::uint32_t word);
  /// A cached access to the line by a core that holds these words.
  void note_guards(std::uint32_t line, AgentId core, const std::vector<std::uint32_t>& held);
  bool guards(std::uint32_t line, std::uint32_t word) const;
  /// Whether a committed access still has to be kept: it is not certain yet that it was committed in time.
  bool must_wait(const Open& committed, const std::vector<Open>& others) const;
  /// Nothing more will come of it: as if the words that are still held, and were never opened, were no locks.
  void settle(const Open& open);
  /// Somebody else has written to it than who has set it.
  void is_no_lock(std::uint32_t word);
  void report(const Open& open, const Operation& handed_over);

  FindingListener& listener_;
  std::uint32_t line_bytes_;
  bool required_ = false;
  std::unordered_map<std::uint32_t, std::uint32_t> shared_lines_;  ///< how many shared ranges a line has bytes of
  std::unordered_map<std::uint32_t, Guards> guards_;  ///< of shared lines
  std::unordered_set<std::uint32_t> locks_;  ///< words that somebody has opened
  std::array<std::vector<Open>, LineCopies::max_cores> open_;
  std::array<std::vector<std::uint32_t>, LineCopies::max_cores> held_;  ///< words that a core has set and not opened
};

}  // namespace dspmem
