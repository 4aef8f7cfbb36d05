/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The few string functions that the firmware uses; a C library's own header replaces this one where there is one. */
#include <stddef.h>

void* memset(void* destination, int value, size_t bytes);
void* memcpy(void* restrict destination, const void* restrict source, size_t bytes);
size_t strlen(const char* text);
