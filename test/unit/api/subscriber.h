/*
 * subscriber.h: a customer with a line, made through the API; what tests of money begin with.
 */
#ifndef SUBSCRIBER_H
#define SUBSCRIBER_H

#include "ask.h"

/* A customer on a package; the name on the router is new. */
struct subscriber {
	const char *customer, *package, *username, *id, *path;
};

static inline const char *
id_of(struct answer a)
{
	return text(&a, "id");
}

static inline const char *
package(int64_t price)
{
	return id_of(want(201, "POST", "/api/packages",
	    FMT("{\"name\":\"P %s\",\"bandwidth\":\"10M/10M\",\"price\":%" PRId64 "}",
		crypt_token(&ask.cx, 10), price)));
}

/* Days that are paid for elsewhere, unless `more` asks for a bill. */
static inline struct subscriber
sign_up(const char *more)
{
	static const char *const dates =
	    ",\"start_date\":\"2026-03-02\",\"end_date\":\"2026-03-31\"";
	struct subscriber s = { .username = crypt_token(&ask.cx, 10) };

	s.customer = id_of(want(201, "POST", "/api/customers", "{\"name\":\"Citra\"}"));
	s.package = package(150000);
	s.id = id_of(want(201, "POST", "/api/subscriptions",
	    FMT("{\"customer_id\":\"%s\",\"package_id\":\"%s\",\"mikrotik_username\":\"%s\","
		"\"mikrotik_password\":\"kata sandi\"%s}",
		s.customer, s.package, s.username, *more != '\0' ? more : dates)));
	s.path = FMT("/api/subscriptions/%s", s.id);
	return s;
}

static inline const char *
only_invoice(const struct subscriber *s)
{
	struct answer a = want(200, "GET", FMT("/api/invoices?subscription_id=%s", s->id), NULL);
	const cJSON *rows = cJSON_GetObjectItem(a.json, "data");

	assert_int_equal(cJSON_GetArraySize(rows), 1);
	return cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetArrayItem(rows, 0), "id"));
}

static inline const char *
nested(const struct answer *a, const char *outer, const char *name)
{
	struct answer in = { .json = cJSON_GetObjectItem(a->json, outer) };

	assert_non_null(in.json);
	return text(&in, name);
}

#endif
