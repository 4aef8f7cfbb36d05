// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <vector>

#include "models/core/isa.h"
#include "models/random.h"

namespace dspmem::test {

/// Writes random Xtensa programs that any implementation must execute alike: each sequence loads known registers, runs
/// a few random instructions (branches, loops and calls included), stores all registers, and the program ends by
/// writing the stored registers and its scratch memory to the console.
class ProgramGenerator {
 public:
  static constexpr std::uint32_t base = 0x60000000;
  /// Registers free for random use; the two above hold the scratch pointer and the place for results.
  static constexpr std::uint32_t free_registers = 14, results_register = 14, scratch_register = 15;
  static constexpr std::uint32_t result_bytes = 64;  ///< stored by each sequence: a0 to a13, SAR and LCOUNT
  static constexpr std::uint32_t scratch_bytes = 4096;

  /// Instructions of options that a core has or has not, as a whole.
  static std::set<Opcode> exclusive_access(), mac16(), floating_point();
  /// Of protection and external registers, which are not modelled: they do nothing, and return 0.
  static std::set<Opcode> without_effect();

  /// `left_out`: instructions that the other implementation does not have.
  explicit ProgramGenerator(std::uint64_t seed, std::uint32_t origin = base, const std::set<Opcode>& left_out = {});

  /// The program's bytes, to be placed at `origin`; it starts there.
  std::vector<std::uint8_t> generate(unsigned sequences);

  std::uint32_t results_address() const { return results_address_; }
  /// How often each instruction was emitted.
  const std::array<std::uint64_t, opcode_count>& emitted() const { return emitted_; }

 protected:
  std::uint32_t here() const { return origin_ + static_cast<std::uint32_t>(code_.size()); }
  std::uint32_t any_register() { return static_cast<std::uint32_t>(random_.below(free_registers)); }
  std::uint32_t any_value();
  void align4();
  void emit(Opcode opcode, std::uint32_t word);
  void emit_fields(Opcode opcode, std::uint32_t r, std::uint32_t s, std::uint32_t t, std::uint32_t imm8 = 0);
  void movi(std::uint32_t target, std::int32_t value);
  std::uint32_t load_literal(std::uint32_t target, std::uint32_t value);
  std::uint32_t place_literal(std::uint32_t value);
  void set_target(std::uint32_t at, Opcode opcode, std::uint32_t target);
  void patch_literal(std::uint32_t literal, std::uint32_t value);

 private:
  void random_straight();
  void random_memory();
  void random_branch();
  void random_loop();
  void random_call();
  void random_jump();
  void random_state();
  void random_divide();
  void random_cache();
  void random_mac16();
  void random_floating_point();
  void sequence(bool first);
  void prologue(std::uint32_t scratch_address);
  void epilogue(unsigned sequences);

  std::array<std::uint64_t, opcode_count> emitted_{};

 protected:
  Random random_;
  std::uint32_t origin_;
  std::vector<Opcode> straight_, branches_;  ///< of random_straight() and random_branch()
  bool has_mac16_, has_floating_point_;
  std::vector<std::uint8_t> code_;
  std::uint32_t results_address_ = 0;
};

}  // namespace dspmem::test
