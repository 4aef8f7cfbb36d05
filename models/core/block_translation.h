// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "models/core/host_code.h"

namespace dspmem::translation {

/// Code that is not on the way of a block that runs through: made in the other part of the store.
struct Aside {
  enum class Kind { load, store, step, touch, search_next, search_taken, exit } kind = Kind::exit;
  Label from{};
  Label back{};  ///< where loads and stores go on
  Label access{};  ///< where they are made, if they need not be told
  std::uint32_t index = 0;  ///< of the instruction
  std::uint32_t bytes = 0;
  std::uint32_t guest = 0;  ///< register that is loaded or stored
  bool is_signed = false;
  Translator::Exit exit = Translator::Exit::enter;
};

/// Translates one block.
class BlockTranslation {
 public:
  BlockTranslation(Translator::Implementation& translator, Block& block, bool observed)
      : translator_(translator), block_(block), observed_(observed) {}
  void run();

 private:
  enum class Flow { next, ended };
  Flow instruction(const Op& op, std::uint32_t index);
  bool branch_condition(const Op& op);
  void shift_by_sar(const Op& op, std::uint32_t index);

  Gp use(std::uint32_t guest, Gp scratch) {
    if (const auto host = host_of(guest)) return *host;
    a_.mov(scratch, guest_register(guest));
    return scratch;
  }
  void define(std::uint32_t guest, Gp value) {
    if (const auto host = host_of(guest)) a_.mov(*host, value);
    else a_.mov(guest_register(guest), value);
  }
  Label aside(const Aside& description) {
    asides_.push_back(description);
    asides_.back().from = a_.newLabel();
    return asides_.back().from;
  }
  Label exit_label(Translator::Exit exit) { return aside({.exit = exit}); }
  void address_of(const Op& op);
  void entry_of(std::uint32_t bytes, std::size_t key, Label other);
  void find_line(const Aside& access, Label slow);
  void visible(std::uint32_t bytes, std::size_t mask, Label slow);
  void load(const Op& op, std::uint32_t index, std::uint32_t bytes, bool is_signed, bool literal);
  void store(const Op& op, std::uint32_t index, std::uint32_t bytes);
  void put(std::uint32_t guest, std::uint32_t bytes, const x86::Mem& where);
  void note_store(std::uint32_t index, std::uint32_t bytes);
  /// Whether a store is finer than a log can note.
  bool too_fine(std::uint32_t bytes) const { return observed_ && !(bytes >> part_shift()); }
  void link(std::size_t member, Translator::Exit unlinked);
  void search(std::size_t member, Translator::Exit unlinked);
  void finish_branch(x86::CondCode taken_if);
  void fall_through();
  void follow_taken() { link(offsetof(Block, taken), Translator::Exit::taken); }
  void push_frame(std::optional<std::uint32_t> callee);
  void push_window_call(std::uint32_t increment, std::optional<std::uint32_t> callee);
  x86::Mem special_register(std::uint32_t number, const Gp& scratch);
  void go_to_computed();
  void ret(std::uint32_t index);
  void leave(Translator::Exit exit);
  void save_position(std::uint32_t index, Gp scratch);
  void step(std::uint32_t index);
  void emit_aside(const Aside& each);
  std::uint32_t part_shift() const { return translator_.shape.line_shift > 6 ? translator_.shape.line_shift - 6 : 0; }
  std::uint32_t line_bytes() const { return 1u << translator_.shape.line_shift; }

  Translator::Implementation& translator_;
  Block& block_;
  bool observed_;
  CodeHolder code_;
  x86::Assembler a_;
  std::vector<Aside> asides_;
  Label jump_to_next_{}, jump_to_taken_{};
};

}  // namespace dspmem::translation
