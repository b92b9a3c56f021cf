/* order.c: see order.h. */
#include "midtrans/order.h"

#include <ctype.h>
#include <string.h>

#include "base/crypt.h"
#include "base/jw.h"

enum { ADDRESS_MAX = 254, LOCAL_MAX = 64, LABEL_MAX = 63 }; /* of e-mail */

const char *
midtrans_order_id(struct ctx *cx, const char *number, int64_t attempt)
{
	char *end = arena_strdup(cx->mem, crypt_token(cx, 4));

	for (char *p = end; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return arena_printf(cx->mem, "%s-%lld-%s", number, (long long)attempt, end);
}

const char *
midtrans_name(struct ctx *cx, const char *s, size_t max)
{
	size_t n = strlen(s);
	char *to;

	if (n > max) {
		n = max;
		while (n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80)
			n--;
	}
	to = arena_printf(cx->mem, "%.*s", (int)n, s);
	for (char *p = to; *p != '\0'; p++)
		if (*p == '|' || (unsigned char)*p < 0x20 || *p == 0x7F)
			*p = ' ';
	return to;
}

/* Midtrans refuses empty members, not absent ones. */
static void
put_text(struct jw *w, const char *key, const char *val, size_t max, struct ctx *cx)
{
	if (val != NULL && val[0] != '\0')
		jw_str(w, key, midtrans_name(cx, val, max));
}

/* A part between the dots of an address: letters, digits and some more. */
struct part {
	size_t max;
	const char *edge, *within; /* anywhere; anywhere but first and last */
};

static bool
is_of(char c, const char *more)
{
	return isalnum((unsigned char)c) || strchr(more, c) != NULL;
}

/* 0: some part of s is malformed. */
static size_t
count_parts(const char *s, size_t len, const struct part *p)
{
	size_t parts = 0, n;

	for (const char *end = s + len; s <= end; s += n + 1, parts++) {
		for (n = 0; s + n < end && s[n] != '.'; n++)
			if (!is_of(s[n], p->edge) && !is_of(s[n], p->within))
				return 0;
		if (n == 0 || n > p->max || !is_of(s[0], p->edge) || !is_of(s[n - 1], p->edge))
			return 0;
	}
	return parts;
}

/* Midtrans refuses a whole order for a malformed address, so this is stricter than the RFC. */
static bool
is_email(const char *s)
{
	static const struct part name = { LOCAL_MAX, "!#$%&*+/=?^_{|}~-", "" };
	static const struct part label = { LABEL_MAX, "", "-" };
	const char *a = s != NULL ? strchr(s, '@') : NULL;

	return a != NULL && strlen(s) <= ADDRESS_MAX && a - s <= LOCAL_MAX &&
	       count_parts(s, (size_t)(a - s), &name) > 0 &&
	       count_parts(a + 1, strlen(a + 1), &label) > 1;
}

static void
put_customer(struct ctx *cx, struct jw *w, const struct midtrans_order *o)
{
	jw_obj(w, "customer_details");
	put_text(w, "first_name", o->customer, 255, cx);
	if (is_email(o->email))
		jw_str(w, "email", o->email);
	put_text(w, "phone", o->phone, 255, cx);
	jw_end(w);
}

static void
put_items(struct ctx *cx, struct jw *w, const struct midtrans_order *o)
{
	jw_arr(w, "item_details");
	for (size_t i = 0; i < o->nitems; i++) {
		jw_obj(w, NULL);
		jw_str(w, "id", midtrans_name(cx, o->items[i].id, MIDTRANS_NAME_MAX));
		jw_i64(w, "price", o->items[i].price);
		jw_i64(w, "quantity", o->items[i].quantity);
		jw_str(w, "name", midtrans_name(cx, o->items[i].name, MIDTRANS_NAME_MAX));
		jw_end(w);
	}
	jw_end(w);
}

/*
 * expiry ends each way to pay, counted from start_time; page_expiry ends the
 * page, which would live for a day otherwise, counted from its creation.
 */
static void
put_times(struct jw *w, const struct midtrans_order *o)
{
	jw_obj(w, "expiry");
	jw_str(w, "start_time", o->start_time);
	jw_i64(w, "duration", o->minutes);
	jw_str(w, "unit", "minutes");
	jw_end(w);
	jw_obj(w, "page_expiry");
	jw_i64(w, "duration", o->minutes);
	jw_str(w, "unit", "minutes");
	jw_end(w);
}

static void
put_options(struct jw *w, const struct midtrans_order *o)
{
	jw_obj(w, "credit_card");
	jw_bool(w, "secure", true);
	jw_end(w);
	jw_obj(w, "callbacks");
	jw_str(w, "finish", o->finish);
	jw_end(w);
	put_times(w, o);
	jw_str(w, "custom_field1", o->invoice_id);
	if (o->enabled != NULL)
		jw_raw(w, "enabled_payments", o->enabled);
}

const char *
midtrans_snap_body(struct ctx *cx, const struct midtrans_order *o)
{
	struct sb s = sb_new(cx->mem);
	struct jw w = jw_new(&s);

	jw_obj(&w, NULL);
	jw_obj(&w, "transaction_details");
	jw_str(&w, "order_id", o->order_id);
	jw_i64(&w, "gross_amount", o->amount);
	jw_end(&w);
	put_items(cx, &w, o);
	put_customer(cx, &w, o);
	put_options(&w, o);
	jw_end(&w);
	return s.buf;
}
