/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Books that several cores read and write under a lock. They are shared data: reached through the view that
 * platform_shared_get() gives, and committed after every access, reads included, because a core that keeps a copy would
 * miss what the next one writes.
 */

#include "platform.h"

#define BOOK_GET(field) \
  ({ \
    __typeof__(field) book_value_ = *(volatile __typeof__(field)*)&(field); \
    platform_shared_commit(&(field), sizeof(field)); \
    book_value_; \
  })

#define BOOK_SET(field, value) \
  do { \
    *(volatile __typeof__(field)*)&(field) = (value); \
    platform_shared_commit(&(field), sizeof(field)); \
  } while (0)

/* Memory is handed out in whole cache lines, so that no block shares one with another block or with the books. */
#define SMALLEST_UNIT (PLATFORM_DCACHE_LINE > 64 ? PLATFORM_DCACHE_LINE : 64)
