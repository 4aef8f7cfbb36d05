/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exercises the firmware as a whole: allocator, memory functions, long arithmetic, locks, and code of many shapes. Everything
 * it computes stays in memory, which is compared byte for byte.
 */
#include <string.h>

#include "alloc.h"
#include "spinlock.h"

static uint32_t seed = 1;

static uint32_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

/* ---- Arithmetic that the compiler calls functions for; the test computes it again ---- */

#define ARITHMETIC_CASES 400

struct arithmetic {
	uint64_t a, b;
	uint64_t product, quotient, remainder, shifted_left, shifted_right;
	int64_t signed_quotient, signed_remainder, arithmetic_shift;
	uint32_t quotient32, remainder32;
	int32_t signed_quotient32, signed_remainder32;
};

struct arithmetic program_arithmetic[ARITHMETIC_CASES];

static uint64_t random64(void)
{
	/* Few bits as often as many. */
	uint64_t value = (uint64_t)next_random() << 32 | next_random();

	return value >> (next_random() % 64);
}

static void compute(struct arithmetic *it)
{
	uint32_t shift, a32, b32;

	it->a = random64();
	it->b = random64();
	if (next_random() % 4 == 0)
		it->a = -it->a;
	if (next_random() % 4 == 0)
		it->b = -it->b;
	if ((uint32_t)it->b == 0)
		it->b |= 1;
	shift = (uint32_t)it->b % 64;
	a32 = (uint32_t)it->a;
	b32 = (uint32_t)it->b;
	it->product = it->a * it->b;
	it->quotient = it->a / it->b;
	it->remainder = it->a % it->b;
	it->signed_quotient = (int64_t)it->a / (int64_t)it->b;
	it->signed_remainder = (int64_t)it->a % (int64_t)it->b;
	it->shifted_left = it->a << shift;
	it->shifted_right = it->a >> shift;
	it->arithmetic_shift = (int64_t)it->a >> shift;
	it->quotient32 = a32 / b32;
	it->remainder32 = a32 % b32;
	it->signed_quotient32 = (int32_t)a32 / (int32_t)b32;
	it->signed_remainder32 = (int32_t)a32 % (int32_t)b32;
}

/* ---- Code of many shapes ---- */

static uint32_t fibonacci(uint32_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

static uint32_t crc32(const uint8_t *bytes, size_t count)
{
	uint32_t crc = ~0u;

	while (count--) {
		crc ^= *bytes++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void fir(const int16_t *in, const int16_t *taps, int16_t *out, int samples, int tap_count)
{
	for (int i = 0; i < samples; i++) {
		int64_t sum = 0;

		for (int k = 0; k < tap_count && k <= i; k++)
			sum += (int32_t)in[i - k] * taps[k];
		sum >>= 15;
		out[i] = (int16_t)(sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum);
	}
}

static void sort(uint32_t *values, int count)
{
	for (int gap = count / 2; gap > 0; gap /= 2)
		for (int i = gap; i < count; i++)
			for (int k = i; k >= gap && values[k - gap] > values[k]; k -= gap) {
				uint32_t swap = values[k];

				values[k] = values[k - gap];
				values[k - gap] = swap;
			}
}

static uint32_t classify(uint32_t value)
{
	switch (value % 11) {
	case 0: return value ^ 0x55;
	case 1: return value << 3;
	case 2: return (uint32_t)__builtin_clz(value | 1);
	case 3: return (uint32_t)__builtin_ctz(value | 0x80000000);
	case 4: return value >> 7;
	case 5: return (uint32_t)((int32_t)value >> 9);
	case 6: return (uint32_t)(int8_t)value;
	case 7: return (uint32_t)(int16_t)value;
	case 8: return value > 1000 ? 1000 : value;
	case 9: return (uint32_t)((int32_t)value < 0 ? -(int32_t)value : (int32_t)value);
	default: return (uint32_t)__builtin_popcount(value);
	}
}

typedef uint32_t (*operation)(uint32_t, uint32_t);
static uint32_t op_add(uint32_t a, uint32_t b) { return a + b; }
static uint32_t op_rotate(uint32_t a, uint32_t b) { return a << (b & 31) | a >> (-b & 31); }
static uint32_t op_min(uint32_t a, uint32_t b) { return (int32_t)a < (int32_t)b ? a : b; }
static uint32_t op_high(uint32_t a, uint32_t b) { return (uint32_t)((uint64_t)a * b >> 32); }
static const operation operations[] = {op_add, op_rotate, op_min, op_high};

uint32_t program_results[64];
uint32_t program_sorted[256];
int16_t program_signal[3][256];

/* ---- The allocator under a random load, contents checked ---- */

#define LIVE 200

struct live {
	uint8_t *bytes;
	uint32_t size;
	uint32_t crc;
};
static struct live live[LIVE];
struct mm_info program_heaps[BOOT_MAX_HEAPS];
uint32_t program_wrong;
static spinlock_t SHARED_DATA program_lock;

static void allocator_load(uint32_t rounds)
{
	spinlock_t *lock = platform_shared_get(&program_lock, sizeof(program_lock));

	for (uint32_t round = 0; round < rounds; round++) {
		struct live *it = &live[next_random() % LIVE];
		uint32_t kind = next_random() % 8;

		spin_lock(lock);
		if (it->bytes) {
			if (crc32(it->bytes, it->size) != it->crc)
				program_wrong++;
			rfree(it->bytes);
			it->bytes = NULL;
		} else {
			it->size = 1 + next_random() % (1 + next_random() % 1200);
			if (kind < 3)
				it->bytes = rmalloc(SOF_MEM_ZONE_RUNTIME, 0, 0, it->size);
			else if (kind < 4)
				it->bytes = rzalloc(SOF_MEM_ZONE_RUNTIME, SOF_MEM_FLAG_SHARED, 0, it->size);
			else if (kind < 5)
				it->bytes = rmalloc(SOF_MEM_ZONE_SYS_RUNTIME, 0, 0, it->size);
			else
				it->bytes = rballoc_align(0, SOF_MEM_CAPS_DMA, it->size * 4, 1u << (next_random() % 9));
			for (uint32_t i = 0; it->bytes && i < it->size; i++)
				it->bytes[i] = (uint8_t)next_random();
			if (it->bytes)
				it->crc = crc32(it->bytes, it->size);
		}
		spin_unlock(lock);
	}
}

uint32_t program_main(uint32_t a, uint32_t b)
{
	for (int i = 0; i < ARITHMETIC_CASES; i++)
		compute(&program_arithmetic[i]);
	for (uint32_t i = 0; i < 64; i++)
		program_results[i] = operations[i % 4](classify(next_random()), fibonacci(i % 14)) + a + b;
	for (uint32_t i = 0; i < 256; i++) {
		program_sorted[i] = next_random();
		program_signal[0][i] = (int16_t)next_random();
		program_signal[1][i] = (int16_t)(next_random() >> 20);
	}
	sort(program_sorted, 256);
	fir(program_signal[0], program_signal[1], program_signal[2], 256, 32);
	memcpy((uint8_t *)program_sorted + 3, (uint8_t *)program_signal + 1, 301);
	allocator_load(20000);
	for (uint32_t i = 0; i < BOOT_MAX_HEAPS; i++)
		heap_info(i, &program_heaps[i]);
	return crc32((const uint8_t *)program_arithmetic, sizeof(program_arithmetic));
}
