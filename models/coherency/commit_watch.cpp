// SPDX-License-Identifier: Apache-2.0
#include "models/coherency/commit_watch.h"

#include <algorithm>
#include <utility>

namespace dspmem {
namespace {

bool has(const std::vector<std::uint32_t>& words, std::uint32_t word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

void CommitWatch::set_shared(std::uint32_t address, std::uint32_t bytes, bool shared) {
  for (std::uint32_t line = line_of(address); line < address + bytes; line += line_bytes_) {
    if (shared) {
      ++shared_lines_[line];
    } else if (const auto known = shared_lines_.find(line); known != shared_lines_.end() && --known->second == 0) {
      shared_lines_.erase(known);
      guards_.erase(line);
      for (std::vector<Open>& open : open_)
        std::erase_if(open, [this, line](const Open& each) {
          if (each.line == line) settle(each);
          return each.line == line;
        });
    }
  }
}

void CommitWatch::note_guards(std::uint32_t line, AgentId core, const std::vector<std::uint32_t>& held) {
  Guards& guards = guards_.try_emplace(line, Guards{core, false, true, {}}).first->second;
  guards.several_users |= core != guards.first_user;
  if (held.empty() && !guards.several_users) return;
  if (std::exchange(guards.any, false)) guards.words = held;
  else std::erase_if(guards.words, [&held](std::uint32_t word) { return !has(held, word); });
}

bool CommitWatch::guards(std::uint32_t line, std::uint32_t word) const {
  const auto known = guards_.find(line);
  return known == guards_.end() || known->second.any || has(known->second.words, word);
}

void CommitWatch::on_access(const Operation& access, std::uint32_t address) {
  const std::uint32_t line = line_of(address);
  if (!required_ || access.view != View::cached || !is_shared(line)) return;
  const std::vector<std::uint32_t>& held = held_[access.agent];
  note_guards(line, access.agent, held);
  const bool writes = access.kind == Operation::Kind::write;
  std::vector<Open>& open = open_[access.agent];
  const auto known =
      std::find_if(open.begin(), open.end(), [line](const Open& each) { return each.line == line && !each.committed; });
  if (known != open.end()) known->written |= writes;
  else open.push_back({line, access, writes, held, {}});
}

void CommitWatch::on_maintenance(AgentId core, Operation::Kind operation, std::optional<std::uint32_t> address) {
  std::vector<Open>& open = open_[core];
  if (open.empty()) return;
  std::vector<Open> kept;
  for (Open& each : std::exchange(open, {})) {
    if (!each.committed && (!address || each.line == line_of(*address))) {
      if (operation != Operation::Kind::invalidate) each.written = false;
      each.committed = operation != Operation::Kind::write_back && !each.written;
      if (each.committed && !must_wait(each, kept)) continue;
    }
    kept.push_back(std::move(each));
  }
  open = std::move(kept);
}

bool CommitWatch::must_wait(const Open& committed, const std::vector<Open>& others) const {
  if (committed.handed_over.kind == Operation::Kind::none ||
      std::all_of(committed.words.begin(), committed.words.end(),
                  [this](std::uint32_t word) { return locks_.contains(word); }))
    return false;
  // What waits for a flag may wait for ever: the same once, and not too much of it.
  std::size_t waiting = 0;
  for (const Open& each : others) {
    if (each.committed && each.line == committed.line && each.access.site == committed.access.site) return false;
    waiting += each.committed;
  }
  return waiting < waiting_kept;
}

void CommitWatch::on_set(AgentId core, std::uint32_t word, bool from_zero) {
  if (!required_ || has(held_[core], word)) return;
  if (from_zero) held_[core].push_back(word);
  else is_no_lock(word);
}

void CommitWatch::is_no_lock(std::uint32_t word) {
  for (std::vector<std::uint32_t>& held : held_) std::erase(held, word);
}

void CommitWatch::on_opened(const Operation& operation, std::uint32_t word) {
  if (!required_) return;
  if (std::erase(held_[operation.agent], word)) locks_.insert(word);
  else is_no_lock(word);
  hand_over(operation, word);
}

void CommitWatch::on_told(const Operation& operation) {
  if (required_) hand_over(operation, 0);
}

void CommitWatch::hand_over(const Operation& operation, std::uint32_t word) {
  const std::vector<std::uint32_t>& held = held_[operation.agent];
  std::vector<Open> kept;
  for (Open& each : std::exchange(open_[operation.agent], {})) {
    // A lock that was not held at the access protects something else, and what is committed is nobody's business but
    // that of its locks.
    if (word ? !has(each.words, word) : each.committed) {
      kept.push_back(std::move(each));
      continue;
    }
    if (each.committed) continue;  // before one of its locks was opened
    std::erase_if(each.words,
                  [&](std::uint32_t held_then) { return !has(held, held_then) || !guards(each.line, held_then); });
    if (each.words.empty()) {
      report(each, operation);
    } else {
      each.handed_over = operation;
      kept.push_back(std::move(each));
    }
  }
  open_[operation.agent] = std::move(kept);
}

void CommitWatch::settle(const Open& open) {
  const bool guarded =
      std::any_of(open.words.begin(), open.words.end(), [this](std::uint32_t word) { return locks_.contains(word); });
  if (open.handed_over.kind != Operation::Kind::none && !guarded) report(open, open.handed_over);
}

void CommitWatch::finish() {
  for (std::vector<Open>& open : open_)
    for (const Open& each : std::exchange(open, {})) settle(each);
}

void CommitWatch::report(const Open& open, const Operation& handed_over) {
  CoherencyFinding finding;
  finding.rule = Rule::uncommitted_access;
  finding.access = open.access;
  finding.address = open.line;
  finding.last = line_bytes_ - 1;
  finding.other = handed_over;
  listener_.on_finding(finding);
}

}  // namespace dspmem
