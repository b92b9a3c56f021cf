#include "unit.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"

static struct arena *mem;

static int
setup(void **state)
{
	(void)state;
	mem = arena_new(1024);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_freep(&mem);
	return 0;
}

/* Also what an earlier round has written on. */
static void
gives_zeros_round_after_round(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t n = 1; n < 5000; n *= 3) {
			char *p = arena_alloc(mem, n);

			for (size_t i = 0; i < n; i++)
				assert_int_equal(p[i], 0);
			memset(p, 'x', n);
		}
		arena_reset(mem);
	}
}

static void
pieces_are_aligned_and_apart(void **state)
{
	char *pieces[200];

	(void)state;
	for (size_t i = 0; i < countof(pieces); i++) {
		pieces[i] = arena_alloc(mem, i + 1);
		assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		memset(pieces[i], (int)i, i + 1);
	}
	for (size_t i = 0; i < countof(pieces); i++)
		for (size_t j = 0; j <= i; j++)
			assert_int_equal((unsigned char)pieces[i][j], i);
}

static char order[8];

static void
note(void *letter)
{
	size_t n = strlen(order);

	order[n] = *(char *)letter;
	order[n + 1] = '\0';
}

static void
releases_run_once_newest_first(void **state)
{
	(void)state;
	order[0] = '\0';
	arena_defer(mem, note, (char[]){ 'a' });
	arena_defer(mem, note, (char[]){ 'b' });
	arena_reset(mem);
	assert_string_equal(order, "ba");
	arena_reset(mem);
	assert_string_equal(order, "ba");
}

static void
the_end_releases_too(void **state)
{
	struct arena *own = arena_new(64);

	(void)state;
	order[0] = '\0';
	arena_defer(own, note, (char[]){ 'a' });
	arena_free(own);
	assert_string_equal(order, "a");
	arena_free(NULL);
}

/* Memory that a release points at is still there when it runs: db.c rolls back from one. */
static void
look(void *text)
{
	memcpy(order, text, sizeof(order));
}

static void
releases_find_their_memory(void **state)
{
	(void)state;
	arena_defer(mem, look, arena_strdup(mem, "present"));
	arena_reset(mem);
	assert_string_equal(order, "present");
}

static void
prints_and_copies_of_any_length(void **state)
{
	char text[3000];

	(void)state;
	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_string_equal(arena_printf(mem, "%s", text), text);
	assert_string_equal(arena_strdup(mem, text), text);
	assert_string_equal(arena_printf(mem, "%d-%s", 7, ""), "7-");
	assert_string_equal(arena_strdup(mem, ""), "");
	assert_null(arena_strdup(mem, NULL));
}

/* A small piece among others is copied; a large one keeps its text while it grows, and pieces made
 * meanwhile stay as they are. */
static void
a_piece_grows(void **state)
{
	size_t had = 16;
	char *p = arena_alloc(mem, had), *others[12];

	(void)state;
	memset(p, 'g', had);
	for (size_t i = 0; i < countof(others); i++) {
		others[i] = arena_printf(mem, "other %zu", i);
		p = arena_grow(mem, p, had, had, 2 * had);
		for (size_t k = 0; k < had; k++)
			assert_int_equal(p[k], 'g');
		memset(p, 'g', 2 * had);
		had *= 2;
	}
	for (size_t i = 0; i < countof(others); i++)
		assert_string_equal(others[i], arena_printf(mem, "other %zu", i));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(gives_zeros_round_after_round),
		CASE(pieces_are_aligned_and_apart),
		CASE(releases_run_once_newest_first),
		CASE(the_end_releases_too),
		CASE(releases_find_their_memory),
		CASE(prints_and_copies_of_any_length),
		CASE(a_piece_grows),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
