// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "models/core/isa.h"

/// Where each instruction format keeps its operands. Fields of a word: op0 3:0, t 7:4, s 11:8, r 15:12, op1 19:16, op2
/// 23:20.
namespace dspmem::format {

constexpr std::uint32_t t_of(std::uint32_t w) { return w >> 4 & 0xf; }
constexpr std::uint32_t s_of(std::uint32_t w) { return w >> 8 & 0xf; }
constexpr std::uint32_t r_of(std::uint32_t w) { return w >> 12 & 0xf; }
constexpr std::uint32_t op2_of(std::uint32_t w) { return w >> 20 & 0xf; }
constexpr std::uint32_t imm8_of(std::uint32_t w) { return w >> 16 & 0xff; }

constexpr std::uint32_t sign_extend_from(std::uint32_t value, unsigned sign_bit) {
  const std::uint32_t sign = 1u << sign_bit;
  return ((value & (2 * sign - 1)) ^ sign) - sign;
}

// The constants that compare-with-immediate branches can name (ISA reference manual, b4const and b4constu).
inline constexpr std::uint32_t b4const[16] = {~0u, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256};
inline constexpr std::uint32_t b4constu[16] = {32768, 65536, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256};

using Extract = std::uint32_t (*)(std::uint32_t word, std::uint32_t pc);
inline constexpr Extract no_immediate = [](std::uint32_t, std::uint32_t) { return 0u; };
inline constexpr Extract branch8_target = [](std::uint32_t w, std::uint32_t pc) {
  return pc + 4 + sign_extend_from(imm8_of(w), 7);
};
inline constexpr Extract special_number = [](std::uint32_t w, std::uint32_t) { return w >> 8 & 0xffu; };
inline constexpr Extract level_number = [](std::uint32_t w, std::uint32_t) { return s_of(w); };

template <unsigned Scale>
inline constexpr Extract scaled_imm8 = [](std::uint32_t w, std::uint32_t) { return imm8_of(w) * Scale; };
inline constexpr Extract scaled_r = [](std::uint32_t w, std::uint32_t) { return r_of(w) * 4; };

constexpr std::uint8_t R = field_r, S = field_s, T = field_t;

// Registers only
inline constexpr Format none{0, 0, no_immediate, nullptr};
inline constexpr Format rrr{S | T, R, no_immediate, nullptr};
inline constexpr Format rt{T, R, no_immediate, nullptr};
inline constexpr Format rs{S, R, no_immediate, nullptr};
inline constexpr Format ts{S, T, no_immediate, nullptr};
inline constexpr Format s{S, 0, no_immediate, nullptr};
inline constexpr Format st{S | T, 0, no_immediate, nullptr};

// Immediates
inline constexpr Format rri8{S, T, [](std::uint32_t w, std::uint32_t) { return sign_extend_from(imm8_of(w), 7); },
                             nullptr};
inline constexpr Format rri8h{S, T, [](std::uint32_t w, std::uint32_t) { return sign_extend_from(imm8_of(w), 7) << 8; },
                              nullptr};
inline constexpr Format addin{S, R, [](std::uint32_t w, std::uint32_t) { return t_of(w) ? t_of(w) : ~0u; }, nullptr};
inline constexpr Format movi{
    0, T, [](std::uint32_t w, std::uint32_t) { return sign_extend_from(s_of(w) << 8 | imm8_of(w), 11); }, nullptr};
inline constexpr Format movin{0, S,
                              [](std::uint32_t w, std::uint32_t) {
                                const std::uint32_t value = (t_of(w) & 7) << 4 | r_of(w);
                                return value >= 0x60 ? value - 0x80 : value;  // -32 to 95
                              },
                              nullptr};
inline constexpr Format extui{T, R,
                              [](std::uint32_t w, std::uint32_t) {
                                return ((1u << (op2_of(w) + 1)) - 1) << 16 | (w >> 16 & 1) << 4 |
                                       s_of(w);  // mask above, shift below
                              },
                              nullptr};
inline constexpr Format sext{S, R, [](std::uint32_t w, std::uint32_t) { return t_of(w) + 7; }, nullptr};
inline constexpr Format slli{
    S, R, [](std::uint32_t w, std::uint32_t) { return (32 - ((op2_of(w) & 1) << 4 | t_of(w))) & 31; }, nullptr};
inline constexpr Format srai{T, R, [](std::uint32_t w, std::uint32_t) { return (op2_of(w) & 1) << 4 | s_of(w); },
                             nullptr};
inline constexpr Format srli{T, R, [](std::uint32_t w, std::uint32_t) { return s_of(w); }, nullptr};
inline constexpr Format ssai{0, 0, [](std::uint32_t w, std::uint32_t) { return (t_of(w) & 1) << 4 | s_of(w); },
                             nullptr};

// Memory
inline constexpr Format l32r{
    0, T, [](std::uint32_t w, std::uint32_t pc) { return ((pc + 3) & ~3u) + (0xfffc0000u | w >> 8 << 2); }, nullptr};
inline constexpr Format mem1{S, T, scaled_imm8<1>, nullptr};
inline constexpr Format mem2{S, T, scaled_imm8<2>, nullptr};
inline constexpr Format mem4{S, T, scaled_imm8<4>, nullptr};
inline constexpr Format mem4n{S, T, scaled_r, nullptr};
inline constexpr Format st1{S | T, 0, scaled_imm8<1>, nullptr};
inline constexpr Format st2{S | T, 0, scaled_imm8<2>, nullptr};
inline constexpr Format st4{S | T, 0, scaled_imm8<4>, nullptr};
inline constexpr Format st4n{S | T, 0, scaled_r, nullptr};
inline constexpr Format cas4{S | T, T, scaled_imm8<4>, nullptr};
inline constexpr Format s32ex{S | T, T, no_immediate, nullptr};
inline constexpr Format getex{T, T, no_immediate, nullptr};
inline constexpr Format cop{S, 0, scaled_imm8<4>, nullptr};
inline constexpr Format copk{S, 0, [](std::uint32_t w, std::uint32_t) { return op2_of(w) * 16; }, nullptr};

// Control flow
inline constexpr Format j{0, 0, no_immediate,
                          [](std::uint32_t w, std::uint32_t pc) { return pc + 4 + sign_extend_from(w >> 6, 17); }};
inline constexpr Format call{0, 0, no_immediate, [](std::uint32_t w, std::uint32_t pc) {
                               return (pc & ~3u) + 4 + (sign_extend_from(w >> 6, 17) << 2);
                             }};
template <std::uint8_t Increment>
inline constexpr Format window_call{
    0, 0, no_immediate,
    [](std::uint32_t w, std::uint32_t pc) { return (pc & ~3u) + 4 + (sign_extend_from(w >> 6, 17) << 2); }, Increment};
template <std::uint8_t Increment>
inline constexpr Format window_callx{S, 0, no_immediate, nullptr, Increment};
inline constexpr Format br8{S | T, 0, no_immediate, branch8_target};
inline constexpr Format brbit{S, 0, [](std::uint32_t w, std::uint32_t) { return (r_of(w) & 1) << 4 | t_of(w); },
                              branch8_target};
inline constexpr Format brimm{S, 0, [](std::uint32_t w, std::uint32_t) { return b4const[r_of(w)]; }, branch8_target};
inline constexpr Format brimu{S, 0, [](std::uint32_t w, std::uint32_t) { return b4constu[r_of(w)]; }, branch8_target};
inline constexpr Format br12{S, 0, no_immediate,
                             [](std::uint32_t w, std::uint32_t pc) { return pc + 4 + sign_extend_from(w >> 12, 11); }};
inline constexpr Format br6{S, 0, no_immediate,
                            [](std::uint32_t w, std::uint32_t pc) { return pc + 4 + ((t_of(w) & 3) << 4 | r_of(w)); }};
inline constexpr Extract loop_end = [](std::uint32_t w, std::uint32_t pc) { return pc + 4 + imm8_of(w); };
inline constexpr Format loop{S, 0, loop_end, loop_end};

// Register windows
inline constexpr Format entry{S, 0, [](std::uint32_t w, std::uint32_t) { return (w >> 12) * 8; }, nullptr};
inline constexpr Format rotate{0, 0, [](std::uint32_t w, std::uint32_t) { return sign_extend_from(t_of(w), 3); },
                               nullptr};
inline constexpr Extract below_64 = [](std::uint32_t w, std::uint32_t) { return r_of(w) * 4 - 64; };
inline constexpr Format l32e{S, T, below_64, nullptr};
inline constexpr Format s32e{S | T, 0, below_64, nullptr};

// MAC16. M0 to M3 are no operands that a field's register could be late for.
inline constexpr Extract halves = [](std::uint32_t w, std::uint32_t) { return w >> 16 & 3; };
inline constexpr Format halves_aa{S | T, 0, halves, nullptr};
inline constexpr Format halves_ad{S, 0, halves, nullptr};
inline constexpr Format halves_da{T, 0, halves, nullptr};
inline constexpr Format halves_dd{0, 0, halves, nullptr};
inline constexpr Format load_da{S | T, S, halves, nullptr};
inline constexpr Format load_mac{S, S, halves, nullptr};

// Floating point: fields that name floating-point registers are no operands here
inline constexpr Extract scale = [](std::uint32_t w, std::uint32_t) { return t_of(w); };
inline constexpr Format to_int{0, R, scale, nullptr};
inline constexpr Format of_int{S, 0, scale, nullptr};
inline constexpr Format ft{T, 0, no_immediate, nullptr};
inline constexpr Format lsi{S, 0, scaled_imm8<4>, nullptr};
inline constexpr Format lsip{S, S, scaled_imm8<4>, nullptr};
inline constexpr Format lsx{S | T, 0, no_immediate, nullptr};
inline constexpr Format lsxp{S | T, S, no_immediate, nullptr};

// Booleans: the fields name bits of BR
inline constexpr Format brbool{0, 0, no_immediate, branch8_target};

// Processor state
inline constexpr Format rsr{0, T, special_number, nullptr};
inline constexpr Format wsr{T, 0, special_number, nullptr};
inline constexpr Format xsr{T, T, special_number, nullptr};
inline constexpr Format rur{0, R, [](std::uint32_t w, std::uint32_t) { return w >> 4 & 0xffu; }, nullptr};
inline constexpr Format rsil{0, T, level_number, nullptr};
inline constexpr Format level{0, 0, level_number, nullptr};

}  // namespace dspmem::format
