/*
 * Every address of routes.c with what it must refuse: a body that repeats a name, a parameter of
 * the query that is not of its form, and a good body for a row that nobody has.
 */
#include "ask.h"

static struct answer
ask_route(const struct route *route, const char *query, const char *body)
{
	const bool has_body = strcmp(route->method, "GET") != 0;

	return ask_it(route->method, FMT("%s%s", address_with(route, nowhere), query),
	    has_body ? body : NULL);
}

static void
is_answered(const struct route *route, const struct answer *a, int status)
{
	if (a->status != status)
		fail_msg("%s %s: %d %s", route->method, route->path, a->status, a->body);
}

/* Midtrans is off here, and says so first. */
static bool
is_of_midtrans(const struct route *route)
{
	return strncmp(route->path, "/api/midtrans/", 14) == 0;
}

static bool
takes_a_body(const struct route *route)
{
	if (route->file || is_of_midtrans(route))
		return false;
	return route->verb == crud_create || route->verb == crud_update ||
	       (route->op != NULL && route->op->fields != NULL);
}

static void
a_body_that_repeats_a_name_is_refused(void **state)
{
	(void)state;
	for (const struct route *r = api_routes; r < api_routes + api_nroutes; r++) {
		struct answer a;

		if (!takes_a_body(r))
			continue;
		a = ask_route(r, "", "{\"x\":1,\"x\":2}");
		if (strcmp(r->path, "/api/auth/register") == 0) {
			is_answered(r, &a, 403); /* nobody may register any more */
			continue;
		}
		is_answered(r, &a, 400);
		if (strstr(a.body, "The body names \\\"x\\\" twice.") == NULL)
			fail_msg("%s %s: %s", r->method, r->path, a.body);
	}
}

/* Addresses of passwords refuse for their own reasons first. */
static bool
reads_fields_first(const struct route *route)
{
	return takes_a_body(route) && route->op != NULL &&
	       strncmp(route->path, "/api/auth/", 10) != 0;
}

static void
a_field_of_another_form_is_refused(void **state)
{
	(void)state;
	for (const struct route *r = api_routes; r < api_routes + api_nroutes; r++)
		for (size_t i = 0; reads_fields_first(r) && i < r->op->nfields; i++) {
			const struct field *f = &r->op->fields[i];
			struct answer a;

			if (!(f->flags & (unsigned)r->op->flag) || f->type > FT_LIST)
				continue;
			a = ask_route(r, "", FMT("{\"%s\":{}}", f->name));
			is_answered(r, &a, 422);
			if (!names(&a, f->name))
				fail_msg("%s %s: %s", r->method, r->path, a.body);
		}
}

/* A parameter without which another one would be refused first. */
static const char *
beside(const char *path)
{
	if (strcmp(path, "/api/mikrotik/interface-traffic") == 0)
		return "&interface=ether1";
	return strcmp(path, "/api/mikrotik/user-detail") == 0 ? "&username=u" : "";
}

/* Those of a customer, who is looked up first, are of the form of those of the other reports. */
static bool
has_parameters(const struct route *route)
{
	return route->op != NULL && !route->file &&
	       strcmp(route->path, "/api/customers/:id/statement") != 0;
}

/* The least that an address takes where that is not {}. */
static const char *
good_body(const struct route *route)
{
	static const struct {
		const char *path, *body;
	} bodies[] = {
		{ "/api/customers/:id/credits", "{\"amount\":1,\"reason\":\"r\"}" },
		{ "/api/customers/:id/charges", "{\"text\":\"t\",\"amount\":1}" },
		{ "/api/subscriptions/:id/days", "{\"days\":1}" },
		{ "/api/subscriptions/:id/prepay", "{\"periods\":2}" },
		{ "/api/subscriptions/:id/items",
		    "{\"kind\":\"item\",\"text\":\"t\",\"amount\":1}" },
		{ "/api/payments/:id/refund", "{\"amount\":1}" },
		{ "/api/payments", "{\"amount\":1}" },
	};

	for (size_t i = 0; i < countof(bodies); i++)
		if (strcmp(bodies[i].path, route->path) == 0)
			return bodies[i].body;
	if (strcmp(route->name, "subscription_change") == 0)
		return FMT("{\"package_id\":\"%s\"}", nowhere);
	return "{}";
}

static void
a_parameter_of_another_form_is_refused(void **state)
{
	(void)state;
	for (const struct route *r = api_routes; r < api_routes + api_nroutes; r++)
		for (size_t i = 0; has_parameters(r) && i < r->op->nparams; i++) {
			const struct field *f = &r->op->params[i];
			struct answer a;

			if (f->type == FT_TEXT && f->among == NULL)
				continue;
			a = ask_route(r, FMT("?%s=~%s", f->name, beside(r->path)), good_body(r));
			is_answered(r, &a, 422);
			if (!names(&a, f->name))
				fail_msg("%s %s: %s", r->method, r->path, a.body);
		}
}

static void
a_good_body_for_a_row_that_nobody_has_is_refused(void **state)
{
	(void)state;
	for (const struct route *r = api_routes; r < api_routes + api_nroutes; r++) {
		struct answer a;

		if (strchr(r->path, ':') == NULL || is_of_midtrans(r))
			continue;
		a = ask_route(r, "", good_body(r));
		is_answered(r, &a, 404);
	}
}

/* A key of 256 characters. */
static void
a_key_that_is_too_long_is_refused(void **state)
{
	(void)state;
	ask.key = FMT("%0256d", 7);
	for (const struct route *r = api_routes; r < api_routes + api_nroutes; r++) {
		struct answer a;

		if (r->op == NULL || !r->op->keyed || is_of_midtrans(r))
			continue;
		a = ask_route(r, "", good_body(r));
		is_answered(r, &a, 422);
		if (!names(&a, "Idempotency-Key"))
			fail_msg("%s %s: %s", r->method, r->path, a.body);
	}
	ask.key = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ASK_TEST(a_body_that_repeats_a_name_is_refused),
		ASK_TEST(a_field_of_another_form_is_refused),
		ASK_TEST(a_parameter_of_another_form_is_refused),
		ASK_TEST(a_good_body_for_a_row_that_nobody_has_is_refused),
		ASK_TEST(a_key_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests_name("bodies", tests, ask_open, ask_close);
}
