/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <stdint.h>

/* Word-wise where both ends allow it: these cores cannot load across word boundaries. */

void *memset(void *destination, int value, size_t bytes)
{
	uint8_t *to = destination;
	uint32_t pattern = (uint8_t)value * 0x01010101u;

	for (; bytes && (uintptr_t)to % 4; bytes--)
		*to++ = (uint8_t)value;
	for (; bytes >= 4; bytes -= 4, to += 4)
		*(uint32_t *)to = pattern;
	for (; bytes; bytes--)
		*to++ = (uint8_t)value;
	return destination;
}

void *memcpy(void *restrict destination, const void *restrict source, size_t bytes)
{
	uint8_t *to = destination;
	const uint8_t *from = source;

	if (((uintptr_t)to ^ (uintptr_t)from) % 4 == 0) {
		for (; bytes && (uintptr_t)to % 4; bytes--)
			*to++ = *from++;
		for (; bytes >= 4; bytes -= 4, to += 4, from += 4)
			*(uint32_t *)to = *(const uint32_t *)from;
	}
	for (; bytes; bytes--)
		*to++ = *from++;
	return destination;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}
