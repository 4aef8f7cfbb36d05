// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Single-precision arithmetic on the bits of numbers, as the floating-point coprocessor has it: denormal numbers are
/// kept; where operands are no numbers, the sum, the second or the first of them, in this order, is the result, made
/// quiet; what is no number anew is 0x7fc00000. As QEMU has it, with which tests/conformance compares. `fcr`: bits 1:0
/// say how to round: to nearest, towards zero, up, down.
namespace dspmem::fp {

std::uint32_t add(std::uint32_t a, std::uint32_t b, std::uint32_t fcr);
std::uint32_t subtract(std::uint32_t a, std::uint32_t b, std::uint32_t fcr);
std::uint32_t multiply(std::uint32_t a, std::uint32_t b, std::uint32_t fcr);
/// sum + a * b, rounded once.
std::uint32_t multiply_add(std::uint32_t sum, std::uint32_t a, std::uint32_t b, std::uint32_t fcr);
/// sum - a * b, rounded once.
std::uint32_t multiply_subtract(std::uint32_t sum, std::uint32_t a, std::uint32_t b, std::uint32_t fcr);

bool unordered(std::uint32_t a, std::uint32_t b);
bool equal(std::uint32_t a, std::uint32_t b);
bool less(std::uint32_t a, std::uint32_t b);

enum class Rounding { nearest, towards_zero, up, down };
/// a * 2^scale as a signed integer; the nearest one there is where it has no room, the largest for what is no number.
std::uint32_t to_integer(std::uint32_t a, Rounding rounding, std::uint32_t scale);
/// The same, towards zero, as an unsigned integer.
std::uint32_t to_unsigned(std::uint32_t a, std::uint32_t scale);
/// value / 2^scale.
std::uint32_t from_integer(std::uint32_t value, std::uint32_t scale, std::uint32_t fcr);
std::uint32_t from_unsigned(std::uint32_t value, std::uint32_t scale, std::uint32_t fcr);

}  // namespace dspmem::fp
