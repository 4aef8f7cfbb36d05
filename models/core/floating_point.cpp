// SPDX-License-Identifier: Apache-2.0
#include "models/core/floating_point.h"

#include <bit>
#include <cfenv>
#include <cmath>
#include <initializer_list>

namespace dspmem::fp {
namespace {

constexpr std::uint32_t quiet = 0x00400000, no_number = 0x7fc00000;

float number(std::uint32_t bits) { return std::bit_cast<float>(bits); }
bool is_number(std::uint32_t bits) { return (bits & 0x7fffffff) <= 0x7f800000; }

/// The host's way of rounding, until the end of the scope.
class RoundingMode {
 public:
  explicit RoundingMode(std::uint32_t fcr) : old_(std::fegetround()) {
    constexpr int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD};
    std::fesetround(modes[fcr & 3]);
  }
  ~RoundingMode() { std::fesetround(old_); }
  RoundingMode(const RoundingMode&) = delete;
  RoundingMode& operator=(const RoundingMode&) = delete;

 private:
  int old_;
};

/// `compute` is not moved out of the scope of its rounding: its operands and its result are in memory.
template <class Compute>
std::uint32_t rounded(std::uint32_t fcr, std::initializer_list<std::uint32_t> operands, Compute compute) {
  for (const std::uint32_t each : operands)
    if (!is_number(each)) return each | quiet;
  const RoundingMode mode(fcr);
  const volatile float result = compute();
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(result));
  return is_number(bits) ? bits : no_number;
}

}  // namespace

std::uint32_t add(std::uint32_t a, std::uint32_t b, std::uint32_t fcr) {
  const volatile float x = number(a), y = number(b);
  return rounded(fcr, {b, a}, [&] { return x + y; });
}

std::uint32_t subtract(std::uint32_t a, std::uint32_t b, std::uint32_t fcr) {
  const volatile float x = number(a), y = number(b);
  return rounded(fcr, {b, a}, [&] { return x - y; });
}

std::uint32_t multiply(std::uint32_t a, std::uint32_t b, std::uint32_t fcr) {
  const volatile float x = number(a), y = number(b);
  return rounded(fcr, {b, a}, [&] { return x * y; });
}

std::uint32_t multiply_add(std::uint32_t sum, std::uint32_t a, std::uint32_t b, std::uint32_t fcr) {
  const volatile float x = number(a), y = number(b), z = number(sum);
  return rounded(fcr, {sum, b, a}, [&] { return std::fma(x, y, z); });
}

std::uint32_t multiply_subtract(std::uint32_t sum, std::uint32_t a, std::uint32_t b, std::uint32_t fcr) {
  const volatile float x = -number(a), y = number(b), z = number(sum);
  return rounded(fcr, {sum, b, a}, [&] { return std::fma(x, y, z); });
}

bool unordered(std::uint32_t a, std::uint32_t b) { return !is_number(a) || !is_number(b); }
bool equal(std::uint32_t a, std::uint32_t b) { return number(a) == number(b); }
bool less(std::uint32_t a, std::uint32_t b) { return number(a) < number(b); }

std::uint32_t to_integer(std::uint32_t a, Rounding rounding, std::uint32_t scale) {
  constexpr std::uint32_t largest = 0x7fffffff, smallest = 0x80000000;
  if (!is_number(a)) return largest;
  const double scaled = std::ldexp(double{number(a)}, static_cast<int>(scale));
  double whole = 0;
  switch (rounding) {
    case Rounding::nearest: whole = std::nearbyint(scaled); break;  // the host rounds to nearest, ties to even
    case Rounding::towards_zero: whole = std::trunc(scaled); break;
    case Rounding::up: whole = std::ceil(scaled); break;
    case Rounding::down: whole = std::floor(scaled); break;
  }
  if (whole >= 0x1p31) return largest;
  if (whole < -0x1p31) return smallest;
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(whole));
}

std::uint32_t to_unsigned(std::uint32_t a, std::uint32_t scale) {
  if (!is_number(a)) return ~0u;
  const double whole = std::trunc(std::ldexp(double{number(a)}, static_cast<int>(scale)));
  if (whole < 0) return to_integer(a, Rounding::towards_zero, scale);
  return whole >= 0x1p32 ? ~0u : static_cast<std::uint32_t>(whole);
}

std::uint32_t from_integer(std::uint32_t value, std::uint32_t scale, std::uint32_t fcr) {
  const volatile auto whole = static_cast<std::int32_t>(value);
  return rounded(fcr, {}, [&] { return std::ldexp(static_cast<float>(whole), -static_cast<int>(scale)); });
}

std::uint32_t from_unsigned(std::uint32_t value, std::uint32_t scale, std::uint32_t fcr) {
  const volatile std::uint32_t whole = value;
  return rounded(fcr, {}, [&] { return std::ldexp(static_cast<float>(whole), -static_cast<int>(scale)); });
}

}  // namespace dspmem::fp
