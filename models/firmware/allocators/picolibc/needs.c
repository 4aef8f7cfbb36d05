/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the linker take from the library what configs/allocators/picolibc.yaml calls: nothing else in the image does. */
#include <malloc.h>
#include <stdlib.h>

void *const picolibc_functions[] = {malloc, calloc, realloc, memalign, free};
