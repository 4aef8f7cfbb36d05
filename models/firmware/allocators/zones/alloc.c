/* SPDX-License-Identifier: Apache-2.0 */
#include "alloc.h"

#include <string.h>

#include "power.h"
#include "spinlock.h"

/*
 * Bookkeeping of a row of blocks: two bits a block. `used` says that the block is taken, `head` that an allocation begins
 * there; a run of blocks ends before the next head or free block. Both arrays are shared data.
 */
struct block_map {
	uintptr_t base;
	uint32_t block_bytes;
	uint32_t count;
	uint32_t free_count;
	uint32_t first_free_word; /* no word before it has a free block */
	uint32_t *used;
	uint32_t *head;
};

struct mm_heap {
	uintptr_t base;
	uint32_t bytes;
	uint32_t zone;
	uint32_t core;
	uint32_t caps;
	uint32_t used;
	uint32_t peak;
	uint32_t failed;
	uint32_t map_count; /* 0: bump heap, `used` is the offset of its free space */
	struct block_map map[BOOT_MAX_MAPS];
} __attribute__((aligned(PLATFORM_DCACHE_LINE)));

struct mm {
	spinlock_t lock;
	uint32_t heap_count __attribute__((aligned(PLATFORM_DCACHE_LINE)));
	struct mm_heap heap[BOOT_MAX_HEAPS];
};

static struct mm SHARED_DATA mm_storage;

static struct mm *mm_get(void) { return platform_shared_get(&mm_storage, sizeof(mm_storage)); }

static uintptr_t align_up(uintptr_t value, uintptr_t alignment) { return (value + alignment - 1) & ~(alignment - 1); }

static bool bit(const uint32_t *words, uint32_t index) { return words[index / 32] >> (index % 32) & 1; }

static uint32_t lowest_bit(uint32_t word) { return (uint32_t)__builtin_ctz(word); }

/* ---- Block maps: the caller holds the lock ---- */

/* The bits of `word` that stand for blocks of this map. */
static uint32_t word_mask(const struct block_map *map, uint32_t word)
{
	uint32_t rest = map->count - word * 32;

	return rest >= 32 ? ~0u : (1u << rest) - 1;
}

static void map_mark(struct block_map *map, uint32_t first, uint32_t count, bool taken)
{
	uint32_t end = first + count;
	uint32_t word = first / 32;

	for (; word * 32 < end; word++) {
		uint32_t low = word * 32 < first ? first % 32 : 0;
		uint32_t high = end - word * 32 < 32 ? end - word * 32 : 32;
		uint32_t bits = (high == 32 ? ~0u : (1u << high) - 1) & ~((1u << low) - 1);

		map->used[word] = taken ? map->used[word] | bits : map->used[word] & ~bits;
		map->head[word] &= ~bits;
	}
	if (taken) {
		map->head[first / 32] |= 1u << (first % 32);
		map->free_count -= count;
	} else {
		map->free_count += count;
		if (first / 32 < map->first_free_word)
			map->first_free_word = first / 32;
	}
	word = first / 32;
	platform_shared_commit(&map->used[word], ((end - 1) / 32 - word + 1) * 4);
	platform_shared_commit(&map->head[word], ((end - 1) / 32 - word + 1) * 4);
}

/* Where an object lies that starts in block `index`, honouring its alignment. */
static uintptr_t aligned_start(const struct block_map *map, uint32_t index, uintptr_t alignment)
{
	return align_up(map->base + (uintptr_t)index * map->block_bytes, alignment);
}

/* One block that holds `bytes`; its index, or `count` when there is none. */
static uint32_t map_find_single(struct block_map *map, uint32_t bytes, uintptr_t alignment)
{
	uint32_t words = (map->count + 31) / 32;
	bool seen_free = false;

	for (uint32_t word = map->first_free_word; word < words; word++) {
		uint32_t free = ~map->used[word] & word_mask(map, word);

		if (free && !seen_free) {
			map->first_free_word = word;
			seen_free = true;
		}
		for (; free; free &= free - 1) {
			uint32_t index = word * 32 + lowest_bit(free);

			if (aligned_start(map, index, alignment) + bytes <= map->base + (uintptr_t)(index + 1) * map->block_bytes)
				return index;
		}
	}
	return map->count;
}

/* A run of free blocks that holds `bytes`; sets *blocks to its length. */
static uint32_t map_find_run(struct block_map *map, uint32_t bytes, uintptr_t alignment, uint32_t *blocks)
{
	uint32_t start = map->first_free_word * 32;

	while (start < map->count) {
		uint32_t need, have = 0;

		if (bit(map->used, start)) {
			/* Skip whole words of taken blocks. */
			start = start % 32 == 0 && map->used[start / 32] == ~0u ? start + 32 : start + 1;
			continue;
		}
		need = (uint32_t)((aligned_start(map, start, alignment) + bytes - (map->base + (uintptr_t)start * map->block_bytes) +
				   map->block_bytes - 1) / map->block_bytes);
		while (have < need && start + have < map->count && !bit(map->used, start + have))
			have++;
		if (have == need) {
			*blocks = need;
			return start;
		}
		/* A start further right in the same run may need fewer blocks for its alignment. */
		start += alignment > map->block_bytes ? 1 : have;
	}
	return map->count;
}

static uint32_t map_run_length(const struct block_map *map, uint32_t first)
{
	uint32_t length = 1;

	while (first + length < map->count && bit(map->used, first + length) && !bit(map->head, first + length))
		length++;
	return length;
}

static uint32_t map_largest_run(const struct block_map *map)
{
	uint32_t best = 0, run = 0;

	for (uint32_t index = 0; index < map->count; index++) {
		run = bit(map->used, index) ? 0 : run + 1;
		if (run > best)
			best = run;
	}
	return best;
}

/* ---- Heaps: the caller holds the lock ---- */

static void heap_account(struct mm_heap *heap, uint32_t used)
{
	heap->used = used;
	if (used > heap->peak)
		heap->peak = used;
}

static void *block_heap_alloc(struct mm_heap *heap, uint32_t bytes, uintptr_t alignment)
{
	struct block_map *map = NULL;
	uint32_t index = 0, blocks = 1;

	for (uint32_t i = 0; i < heap->map_count; i++) {
		map = &heap->map[i];
		if (map->block_bytes < bytes || map->free_count == 0)
			continue;
		index = map_find_single(map, bytes, alignment);
		if (index < map->count)
			goto found;
	}
	/* Larger than any block, or none is free: neighbours in the map of the largest blocks. */
	map = &heap->map[heap->map_count - 1];
	if ((uint64_t)map->free_count * map->block_bytes < bytes)
		return NULL;
	index = map_find_run(map, bytes, alignment, &blocks);
	if (index == map->count)
		return NULL;
found:
	map_mark(map, index, blocks, true);
	pm_blocks_get(map->base + (uintptr_t)index * map->block_bytes, (size_t)blocks * map->block_bytes);
	heap_account(heap, heap->used + blocks * map->block_bytes);
	return (void *)aligned_start(map, index, alignment);
}

static void *bump_heap_alloc(struct mm_heap *heap, uint32_t bytes, uintptr_t alignment)
{
	uintptr_t start = align_up(heap->base + heap->used, alignment);

	if (bytes > heap->bytes || start + bytes > heap->base + heap->bytes)
		return NULL;
	/* The next object starts on a line of its own. */
	heap_account(heap, (uint32_t)(align_up(start + bytes, alignment) - heap->base));
	if (heap->used > heap->bytes)
		heap->used = heap->peak = heap->bytes;
	return (void *)start;
}

static void *heap_alloc(struct mm_heap *heap, uint32_t bytes, uintptr_t alignment)
{
	void *ptr = heap->map_count ? block_heap_alloc(heap, bytes, alignment) : bump_heap_alloc(heap, bytes, alignment);

	if (!ptr)
		heap->failed++;
	return ptr;
}

static struct mm_heap *heap_of_address(struct mm *mm, uintptr_t address)
{
	for (uint32_t i = 0; i < mm->heap_count; i++)
		if (address - mm->heap[i].base < mm->heap[i].bytes)
			return &mm->heap[i];
	return NULL;
}

/* Heaps of one zone differ by owner and capabilities; a heap serves a request when it has all capabilities asked for. */
static bool heap_serves(const struct mm_heap *heap, enum mem_zone zone, uint32_t core, uint32_t caps)
{
	bool per_core = zone == SOF_MEM_ZONE_SYS || zone == SOF_MEM_ZONE_SYS_RUNTIME;

	return heap->zone == (uint32_t)zone && (!per_core || heap->core == core) && (heap->caps & caps) == caps;
}

static bool zone_exists(struct mm *mm, enum mem_zone zone)
{
	for (uint32_t i = 0; i < mm->heap_count; i++)
		if (mm->heap[i].zone == (uint32_t)zone)
			return true;
	return false;
}

static void *zone_alloc(struct mm *mm, enum mem_zone zone, uint32_t core, uint32_t caps, uint32_t bytes, uintptr_t alignment)
{
	void *ptr = NULL;

	for (uint32_t i = 0; i < mm->heap_count && !ptr; i++) {
		struct mm_heap *heap = &mm->heap[i];

		if (heap_serves(heap, zone, core, caps))
			ptr = heap_alloc(heap, bytes, alignment);
		platform_shared_commit(heap, sizeof(*heap));
	}
	return ptr;
}

/* ---- Interface ---- */

static void *allocate(enum mem_zone zone, uint32_t core, uint32_t flags, uint32_t caps, size_t bytes, size_t alignment)
{
	struct mm *mm = mm_get();
	bool shared = (flags & SOF_MEM_FLAG_SHARED) || zone == SOF_MEM_ZONE_RUNTIME_SHARED || zone == SOF_MEM_ZONE_SYS_SHARED;
	void *ptr = NULL;
	uint32_t irq;

	if (bytes == 0 || bytes > UINT32_MAX / 2)
		return NULL;
	if (alignment < PLATFORM_ALLOC_ALIGN)
		alignment = PLATFORM_ALLOC_ALIGN;
	if (shared || zone == SOF_MEM_ZONE_SYS) {
		/* Lines of their own: nobody else's cache may hold part of them. */
		bytes = align_up(bytes, PLATFORM_DCACHE_LINE);
		if (alignment < PLATFORM_DCACHE_LINE)
			alignment = PLATFORM_DCACHE_LINE;
	}

	irq = spin_lock_irq(&mm->lock);
	if (shared && zone == SOF_MEM_ZONE_RUNTIME && zone_exists(mm, SOF_MEM_ZONE_RUNTIME_SHARED))
		zone = SOF_MEM_ZONE_RUNTIME_SHARED;
	ptr = zone_alloc(mm, zone, core, caps, (uint32_t)bytes, alignment);
	/* What the runtime heaps cannot hold goes to the buffer zone. */
	if (!ptr && (zone == SOF_MEM_ZONE_RUNTIME || zone == SOF_MEM_ZONE_RUNTIME_SHARED))
		ptr = zone_alloc(mm, SOF_MEM_ZONE_BUFFER, core, caps, (uint32_t)bytes, alignment);
	platform_shared_commit(&mm->heap_count, sizeof(mm->heap_count));
	spin_unlock_irq(&mm->lock, irq);

	if (!ptr && zone == SOF_MEM_ZONE_SYS)
		panic("system heap exhausted");
	return ptr && shared ? platform_shared_get(ptr, bytes) : ptr;
}

static void *zeroed(void *ptr, size_t bytes, bool shared)
{
	if (ptr) {
		memset(ptr, 0, bytes);
		if (shared)
			platform_shared_commit(ptr, bytes);
	}
	return ptr;
}

void *rmalloc(enum mem_zone zone, uint32_t flags, uint32_t caps, size_t bytes)
{
	return allocate(zone, cpu_get_id(), flags, caps, bytes, 0);
}

void *rzalloc(enum mem_zone zone, uint32_t flags, uint32_t caps, size_t bytes)
{
	bool shared = (flags & SOF_MEM_FLAG_SHARED) || zone >= SOF_MEM_ZONE_RUNTIME_SHARED;

	return zeroed(rmalloc(zone, flags, caps, bytes), bytes, shared);
}

void *rzalloc_core_sys(uint32_t core, size_t bytes)
{
	return zeroed(allocate(SOF_MEM_ZONE_SYS, core, 0, 0, bytes, 0), bytes, core != cpu_get_id());
}

void *rballoc_align(uint32_t flags, uint32_t caps, size_t bytes, size_t alignment)
{
	return allocate(SOF_MEM_ZONE_BUFFER, cpu_get_id(), flags, caps, bytes, alignment);
}

void *rballoc(uint32_t flags, uint32_t caps, size_t bytes) { return rballoc_align(flags, caps, bytes, 0); }

void *rbrealloc_align(void *ptr, uint32_t flags, uint32_t caps, size_t bytes, size_t old_bytes, size_t alignment)
{
	void *moved;

	if (!ptr)
		return rballoc_align(flags, caps, bytes, alignment);
	moved = rballoc_align(flags, caps, bytes, alignment);
	if (!moved)
		return NULL;
	memcpy(moved, ptr, old_bytes < bytes ? old_bytes : bytes);
	if (flags & SOF_MEM_FLAG_SHARED) {
		platform_shared_commit(moved, bytes);
		platform_shared_commit(ptr, old_bytes);
	}
	rfree(ptr);
	return moved;
}

void *rbrealloc(void *ptr, uint32_t flags, uint32_t caps, size_t bytes, size_t old_bytes)
{
	return rbrealloc_align(ptr, flags, caps, bytes, old_bytes, 0);
}

void rfree(void *ptr)
{
	struct mm *mm = mm_get();
	uintptr_t address = (uintptr_t)platform_cached(ptr);
	struct mm_heap *heap;
	struct block_map *map = NULL;
	uint32_t irq, index, blocks;

	if (!ptr)
		return;
	irq = spin_lock_irq(&mm->lock);
	heap = heap_of_address(mm, address);
	if (!heap)
		panic("rfree: the address belongs to no heap");
	if (!heap->map_count)
		panic("rfree: system heap memory is never freed");
	for (uint32_t i = 0; i < heap->map_count && !map; i++)
		if (address - heap->map[i].base < (uintptr_t)heap->map[i].count * heap->map[i].block_bytes)
			map = &heap->map[i];
	if (!map)
		panic("rfree: the address lies behind the heap's last block");
	index = (uint32_t)((address - map->base) / map->block_bytes);
	/* An aligned object may start behind the head of its run. */
	while (index > 0 && bit(map->used, index) && !bit(map->head, index))
		index--;
	if (!bit(map->head, index))
		panic("rfree: the block is free already");
	blocks = map_run_length(map, index);
	/* No dirty line may outlive its object: evicted later, it would overwrite whoever has the memory then. */
	dcache_writeback_invalidate_region((void *)(map->base + (uintptr_t)index * map->block_bytes), blocks * map->block_bytes);
	map_mark(map, index, blocks, false);
	pm_blocks_put(map->base + (uintptr_t)index * map->block_bytes, (size_t)blocks * map->block_bytes);
	heap->used -= blocks * map->block_bytes;
	for (uint32_t i = 0; i < mm->heap_count; i++)
		platform_shared_commit(&mm->heap[i], sizeof(mm->heap[i]));
	platform_shared_commit(&mm->heap_count, sizeof(mm->heap_count));
	spin_unlock_irq(&mm->lock, irq);
}

static void heap_reset(struct mm_heap *heap)
{
	heap->used = 0;
	for (uint32_t i = 0; i < heap->map_count; i++) {
		struct block_map *map = &heap->map[i];
		uint32_t bytes = (map->count + 31) / 32 * 4;

		memset(map->used, 0, bytes);
		memset(map->head, 0, bytes);
		platform_shared_commit(map->used, bytes);
		platform_shared_commit(map->head, bytes);
		map->free_count = map->count;
		map->first_free_word = 0;
	}
}

void free_heap(enum mem_zone zone)
{
	struct mm *mm = mm_get();
	uint32_t core = cpu_get_id();
	uint32_t irq;

	if (core == 0)
		panic("free_heap: the primary core's heaps live as long as the system");
	if (zone != SOF_MEM_ZONE_SYS && zone != SOF_MEM_ZONE_SYS_RUNTIME)
		panic("free_heap: only heaps that belong to one core");
	irq = spin_lock_irq(&mm->lock);
	for (uint32_t i = 0; i < mm->heap_count; i++) {
		if (heap_serves(&mm->heap[i], zone, core, 0))
			heap_reset(&mm->heap[i]);
		platform_shared_commit(&mm->heap[i], sizeof(mm->heap[i]));
	}
	platform_shared_commit(&mm->heap_count, sizeof(mm->heap_count));
	spin_unlock_irq(&mm->lock, irq);
}

static uint32_t heap_largest_free(const struct mm_heap *heap)
{
	uint32_t best = 0;

	if (!heap->map_count)
		return heap->bytes - heap->used;
	for (uint32_t i = 0; i < heap->map_count; i++) {
		const struct block_map *map = &heap->map[i];

		if (i + 1 == heap->map_count)
			best = map_largest_run(map) * map->block_bytes > best ? map_largest_run(map) * map->block_bytes : best;
		else if (map->free_count && map->block_bytes > best)
			best = map->block_bytes;
		platform_shared_commit(map->used, (map->count + 31) / 32 * 4);
	}
	return best;
}

int heap_info(uint32_t index, struct mm_info *out)
{
	struct mm *mm = mm_get();
	uint32_t irq = spin_lock_irq(&mm->lock);
	bool known = index < mm->heap_count;

	if (known) {
		const struct mm_heap *heap = &mm->heap[index];

		out->size = heap->bytes;
		out->used = heap->used;
		out->peak = heap->peak;
		out->free = heap->bytes - heap->used;
		out->largest_free = heap_largest_free(heap);
		out->failed = heap->failed;
		out->zone = heap->zone;
		out->core = heap->core;
		out->base = (uint32_t)heap->base;
		platform_shared_commit(heap, sizeof(*heap));
	}
	platform_shared_commit(&mm->heap_count, sizeof(mm->heap_count));
	spin_unlock_irq(&mm->lock, irq);
	return known ? 0 : -1;
}

/* ---- Start-up ---- */

/* Bookkeeping is memory that will never be given up: it comes from core 0's system heap. */
static uint32_t *map_words(struct mm_heap *system, uint32_t words)
{
	uint32_t *storage = bump_heap_alloc(system, words * 4, PLATFORM_DCACHE_LINE);

	if (!storage)
		panic("mm_init: no room for block maps in the system heap");
	/* From here on it is shared data: nothing of it may stay in this cache. */
	memset(storage, 0, words * 4);
	dcache_writeback_invalidate_region(storage, words * 4);
	return platform_shared_get(storage, words * 4);
}

void mm_init(const struct boot_descriptor *boot)
{
	struct mm *mm = mm_get();
	struct mm_heap *system = NULL;

	if (boot->magic != BOOT_MAGIC || boot->version != BOOT_VERSION)
		panic("mm_init: boot descriptor of another version");
	mm->lock.held = 0;
	mm->heap_count = (uint32_t)boot->heap_count;
	for (uint32_t i = 0; i < boot->heap_count; i++) {
		const struct boot_heap *from = &boot->heap[i];
		struct mm_heap *heap = &mm->heap[i];

		memset(heap, 0, sizeof(*heap));
		heap->base = from->base;
		heap->bytes = (uint32_t)from->bytes;
		heap->zone = (uint32_t)from->zone;
		heap->core = (uint32_t)from->core;
		heap->caps = (uint32_t)from->caps;
		heap->map_count = (uint32_t)from->map_count;
		if (heap->zone == SOF_MEM_ZONE_SYS && heap->core == 0)
			system = heap;
	}
	if (!system)
		panic("mm_init: core 0 has no system heap");
	for (uint32_t i = 0; i < boot->heap_count; i++) {
		struct mm_heap *heap = &mm->heap[i];
		uintptr_t base = heap->base;

		for (uint32_t k = 0; k < heap->map_count; k++) {
			struct block_map *map = &heap->map[k];
			uint32_t words;

			map->base = base;
			map->block_bytes = (uint32_t)boot->heap[i].map[k].block_bytes;
			map->count = (uint32_t)boot->heap[i].map[k].count;
			map->free_count = map->count;
			words = (map->count + 31) / 32;
			map->used = map_words(system, words);
			map->head = map_words(system, words);
			base += (uintptr_t)map->count * map->block_bytes;
		}
	}
	platform_shared_commit(mm, sizeof(*mm));
	pm_manager_init(boot);
}
