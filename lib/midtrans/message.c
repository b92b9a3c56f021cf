/* message.c: see message.h. */
#include <cJSON.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/value.h"
#include "midtrans/message.h"

static const int64_t AMOUNT_MAX = 999999999999; /* DIGITS_MAX digits */
enum { DIGITS_MAX = 12, WORD_MAX = 64, LEVELS_MAX = 32, MEMBERS_MAX = 512, REFUNDS_MAX = 100 };

/* ---- small parts ----------------------------------------------------------------------------- */

bool
midtrans_amount(const char *s, int64_t *ret)
{
	size_t n = strspn(s, "0123456789"), zeros;

	if (n == 0 || n > DIGITS_MAX)
		return false;
	if (s[n] == '.') {
		zeros = strspn(s + n + 1, "0");
		if (zeros < 1 || zeros > 2 || s[n + 1 + zeros] != '\0')
			return false;
	} else if (s[n] != '\0') {
		return false;
	}
	*ret = strtoll(s, NULL, 10);
	return true;
}

/* Whole rupiah, or -1 where it is a number of something else; false: no number. */
static bool
read_amount(const char *s, int64_t *ret)
{
	size_t n = strspn(s, "0123456789"), more = 0;

	if (midtrans_amount(s, ret))
		return true;
	*ret = -1;
	if (n == 0 || n > DIGITS_MAX || s[n] != '.')
		return false;
	more = strspn(s + n + 1, "0123456789");
	return more > 0 && more <= DIGITS_MAX && s[n + 1 + more] == '\0';
}

static int
two(const char *s)
{
	return (s[0] - '0') * 10 + (s[1] - '0');
}

static int
month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

const char *
midtrans_time(struct ctx *cx, const char *s)
{
	static const char form[] = "dddd-dd-dd dd:dd:dd";
	int year, month;

	if (s == NULL || strlen(s) != sizeof(form) - 1)
		return NULL;
	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)s[i]) : s[i] != form[i])
			return NULL;
	year = two(s) * 100 + two(s + 2);
	month = two(s + 5);
	if (year < 1900 || month < 1 || month > 12 || two(s + 8) < 1 ||
	    two(s + 8) > month_days(year, month) || two(s + 11) > 23 || two(s + 14) > 59 ||
	    two(s + 17) > 59)
		return NULL;
	return arena_printf(cx->mem, "%s+07", s);
}

const char *
midtrans_method(const char *type)
{
	static const char *const map[][2] = { { "bank_transfer", "va" }, { "echannel", "va" },
		{ "credit_card", "card" }, { "qris", "qris" }, { "gopay", "gopay" },
		{ "shopeepay", "shopeepay" }, { "dana", "dana" }, { "ovo", "ovo" } };

	for (size_t i = 0; type != NULL && i < countof(map); i++)
		if (strcmp(map[i][0], type) == 0)
			return map[i][1];
	return "midtrans";
}

const char *
midtrans_signature(struct ctx *cx, const char *order_id, const char *status_code,
    const char *gross_amount, const char *server_key)
{
	return crypt_sha512_hex(cx,
	    arena_printf(cx->mem, "%s%s%s%s", order_id, status_code, gross_amount, server_key));
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A malformed notification is the sender's fault, a malformed answer is Midtrans': `bad`. */
struct reading {
	struct ctx *cx;
	const cJSON *body;
	struct json_span raw; /* its text */
	enum rc rc;           /* RC_OK until something is wrong */
	enum rc bad;
};

static struct json_span
whole(const char *raw)
{
	raw += strspn(raw, " \t\r\n");
	return (struct json_span){ raw, strlen(raw) };
}

static void
field_error(struct reading *r, const char *name, const char *what)
{
	if (r->rc == RC_OK)
		r->rc = FAIL(r->cx, r->bad, "The %s %s.", name, what);
}

/* A text of any kind; "": absent. */
static const char *
word(const cJSON *body, const char *name)
{
	const char *val = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, name));

	return val != NULL ? val : "";
}

/* A text of 1 to max bytes, or NULL; "" counts as absent. */
static const char *
text(struct reading *r, const char *name, size_t max)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(r->body, name);

	if (v == NULL || cJSON_IsNull(v))
		return NULL;
	if (!cJSON_IsString(v)) {
		field_error(r, name, "must be a text");
		return NULL;
	}
	if (strlen(v->valuestring) > max || utf8_has_control(v->valuestring, true))
		field_error(r, name, "is malformed");
	return v->valuestring[0] != '\0' ? v->valuestring : NULL;
}

static const char *
needed(struct reading *r, const char *name, size_t max)
{
	const char *val = text(r, name, max);

	if (val == NULL)
		field_error(r, name, "is required");
	return val != NULL ? val : "";
}

/* A value and its text: cJSON keeps numbers as doubles only. */
struct part {
	const cJSON *v;
	struct json_span raw;
};

/* A member; its text by its position among all of them. */
static struct part
member(struct ctx *cx, struct part parent, const char *name)
{
	const cJSON *found = cJSON_GetObjectItemCaseSensitive(parent.v, name);
	size_t max = (size_t)cJSON_GetArraySize(parent.v), n, i = 0;
	struct json_span *spans;

	if (found == NULL)
		return (struct part){ 0 };
	spans = arena_alloc(cx->mem, max * sizeof(*spans));
	json_children(parent.raw, spans, max, &n);
	for (const cJSON *v = parent.v->child; v != found; v = v->next)
		i++;
	return (struct part){ found, i < n ? spans[i] : (struct json_span){ 0 } };
}

static struct part
at(const struct reading *r, const char *const *path)
{
	struct part p = { r->body, r->raw };

	for (; *path != NULL; path++)
		p = member(r->cx, p, *path);
	return p;
}

/* Whole rupiah as a text or a number, which is read from its own text; 0 when it is neither. */
static int64_t
money(struct part p)
{
	int64_t n = 0;

	if (cJSON_IsString(p.v))
		return midtrans_amount(p.v->valuestring, &n) ? n : 0;
	if (!cJSON_IsNumber(p.v) || p.raw.len == 0 || !value_whole(p.raw.at, p.raw.len, &n))
		return 0;
	return n >= 1 && n <= AMOUNT_MAX ? n : 0;
}

static const char *
lower(struct ctx *cx, const char *s)
{
	char *to = arena_strdup(cx->mem, s);

	for (char *p = to; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return to;
}

/* A short text that is only shown to people: NULL where it is malformed; the message stands. */
static const char *
shown(const cJSON *row, const char *name)
{
	const char *val = word(row, name);

	if (val[0] == '\0' || strlen(val) > WORD_MAX || utf8_has_control(val, true))
		return NULL;
	return val;
}

/* The bank or the number of the first virtual account. */
static const char *
of_account(const struct reading *r, const char *name)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(r->body, "va_numbers");

	return shown(cJSON_GetArrayItem(list, 0), name);
}

/* The bank, shop or issuer. */
static const char *
bank_of(const struct reading *r)
{
	static const char *const names[] = { "bank", "store", "issuer", "acquirer" };
	const char *bank = of_account(r, "bank");

	if (bank == NULL && word(r->body, "permata_va_number")[0] != '\0')
		bank = "permata";
	for (size_t i = 0; bank == NULL && i < countof(names); i++)
		bank = shown(r->body, names[i]);
	return bank;
}

/* Mandiri's bill has two numbers: the biller's and its own. */
static const char *
pay_code_of(const struct reading *r)
{
	const char *biller = shown(r->body, "biller_code"), *bill = shown(r->body, "bill_key");
	const char *permata = shown(r->body, "permata_va_number");
	const char *number = of_account(r, "va_number");

	if (number != NULL)
		return number;
	if (biller != NULL && bill != NULL)
		return arena_printf(r->cx->mem, "%s %s", biller, bill);
	return permata != NULL ? permata : shown(r->body, "payment_code");
}

/* refund_key and refund_chargeback_id are both unique; the first is what we can choose. */
static const char *
refund_id(struct ctx *cx, struct part row)
{
	const char *key = word(row.v, "refund_key");
	struct part id = member(cx, row, "refund_chargeback_id");

	if (key[0] == '\0' && cJSON_IsNumber(id.v) && id.v->valuedouble >= 0)
		key = arena_printf(cx->mem, "%.*s", (int)id.raw.len, id.raw.at);
	else if (key[0] == '\0')
		key = word(row.v, "refund_chargeback_id");
	return key[0] != '\0' && strlen(key) <= MIDTRANS_ID_MAX ? key : NULL;
}

static int64_t
refund_amount(struct ctx *cx, struct part row)
{
	struct part p = member(cx, row, "refund_amount");

	return money(p.v != NULL ? p : member(cx, row, "amount"));
}

static void
read_refunds(struct reading *r, struct midtrans_message *m)
{
	static const char *const refunds[] = { "refunds", NULL },
				 *const total[] = { "refund_amount", NULL },
				 *const charged_back[] = { "refund_chargeback_amount", NULL };
	struct part list = at(r, refunds);
	struct json_span *rows = arena_alloc(r->cx->mem, REFUNDS_MAX * sizeof(*rows));
	const cJSON *v = cJSON_IsArray(list.v) ? list.v->child : NULL;
	size_t n;

	m->refund_total = money(at(r, total));
	m->charged_back_total = money(at(r, charged_back));
	m->refunds = arena_alloc(r->cx->mem, REFUNDS_MAX * sizeof(*m->refunds));
	if (list.v != NULL && !cJSON_IsArray(list.v))
		field_error(r, "refunds", "must be a list");
	json_children(list.raw, rows, REFUNDS_MAX, &n);
	for (size_t i = 0; i < n && v != NULL; i++, v = v->next) {
		struct part p = { v, rows[i] };
		struct midtrans_refund one = { refund_id(r->cx, p), refund_amount(r->cx, p) };

		if (one.id != NULL && one.amount > 0)
			m->refunds[m->nrefunds++] = one;
	}
}

static void
read_rest(struct reading *r, struct midtrans_message *m)
{
	static const char *const original[] = { "metadata", "extra_info", "gross_amount_info",
		"original_amount", NULL };
	struct ctx *cx = r->cx;

	m->status = lower(cx, needed(r, "transaction_status", WORD_MAX));
	m->transaction_id = needed(r, "transaction_id", MIDTRANS_ID_MAX);
	m->fraud_status = text(r, "fraud_status", WORD_MAX);
	m->payment_type = text(r, "payment_type", WORD_MAX);
	m->currency = text(r, "currency", WORD_MAX);
	m->merchant_id = text(r, "merchant_id", WORD_MAX);
	m->invoice_id = word(r->body, "custom_field1");
	m->transaction_time = midtrans_time(cx, text(r, "transaction_time", WORD_MAX));
	m->settlement_time = midtrans_time(cx, text(r, "settlement_time", WORD_MAX));
	m->expiry_time = midtrans_time(cx, text(r, "expiry_time", WORD_MAX));
	m->bank = bank_of(r);
	m->pay_code = pay_code_of(r);
	m->original = money(at(r, original));
	read_refunds(r, m);
	if (m->fraud_status != NULL)
		m->fraud_status = lower(cx, m->fraud_status);
}

/* Duplicate members: cJSON reads the first, PostgreSQL keeps the last. */
static bool
repeats(const cJSON *v, unsigned level)
{
	const cJSON *one, *two_;
	size_t n = 0;

	if (level > LEVELS_MAX)
		return true;
	cJSON_ArrayForEach (one, v) {
		if (cJSON_IsObject(v) && ++n > MEMBERS_MAX)
			return true;
		for (two_ = cJSON_IsObject(v) ? one->next : NULL; two_ != NULL; two_ = two_->next)
			if (strcmp(one->string, two_->string) == 0)
				return true;
		if (repeats(one, level + 1))
			return true;
	}
	return false;
}

enum rc
midtrans_read(struct ctx *cx, const cJSON *body, const char *raw, const char *server_key,
    struct midtrans_message *ret)
{
	struct reading r = { cx, body, whole(raw), .bad = RC_MALFORMED };
	struct midtrans_message m = { 0 };
	const cJSON *key = cJSON_GetObjectItemCaseSensitive(body, "signature_key");

	m.order_id = needed(&r, "order_id", MIDTRANS_ID_MAX);
	m.status_code = needed(&r, "status_code", WORD_MAX);
	m.gross_amount = needed(&r, "gross_amount", WORD_MAX);
	if (r.rc != RC_OK)
		return r.rc;
	m.signature_key = cJSON_IsString(key) ? key->valuestring : "";
	if (!crypt_same(m.signature_key,
		midtrans_signature(cx, m.order_id, m.status_code, m.gross_amount, server_key)))
		return FAIL(cx, RC_DENIED, "The signature is not right.");
	if (repeats(body, 0))
		return FAIL(cx, RC_MALFORMED, "The body is malformed.");
	if (!read_amount(m.gross_amount, &m.gross))
		field_error(&r, "gross_amount", "is malformed");
	read_rest(&r, &m);
	TRY(r.rc);
	*ret = m;
	return RC_OK;
}

bool
midtrans_is_about(const cJSON *body, const char *order_id, const char *invoice_id)
{
	const char *named = word(body, "order_id"), *invoice = word(body, "custom_field1");

	if (named[0] != '\0' && strcmp(named, order_id) != 0 &&
	    strcmp(named, word(body, "transaction_id")) != 0)
		return false;
	return invoice_id == NULL || invoice[0] == '\0' || strcmp(invoice, invoice_id) == 0;
}

enum rc
midtrans_read_answer(struct ctx *cx, const cJSON *body, const char *raw, const char *order_id,
    struct midtrans_message *ret)
{
	struct reading r = { cx, body, whole(raw), .bad = RC_UPSTREAM };
	struct midtrans_message m = { .order_id = order_id };

	m.status_code = needed(&r, "status_code", WORD_MAX);
	m.gross_amount = needed(&r, "gross_amount", WORD_MAX);
	m.signature_key = "";
	read_rest(&r, &m);
	if (!read_amount(m.gross_amount, &m.gross))
		field_error(&r, "gross_amount", "is malformed");
	if (!midtrans_is_about(body, order_id, NULL))
		field_error(&r, "order_id", "belongs to another order");
	TRY(r.rc);
	*ret = m;
	return RC_OK;
}

/* Documented prefix of the order_id of the dashboard's "Test notification". */
bool
midtrans_is_test(const struct midtrans_message *m)
{
	static const char prefix[] = "payment_notif_test_";

	return strncmp(m->order_id, prefix, sizeof(prefix) - 1) == 0;
}
