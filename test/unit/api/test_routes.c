/*
 * The route table against its golden file, and the description against the
 * table: routes.c and openapi.c.
 */
#include <stdio.h>

#include "ask.h"

static const char golden_path[] = "test/unit/api/routes.golden";
static const char openapi_path[] = "test/unit/api/openapi.golden.json";

static const char *
file_text(const char *path)
{
	FILE *f = fopen(path, "r");
	struct sb s = sb_new(ask.cx.mem);
	char buf[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		sb_add(&s, buf, n);
	(void)fclose(f);
	return s.buf;
}

/* The golden files are written anew by GOLDEN=write make unit U=api/test_routes. */
static void
check_golden(const char *path, const char *now)
{
	const char *mode = getenv("GOLDEN");

	if (mode != NULL && strcmp(mode, "write") == 0) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		(void)fputs(now, f);
		(void)fclose(f);
	}
	if (strcmp(file_text(path), now) != 0)
		fail_msg("%s is not what the tables say: GOLDEN=write make unit U=api/test_routes, "
			 "and look at the diff",
		    path);
}

static const char *
perm_words(uint32_t perm)
{
	static const char *const words[] = { "viewer", "operator", "admin", "read", "billing",
		"network", "*" };
	struct sb s = sb_new(ask.cx.mem);

	for (size_t i = 0; i < countof(words); i++)
		if ((perm >> i & 1) != 0)
			sb_printf(&s, " %s", words[i]);
	return s.len == 0 ? " anybody" : s.buf;
}

static void
no_permission_is_lost(void **state)
{
	struct sb s = sb_new(ask.cx.mem);

	(void)state;
	for (size_t i = 0; i < api_nroutes; i++)
		sb_printf(&s, "%-6s %-42s %-8s%s\n", api_routes[i].method, api_routes[i].path,
		    http_pool_name(api_routes[i].pool), perm_words(api_routes[i].perm));
	check_golden(golden_path, s.buf);
}

/* The pools and limits of nginx are those of the routes. */
static void
nginx_has_every_pool(void **state)
{
	struct sb s = sb_new(ask.cx.mem);

	(void)state;
	nginx_print(&s);
	check_golden("test/unit/api/nginx.golden", s.buf);
}

static void
description_is_current(void **state)
{
	cJSON *doc = cJSON_Parse(openapi_json(&ask.cx));
	char *text_now;

	(void)state;
	assert_non_null(doc);
	text_now = cJSON_Print(doc);
	check_golden(openapi_path, FMT("%s\n", text_now));
	cJSON_free(text_now);
	cJSON_Delete(doc);
}

static bool
is_route(const char *method, const char *path)
{
	char *plain = arena_strdup(ask.cx.mem, path), *to = plain;

	for (const char *c = path; *c != '\0'; c++)
		if (*c != '}')
			*to++ = *c == '{' ? ':' : *c;
	*to = '\0';
	for (size_t i = 0; i < api_nroutes; i++)
		if (strcasecmp(api_routes[i].method, method) == 0 &&
		    strcmp(api_routes[i].path, plain) == 0)
			return true;
	print_error("described, but not routed: %s %s\n", method, path);
	return false;
}

static void
described_and_routed_addresses_are_the_same(void **state)
{
	cJSON *doc = cJSON_Parse(file_text(openapi_path));
	const cJSON *path, *op;
	size_t described = 0;

	(void)state;
	assert_non_null(doc);
	cJSON_ArrayForEach (path, cJSON_GetObjectItemCaseSensitive(doc, "paths"))
		cJSON_ArrayForEach (op, path) {
			assert_true(is_route(op->string, path->string));
			assert_true(
			    strlen(cJSON_GetStringValue(cJSON_GetObjectItem(op, "summary"))) > 5);
			described++;
		}
	assert_int_equal(described, api_nroutes);
	cJSON_Delete(doc);
}

/* A write by anybody, or a read that needs no token, is one of these and no other. */
static void
little_is_public(void **state)
{
	static const char *const public[] = { "GET /api/health", "GET /api/openapi.json",
		"POST /api/login", "POST /api/auth/login", "POST /api/auth/register",
		"POST /api/auth/forgot", "POST /api/auth/reset", "GET /api/public/invoices/:id",
		"GET /api/public/invoices/:id/pdf", "GET /api/public/isolir",
		"GET /api/public/company", "GET /api/public/logo", "POST /api/midtrans/snap-token",
		"POST /api/midtrans/notification", "POST /api/midtrans/webhook" };

	(void)state;
	for (size_t i = 0; i < api_nroutes; i++) {
		const char *name = FMT("%s %s", api_routes[i].method, api_routes[i].path);
		bool listed = false;

		for (size_t j = 0; j < countof(public); j++)
			listed = listed || strcmp(public[j], name) == 0;
		assert_int_equal(api_routes[i].perm == 0, listed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_permission_is_lost),
		cmocka_unit_test(nginx_has_every_pool),
		cmocka_unit_test(description_is_current),
		cmocka_unit_test(described_and_routed_addresses_are_the_same),
		cmocka_unit_test(little_is_public),
	};

	ask.cx.mem = arena_new(65536);
	return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
