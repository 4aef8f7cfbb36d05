/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic that the compiler calls for and Debian's libgcc for this core leaves to the chip's ROM. */
#include <stdint.h>

static uint64_t divide(uint64_t dividend, uint64_t divisor, uint64_t *remainder)
{
	uint64_t quotient = 0, rest = 0;

	for (int bit = 63; bit >= 0; bit--) {
		rest = rest << 1 | (dividend >> bit & 1);
		if (rest >= divisor) {
			rest -= divisor;
			quotient |= (uint64_t)1 << bit;
		}
	}
	*remainder = rest;
	return quotient;
}

static uint32_t divide32(uint32_t dividend, uint32_t divisor, uint32_t *remainder)
{
	uint32_t quotient = 0;
	int shift = 0;

	if (divisor == 0)
		__builtin_trap();
	while (shift < 31 && divisor << shift >> shift == divisor && divisor << shift < dividend && !(divisor << shift >> 31))
		shift++;
	for (; shift >= 0; shift--)
		if (dividend >= divisor << shift && divisor << shift >> shift == divisor) {
			dividend -= divisor << shift;
			quotient |= 1u << shift;
		}
	*remainder = dividend;
	return quotient;
}

uint32_t __udivsi3(uint32_t a, uint32_t b)
{
	uint32_t rest;

	return divide32(a, b, &rest);
}

uint32_t __umodsi3(uint32_t a, uint32_t b)
{
	uint32_t rest;

	divide32(a, b, &rest);
	return rest;
}

int32_t __divsi3(int32_t a, int32_t b)
{
	uint32_t quotient = __udivsi3(a < 0 ? 0u - (uint32_t)a : (uint32_t)a, b < 0 ? 0u - (uint32_t)b : (uint32_t)b);

	return (int32_t)((a < 0) != (b < 0) ? 0u - quotient : quotient);
}

int32_t __modsi3(int32_t a, int32_t b)
{
	uint32_t rest = __umodsi3(a < 0 ? 0u - (uint32_t)a : (uint32_t)a, b < 0 ? 0u - (uint32_t)b : (uint32_t)b);

	return (int32_t)(a < 0 ? 0u - rest : rest);
}

uint64_t __umulsidi3(uint32_t a, uint32_t b)
{
	uint32_t low = (a & 0xffff) * (b & 0xffff);
	uint32_t middle1 = (a >> 16) * (b & 0xffff), middle2 = (a & 0xffff) * (b >> 16);
	uint32_t carry = (low >> 16) + (middle1 & 0xffff) + (middle2 & 0xffff);
	uint32_t high = (a >> 16) * (b >> 16) + (middle1 >> 16) + (middle2 >> 16) + (carry >> 16);

	return (uint64_t)high << 32 | (carry << 16 | (low & 0xffff));
}

uint64_t __muldi3(uint64_t a, uint64_t b)
{
	uint64_t product = __umulsidi3((uint32_t)a, (uint32_t)b);
	uint32_t high = (uint32_t)(product >> 32) + (uint32_t)(a >> 32) * (uint32_t)b + (uint32_t)a * (uint32_t)(b >> 32);

	return (uint64_t)high << 32 | (uint32_t)product;
}

uint64_t __udivdi3(uint64_t a, uint64_t b)
{
	uint64_t rest;

	return divide(a, b, &rest);
}

uint64_t __umoddi3(uint64_t a, uint64_t b)
{
	uint64_t rest;

	divide(a, b, &rest);
	return rest;
}

int64_t __divdi3(int64_t a, int64_t b)
{
	uint64_t quotient = __udivdi3(a < 0 ? 0u - (uint64_t)a : (uint64_t)a, b < 0 ? 0u - (uint64_t)b : (uint64_t)b);

	return (int64_t)((a < 0) != (b < 0) ? 0u - quotient : quotient);
}

int64_t __moddi3(int64_t a, int64_t b)
{
	uint64_t rest = __umoddi3(a < 0 ? 0u - (uint64_t)a : (uint64_t)a, b < 0 ? 0u - (uint64_t)b : (uint64_t)b);

	return (int64_t)(a < 0 ? 0u - rest : rest);
}

#ifdef __XTENSA_WINDOWED_ABI__
/* Debian's libgcc is of the other ABI. */
uint64_t __lshrdi3(uint64_t value, int count)
{
	uint32_t high = (uint32_t)(value >> 32), low = (uint32_t)value;

	if (count == 0)
		return value;
	if (count >= 32)
		return high >> (count - 32);
	return (uint64_t)(high >> count) << 32 | (low >> count | high << (32 - count));
}

uint64_t __ashldi3(uint64_t value, int count)
{
	uint32_t high = (uint32_t)(value >> 32), low = (uint32_t)value;

	if (count == 0)
		return value;
	if (count >= 32)
		return (uint64_t)(low << (count - 32)) << 32;
	return (uint64_t)(high << count | low >> (32 - count)) << 32 | low << count;
}
#endif
