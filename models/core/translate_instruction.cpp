// SPDX-License-Identifier: Apache-2.0
// The host's code for each instruction that has some.
#if defined(__x86_64__)

#include "models/core/block_translation.h"
#include "models/core/isa.h"

namespace dspmem::translation {

/// Sets the flags of a branch and goes where it leads. False for what is no conditional branch.
bool BlockTranslation::branch_condition(const Op& op) {
  using x86::CondCode;
  const auto compare = [&](CondCode taken_if) {
    const Gp left = use(op.s, x86::eax);
    a_.cmp(left, use(op.t, x86::ecx));
    finish_branch(taken_if);
  };
  const auto compare_immediate = [&](CondCode taken_if) {
    a_.cmp(use(op.s, x86::eax), static_cast<std::int32_t>(op.immediate));
    finish_branch(taken_if);
  };
  const auto compare_zero = [&](CondCode taken_if) {
    const Gp value = use(op.s, x86::eax);
    a_.test(value, value);
    finish_branch(taken_if);
  };
  const auto all_of = [&](CondCode taken_if) {
    a_.mov(x86::ecx, use(op.s, x86::eax));
    a_.not_(x86::ecx);
    a_.test(x86::ecx, use(op.t, x86::eax));
    finish_branch(taken_if);
  };
  const auto any_of = [&](CondCode taken_if) {
    const Gp left = use(op.s, x86::eax);
    a_.test(left, use(op.t, x86::ecx));
    finish_branch(taken_if);
  };
  const auto bit = [&](CondCode taken_if) {
    const Gp value = use(op.s, x86::eax);
    a_.bt(value, use(op.t, x86::ecx));  // counts modulo 32, as the instruction does
    finish_branch(taken_if);
  };
  const auto bit_immediate = [&](CondCode taken_if) {
    a_.bt(use(op.s, x86::eax), op.immediate);
    finish_branch(taken_if);
  };
  const auto boolean = [&](CondCode taken_if) {
    a_.bt(special_register(special::br, x86::rax), op.s);
    finish_branch(taken_if);
  };
  switch (op.opcode) {
    case Opcode::beq: compare(CondCode::kE); return true;
    case Opcode::bne: compare(CondCode::kNE); return true;
    case Opcode::blt: compare(CondCode::kL); return true;
    case Opcode::bge: compare(CondCode::kGE); return true;
    case Opcode::bltu: compare(CondCode::kB); return true;
    case Opcode::bgeu: compare(CondCode::kAE); return true;
    case Opcode::beqi: compare_immediate(CondCode::kE); return true;
    case Opcode::bnei: compare_immediate(CondCode::kNE); return true;
    case Opcode::blti: compare_immediate(CondCode::kL); return true;
    case Opcode::bgei: compare_immediate(CondCode::kGE); return true;
    case Opcode::bltui: compare_immediate(CondCode::kB); return true;
    case Opcode::bgeui: compare_immediate(CondCode::kAE); return true;
    case Opcode::beqz:
    case Opcode::beqz_n: compare_zero(CondCode::kE); return true;
    case Opcode::bnez:
    case Opcode::bnez_n: compare_zero(CondCode::kNE); return true;
    case Opcode::bltz: compare_zero(CondCode::kS); return true;
    case Opcode::bgez: compare_zero(CondCode::kNS); return true;
    case Opcode::bany: any_of(CondCode::kNE); return true;
    case Opcode::bnone: any_of(CondCode::kE); return true;
    case Opcode::ball: all_of(CondCode::kE); return true;
    case Opcode::bnall: all_of(CondCode::kNE); return true;
    case Opcode::bbs: bit(CondCode::kC); return true;
    case Opcode::bbc: bit(CondCode::kNC); return true;
    case Opcode::bbsi: bit_immediate(CondCode::kC); return true;
    case Opcode::bbci: bit_immediate(CondCode::kNC); return true;
    case Opcode::bt: boolean(CondCode::kC); return true;
    case Opcode::bf: boolean(CondCode::kNC); return true;
    default: return false;
  }
}

void BlockTranslation::shift_by_sar(const Op& op, std::uint32_t index) {
  using x86::eax, x86::ecx, x86::rax, x86::rcx;
  const bool left = op.opcode == Opcode::sll, is_signed = op.opcode == Opcode::sra;
  const Gp value = use(left ? op.s : op.t, eax);
  const Op* const before = index ? &block_.ops[index - 1] : nullptr;
  if (before && before->opcode == (left ? Opcode::ssl : Opcode::ssr)) {
    // SAR has just been set to what the low five bits of this register say, which is how far the host shifts.
    a_.emit(left        ? x86::Inst::kIdShlx
            : is_signed ? x86::Inst::kIdSarx
                        : x86::Inst::kIdShrx,
            eax, value, use(before->s, ecx));
  } else {
    // It may be 32: in 64 bits.
    if (is_signed) a_.movsxd(rax, value);
    else a_.mov(eax, value);
    if (left) a_.shl(rax, 32);
    a_.mov(ecx, FIELD(sar_));
    if (is_signed) a_.sarx(rax, rax, rcx);
    else a_.shrx(rax, rax, rcx);
  }
  define(op.r, eax);
}

/// Writes the code of one instruction.
BlockTranslation::Flow BlockTranslation::instruction(const Op& op, std::uint32_t index) {
  using x86::eax, x86::ecx, x86::edx, x86::rax, x86::rcx;
  if (branch_condition(op)) return Flow::ended;
  // result = first op second, with results made in eax
  const auto scaled_add = [&](std::uint32_t shift) {
    const Gp left = use(op.s, eax), right = use(op.t, ecx);
    a_.lea(eax, x86::ptr(right.r64(), left.r64(), shift));
    define(op.r, eax);
    return Flow::next;
  };
  const auto scaled_subtract = [&](std::uint32_t shift) {
    const Gp left = use(op.s, eax);
    if (left != eax) a_.mov(eax, left);
    if (shift) a_.shl(eax, shift);
    a_.sub(eax, use(op.t, ecx));
    define(op.r, eax);
    return Flow::next;
  };
  const auto add_immediate = [&](std::uint32_t target) {
    a_.lea(eax, x86::ptr(use(op.s, ecx).r64(), static_cast<std::int32_t>(op.immediate)));
    define(target, eax);
    return Flow::next;
  };
  const auto bitwise = [&](std::uint32_t id) {
    const Gp left = use(op.s, eax);
    if (left != eax) a_.mov(eax, left);
    a_.emit(id, eax, use(op.t, ecx));
    define(op.r, eax);
    return Flow::next;
  };
  const auto move_immediate = [&](std::uint32_t target) {
    if (const auto host = host_of(target)) a_.mov(*host, op.immediate);
    else a_.mov(guest_register(target), op.immediate);
    return Flow::next;
  };
  const auto move_if = [&](x86::CondCode condition) {
    const Gp tested = use(op.t, eax);
    a_.test(tested, tested);
    const Gp value = use(op.s, ecx);
    const auto host = host_of(op.r);
    const Gp target = host ? *host : edx;
    if (!host) a_.mov(edx, guest_register(op.r));
    a_.cmov(condition, target, value);
    if (!host) a_.mov(guest_register(op.r), edx);
    return Flow::next;
  };
  const auto shift_immediate = [&](std::uint32_t id, std::uint32_t source, std::uint32_t count) {
    const Gp value = use(source, eax);
    if (value != eax) a_.mov(eax, value);
    if (count) a_.emit(id, eax, count);
    define(op.r, eax);
    return Flow::next;
  };
  const auto smaller_or_larger = [&](x86::CondCode keep_second) {
    const Gp left = use(op.s, eax), right = use(op.t, ecx);
    if (left != eax) a_.mov(eax, left);
    a_.cmp(eax, right);
    a_.cmov(keep_second, eax, right);
    define(op.r, eax);
    return Flow::next;
  };
  const auto multiply_halves = [&](bool is_signed) {
    const Gp left = use(op.s, eax), right = use(op.t, ecx);
    if (is_signed) {
      a_.movsx(eax, left.r16());
      a_.movsx(ecx, right.r16());
    } else {
      a_.movzx(eax, left.r16());
      a_.movzx(ecx, right.r16());
    }
    a_.imul(eax, ecx);
    define(op.r, eax);
    return Flow::next;
  };
  switch (op.opcode) {
    case Opcode::add:
    case Opcode::add_n: return scaled_add(0);
    case Opcode::addx2: return scaled_add(1);
    case Opcode::addx4: return scaled_add(2);
    case Opcode::addx8: return scaled_add(3);
    case Opcode::addi:
    case Opcode::addmi: return add_immediate(op.t);
    case Opcode::addi_n: return add_immediate(op.r);
    case Opcode::sub: return scaled_subtract(0);
    case Opcode::subx2: return scaled_subtract(1);
    case Opcode::subx4: return scaled_subtract(2);
    case Opcode::subx8: return scaled_subtract(3);
    case Opcode::and_: return bitwise(x86::Inst::kIdAnd);
    case Opcode::or_: return bitwise(x86::Inst::kIdOr);
    case Opcode::xor_: return bitwise(x86::Inst::kIdXor);
    case Opcode::mull: return bitwise(x86::Inst::kIdImul);
    case Opcode::mul16u: return multiply_halves(false);
    case Opcode::mul16s: return multiply_halves(true);
    case Opcode::neg: {
      const Gp value = use(op.t, eax);
      if (value != eax) a_.mov(eax, value);
      a_.neg(eax);
      define(op.r, eax);
      return Flow::next;
    }
    case Opcode::movi: return move_immediate(op.t);
    case Opcode::movi_n: return move_immediate(op.s);
    case Opcode::mov_n: define(op.t, use(op.s, eax)); return Flow::next;
    case Opcode::moveqz: return move_if(x86::CondCode::kE);
    case Opcode::movnez: return move_if(x86::CondCode::kNE);
    case Opcode::movltz: return move_if(x86::CondCode::kS);
    case Opcode::movgez: return move_if(x86::CondCode::kNS);
    case Opcode::extui: {
      const Gp value = use(op.t, eax);
      if (value != eax) a_.mov(eax, value);
      if (op.immediate & 31) a_.shr(eax, op.immediate & 31);
      a_.and_(eax, op.immediate >> 16);
      define(op.r, eax);
      return Flow::next;
    }
    case Opcode::sext: {
      const Gp value = use(op.s, eax);
      if (value != eax) a_.mov(eax, value);
      a_.shl(eax, 31 - op.immediate);
      a_.sar(eax, 31 - op.immediate);
      define(op.r, eax);
      return Flow::next;
    }
    // Special registers that hold what was written and nothing more; reading and writing the others is the core's.
    case Opcode::rsr:
      if (op.immediate != special::prid && op.immediate != special::scompare1 && op.immediate != special::ps) break;
      a_.mov(eax, special_register(op.immediate, rax));
      define(op.t, eax);
      return Flow::next;
    case Opcode::wsr:
      if (op.immediate != special::scompare1) break;
      a_.mov(special_register(op.immediate, rax), use(op.t, ecx));
      fall_through();
      return Flow::ended;
    case Opcode::nsau: {
      a_.lzcnt(eax, use(op.s, eax));
      define(op.t, eax);
      return Flow::next;
    }
    case Opcode::quou:
    case Opcode::remu: {
      // What divides by zero is the core's to report.
      const Label zero = aside({.kind = Aside::Kind::step, .index = index});
      a_.mov(ecx, use(op.t, ecx));
      a_.test(ecx, ecx);
      a_.jz(zero);
      a_.mov(eax, use(op.s, eax));
      a_.xor_(edx, edx);
      a_.div(ecx);
      define(op.r, op.opcode == Opcode::quou ? eax : edx);
      return Flow::next;
    }
    case Opcode::slli: return shift_immediate(x86::Inst::kIdShl, op.s, op.immediate);
    case Opcode::srli: return shift_immediate(x86::Inst::kIdShr, op.t, op.immediate);
    case Opcode::srai: return shift_immediate(x86::Inst::kIdSar, op.t, op.immediate);
    case Opcode::min_: return smaller_or_larger(x86::CondCode::kG);
    case Opcode::max_: return smaller_or_larger(x86::CondCode::kL);
    case Opcode::minu: return smaller_or_larger(x86::CondCode::kA);
    case Opcode::maxu: return smaller_or_larger(x86::CondCode::kB);
    case Opcode::ssai: a_.mov(FIELD(sar_), op.immediate); return Flow::next;
    case Opcode::ssr:
    case Opcode::ssl: {
      a_.mov(ecx, use(op.s, eax));
      a_.and_(ecx, 31);
      if (op.opcode == Opcode::ssl) {
        a_.mov(eax, 32);
        a_.sub(eax, ecx);
        a_.mov(FIELD(sar_), eax);
      } else {
        a_.mov(FIELD(sar_), ecx);
      }
      return Flow::next;
    }
    case Opcode::sll:
    case Opcode::srl:
    case Opcode::sra: shift_by_sar(op, index); return Flow::next;
    case Opcode::src: {
      a_.mov(eax, use(op.s, eax));
      a_.shl(rax, 32);
      a_.mov(ecx, use(op.t, ecx));
      a_.or_(rax, rcx);
      a_.mov(ecx, FIELD(sar_));
      a_.shrx(rax, rax, rcx);
      define(op.r, eax);
      return Flow::next;
    }
    case Opcode::nop:
    case Opcode::nop_n:
    case Opcode::memw:
    case Opcode::extw:
    case Opcode::excw:
    case Opcode::dsync:
    case Opcode::esync:
    case Opcode::rsync: return Flow::next;
    case Opcode::l32r: load(op, index, 4, false, true); return Flow::next;
    case Opcode::l32i:
    case Opcode::l32i_n:
    case Opcode::l32e: load(op, index, 4, false, false); return Flow::next;
    case Opcode::l16ui: load(op, index, 2, false, false); return Flow::next;
    case Opcode::l16si: load(op, index, 2, true, false); return Flow::next;
    case Opcode::l8ui: load(op, index, 1, false, false); return Flow::next;
    case Opcode::s32i:
    case Opcode::s32i_n:
    case Opcode::s32e: store(op, index, 4); return Flow::next;
    case Opcode::s16i: store(op, index, 2); return Flow::next;
    case Opcode::s8i: store(op, index, 1); return Flow::next;
    case Opcode::j: follow_taken(); return Flow::ended;
    case Opcode::call0:
      push_frame(block_.taken_pc);
      a_.mov(guest_register(0), block_.end_pc);
      follow_taken();
      return Flow::ended;
    case Opcode::call4:
    case Opcode::call8:
    case Opcode::call12:
      push_window_call(instruction_table()[static_cast<std::size_t>(op.opcode)].format->increment, block_.taken_pc);
      follow_taken();
      return Flow::ended;
    case Opcode::callx4:
    case Opcode::callx8:
    case Opcode::callx12:
      a_.mov(ecx, use(op.s, ecx));
      push_window_call(instruction_table()[static_cast<std::size_t>(op.opcode)].format->increment, std::nullopt);
      go_to_computed();
      return Flow::ended;
    case Opcode::callx0:
      a_.mov(ecx, use(op.s, ecx));
      push_frame(std::nullopt);
      a_.mov(guest_register(0), block_.end_pc);
      go_to_computed();
      return Flow::ended;
    case Opcode::jx:
      a_.mov(ecx, use(op.s, ecx));
      go_to_computed();
      return Flow::ended;
    case Opcode::ret:
    case Opcode::ret_n: ret(index); return Flow::ended;
    case Opcode::block_end: fall_through(); return Flow::ended;
    default: break;
  }
  step(index);
  if (!ends_block(instruction_table()[static_cast<std::size_t>(op.opcode)].kind)) return Flow::next;
  a_.ud2();  // it has gone elsewhere
  return Flow::ended;
}

}  // namespace dspmem::translation
#endif
