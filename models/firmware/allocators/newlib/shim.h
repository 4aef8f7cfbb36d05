/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Included before everything else in newlib's allocator sources: names that they expect of a newlib around them. */
#include <stddef.h>
#include <string.h>

void* sbrk(ptrdiff_t bytes);
#define _sbrk_r(bytes) sbrk(bytes)
