#include "base/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

enum { FILE_MAX = 1 << 16, NAME_MAX_LEN = 40 };

/* The key of examples. */
static const char zero_key[] = "base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/* Debian's, which PostgreSQL and Python read, too. */
static const char zones[] = "/usr/share/zoneinfo";

static const char file_default[] = "/etc/isp-billing/isp.env";

enum conf_type { CT_TEXT, CT_INT, CT_BOOL, CT_DATE, CT_ZONE, CT_CHOICE, CT_URL, CT_LISTEN };

/* Names of a Laravel system that have no meaning here; a file may hold them. */
static const char *const unused[] = { "APP_NAME", "APP_DEBUG", "DB_CONNECTION", "MAIL_MAILER" };

static const struct item {
	const char *name;
	enum conf_type type;
	int64_t min, max; /* of a number */
	const char *dflt;
	const char *among; /* of a choice, between spaces */
	bool secret;       /* never shown, not even in an error */
	const char *help;
} items[CONF__MAX] = {
	/* clang-format off */
	[CONF_APP_ENV] = { "APP_ENV", CT_CHOICE, .dflt = "production", .among = " local testing production ",
	    .help = "what may be taken lightly" },
	[CONF_APP_KEY] = { "APP_KEY", CT_TEXT, .dflt = "", .secret = true,
	    .help = "base64: and 32 bytes; seals every secret in the database" },
	[CONF_APP_PREVIOUS_KEYS] = { "APP_PREVIOUS_KEYS", CT_TEXT, .dflt = "", .secret = true,
	    .help = "keys of before, separated by commas: still open what they sealed" },
	[CONF_APP_URL] = { "APP_URL", CT_URL, .dflt = "http://localhost:8080",
	    .help = "where browsers reach this system" },
	[CONF_APP_TIMEZONE] = { "APP_TIMEZONE", CT_ZONE, .dflt = "Asia/Jakarta",
	    .help = "whose days are business days" },
	[CONF_APP_TODAY] = { "APP_TODAY", CT_DATE, .dflt = "",
	    .help = "the business date, instead of today; not in production" },
	[CONF_FRONTEND_URL] = { "FRONTEND_URL", CT_TEXT, .dflt = "",
	    .help = "origins that may call the API from a browser, separated by commas" },
	[CONF_ISOLIR_LISTEN] = { "ISOLIR_LISTEN", CT_LISTEN, .dflt = "",
	    .help = "[address:]port where routers send isolated customers" },
	[CONF_DATABASE_URL] = { "DATABASE_URL", CT_TEXT, .dflt = "", .secret = true,
	    .help = "any libpq conninfo or URI, naming no user" },
	[CONF_DB_HOST] = { "DB_HOST", CT_TEXT, .dflt = "127.0.0.1", .help = "without DATABASE_URL: its host" },
	[CONF_DB_PORT] = { "DB_PORT", CT_INT, 1, 65535, "5432", .help = "its port" },
	[CONF_DB_DATABASE] = { "DB_DATABASE", CT_TEXT, .dflt = "isp", .help = "its name" },
	[CONF_DB_USERNAME] = { "DB_USERNAME", CT_TEXT, .dflt = "", .help = "the owner, for ispctl alone" },
	[CONF_DB_PASSWORD] = { "DB_PASSWORD", CT_TEXT, .dflt = "", .secret = true, .help = "the password" },
	[CONF_API_SOCKET_DIR] = { "API_SOCKET_DIR", CT_TEXT, .dflt = "/run/isp-billing",
	    .help = "where isp-api makes a socket for each of its pools" },
	[CONF_API_FAST_WORKERS] = { "API_FAST_WORKERS", CT_INT, 0, 256, "0",
	    .help = "workers of the fast pool; 0: two for each core" },
	[CONF_API_LOGIN_WORKERS] = { "API_LOGIN_WORKERS", CT_INT, 1, 256, "2", .help = "of the login pool" },
	[CONF_API_ROUTER_WORKERS] = { "API_ROUTER_WORKERS", CT_INT, 1, 256, "4", .help = "of the router pool" },
	[CONF_API_GATEWAY_WORKERS] = { "API_GATEWAY_WORKERS", CT_INT, 1, 256, "4",
	    .help = "of the gateway pool" },
	[CONF_MIDTRANS_SERVER_KEY] = { "MIDTRANS_SERVER_KEY", CT_TEXT, .dflt = "", .secret = true,
	    .help = "without it there is no online payment" },
	[CONF_MIDTRANS_CLIENT_KEY] = { "MIDTRANS_CLIENT_KEY", CT_TEXT, .dflt = "",
	    .help = "what the payment page shows itself with" },
	[CONF_MIDTRANS_MERCHANT_ID] = { "MIDTRANS_MERCHANT_ID", CT_TEXT, .dflt = "",
	    .help = "whose money it is" },
	[CONF_MIDTRANS_IS_PRODUCTION] = { "MIDTRANS_IS_PRODUCTION", CT_BOOL, .dflt = "false",
	    .help = "real money, not the sandbox" },
	[CONF_MIDTRANS_SNAP_URL] = { "MIDTRANS_SNAP_URL", CT_TEXT, .dflt = "",
	    .help = "base with /snap/v1, instead of Midtrans' own" },
	[CONF_MIDTRANS_API_URL] = { "MIDTRANS_API_URL", CT_TEXT, .dflt = "",
	    .help = "base with /v2, instead of Midtrans' own" },
	[CONF_TELEGRAM_API_URL] = { "TELEGRAM_API_URL", CT_TEXT, .dflt = "https://api.telegram.org",
	    .help = "where bots are spoken to" },
	[CONF_TELEGRAM_BOT_TOKEN] = { "TELEGRAM_BOT_TOKEN", CT_TEXT, .dflt = "", .secret = true,
	    .help = "the bot, where a channel names none" },
	[CONF_TELEGRAM_CHAT_ID] = { "TELEGRAM_CHAT_ID", CT_TEXT, .dflt = "",
	    .help = "and whom it tells" },
	[CONF_MAIL_HOST] = { "MAIL_HOST", CT_TEXT, .dflt = "", .help = "the mail server" },
	[CONF_MAIL_PORT] = { "MAIL_PORT", CT_INT, 1, 65535, "587", .help = "its port" },
	[CONF_MAIL_USERNAME] = { "MAIL_USERNAME", CT_TEXT, .dflt = "", .help = "its user" },
	[CONF_MAIL_PASSWORD] = { "MAIL_PASSWORD", CT_TEXT, .dflt = "", .secret = true,
	    .help = "its password" },
	[CONF_MAIL_ENCRYPTION] = { "MAIL_ENCRYPTION", CT_CHOICE, .dflt = "tls",
	    .among = " tls ssl none ", .help = "tls: STARTTLS" },
	[CONF_MAIL_FROM_ADDRESS] = { "MAIL_FROM_ADDRESS", CT_TEXT, .dflt = "",
	    .help = "who writes" },
	[CONF_MAIL_FROM_NAME] = { "MAIL_FROM_NAME", CT_TEXT, .dflt = "ISP Billing",
	    .help = "by which name" },
	[CONF_MAIL_CA] = { "MAIL_CA", CT_TEXT, .dflt = "",
	    .help = "PEM file of the mail server's authority; empty: the system's" },
	[CONF_SNMP_TIMEOUT_MS] = { "SNMP_TIMEOUT_MS", CT_INT, 50, 60000, "1000",
	    .help = "how long a device may take to answer" },
	[CONF_MIKROTIK_HOST] = { "MIKROTIK_HOST", CT_TEXT, .dflt = "",
	    .help = "a first, active router for an empty database" },
	[CONF_MIKROTIK_PORT] = { "MIKROTIK_PORT", CT_INT, 1, 65535, "8728", .help = "its port" },
	[CONF_MIKROTIK_USERNAME] = { "MIKROTIK_USERNAME", CT_TEXT, .dflt = "admin", .help = "its user" },
	[CONF_MIKROTIK_PASSWORD] = { "MIKROTIK_PASSWORD", CT_TEXT, .dflt = "", .secret = true,
	    .help = "its password" },
	[CONF_MIKROTIK_SSL] = { "MIKROTIK_SSL", CT_BOOL, .dflt = "false", .help = "speak TLS to it" },
	/* clang-format on */
};

static bool
is_int(const char *s, int64_t min, int64_t max)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(s, &end, 10);
	return errno == 0 && end != s && *end == '\0' && n >= min && n <= max;
}

static void
close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* YYYY-MM-DD, a day of the calendar. */
static bool
is_date(const char *s)
{
	static const char form[] = "dddd-dd-dd";
	struct tm day = { 0 }, real;

	if (strlen(s) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != '-')
			return false;
	if (strptime(s, "%Y-%m-%d", &day) == NULL || day.tm_year < 0)
		return false;
	real = day; /* timegm() makes the 30th of February the 2nd of March */
	(void)timegm(&real);
	return real.tm_mon == day.tm_mon && real.tm_mday == day.tm_mday;
}

/* A file of the zone database, known by how it begins. */
static bool
is_zone(struct ctx *cx, const char *name)
{
	_cleanup_(close_fd) int fd = -1;
	char magic[4] = "";

	if (name[0] == '/' || strstr(name, "..") != NULL)
		return false;
	fd = open(arena_printf(cx->mem, "%s/%s", zones, name), O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, magic, sizeof(magic)) == sizeof(magic) &&
	       memcmp(magic, "TZif", sizeof(magic)) == 0;
}

/* A port, or an address and a port, as nginx listens. */
static bool
is_listen(const char *val)
{
	const char *colon = strrchr(val, ':');

	return strspn(val, "0123456789abcdefABCDEF.:[]*") == strlen(val) && colon != val &&
	       is_int(colon != NULL ? colon + 1 : val, 1, 65535);
}

/* Is val one of the words between the spaces of list? */
static bool
is_among(struct ctx *cx, const char *list, const char *val)
{
	return strstr(list, arena_printf(cx->mem, " %s ", val)) != NULL;
}

static bool
is_valid(struct ctx *cx, const struct item *it, const char *val)
{
	switch (it->type) {
	case CT_TEXT:
		break;
	case CT_INT:
		return is_int(val, it->min, it->max);
	case CT_BOOL:
		return is_among(cx, " true false 1 0 yes no ", val);
	case CT_DATE:
		return is_date(val);
	case CT_ZONE:
		return is_zone(cx, val);
	case CT_CHOICE:
		return is_among(cx, it->among, val);
	case CT_URL:
		return strncmp(val, "http://", 7) == 0 || strncmp(val, "https://", 8) == 0;
	case CT_LISTEN:
		return is_listen(val);
	}
	return true;
}

/* The end of the sentence "NAME: value is …". */
static const char *
expectation(struct ctx *cx, const struct item *it)
{
	if (it->type == CT_INT)
		return arena_printf(cx->mem, "no whole number from %lld to %lld",
		    (long long)it->min, (long long)it->max);
	if (it->type == CT_CHOICE)
		return arena_printf(cx->mem, "none of%s", it->among);
	if (it->type == CT_ZONE)
		return arena_printf(cx->mem, "no time zone of %s", zones);
	if (it->type == CT_URL)
		return "no http:// or https:// address";
	if (it->type == CT_LISTEN)
		return "no port or address:port to listen on";
	return it->type == CT_DATE ? "no day as YYYY-MM-DD" : "neither true nor false";
}

/* where: the file that holds the value, or "environment". */
static enum rc
check_item(struct ctx *cx, const char *where, const struct item *it, const char *val)
{
	if (val[0] == '\0' || is_valid(cx, it, val))
		return RC_OK;
	return FAIL(cx, RC_INVALID, "%s: %s: %s is %s", where, it->name,
	    it->secret ? "the value" : val, expectation(cx, it));
}

static bool
is_set(const struct conf *cf, size_t i)
{
	return cf->val[i] != items[i].dflt;
}

static enum rc
check_production(struct ctx *cx, const struct conf *cf)
{
	if (!conf_production(cf))
		return RC_OK;
	if (conf_text(cf, CONF_APP_TODAY)[0] != '\0')
		return FAIL(cx, RC_INVALID, "APP_TODAY: not in production");
	if (strcmp(conf_text(cf, CONF_APP_KEY), zero_key) == 0)
		return FAIL(cx, RC_INVALID, "APP_KEY: everybody knows this one");
	if (conf_text(cf, CONF_APP_KEY)[0] == '\0')
		return FAIL(cx, RC_INVALID, "APP_KEY: must be set; ispctl key generate makes one");
	if (!is_set(cf, CONF_APP_URL))
		return FAIL(cx, RC_INVALID, "APP_URL: must be set in production");
	return RC_OK;
}

static const struct item *
item_by_name(const char *name, size_t n)
{
	for (size_t i = 0; i < CONF__MAX; i++)
		if (strlen(items[i].name) == n && strncmp(items[i].name, name, n) == 0)
			return &items[i];
	return NULL;
}

/* A value as it stands in the file: quotes off, a comment after a space cut. */
static const char *
read_value(struct ctx *cx, const char *s, size_t n)
{
	const char *hash;

	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r'))
		n--;
	if (n >= 1 && (*s == '"' || *s == '\'')) {
		const char *end = memchr(s + 1, *s, n - 1);

		if (end != NULL)
			return arena_printf(cx->mem, "%.*s", (int)(end - s - 1), s + 1);
	}
	for (hash = s; (hash = memchr(hash, '#', n - (size_t)(hash - s))) != NULL; hash++)
		if (hash == s || hash[-1] == ' ' || hash[-1] == '\t')
			return read_value(cx, s, (size_t)(hash - s));
	return arena_printf(cx->mem, "%.*s", (int)n, s);
}

/* The number of letters to change, insert or delete between two names (Levenshtein). */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LEN + 1], n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (; *a != '\0'; a++) {
		size_t diagonal = row[0]++;

		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (*a != b[j - 1]);

			best = row[j] + 1 < best ? row[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[n];
}

/* " (the nearest is NAME)", or "" where none is near. */
static const char *
nearest(struct ctx *cx, const char *name)
{
	size_t best = strlen(name) / 2 + 1;
	const char *found = NULL;

	for (size_t i = 0; i < CONF__MAX; i++) {
		size_t d = distance(name, items[i].name);

		if (d < best)
			found = items[i].name;
		best = d < best ? d : best;
	}
	return found != NULL ? arena_printf(cx->mem, " (the nearest is %s)", found) : "";
}

/* A line of the env file and its place, for errors. */
struct line {
	const char *path;
	int number;
	const char *text;
	size_t len;
};

/* Log an unused name of a Laravel system; refuse any other. */
static enum rc
unknown_name(struct ctx *cx, const struct line *l, const char *name)
{
	for (size_t i = 0; i < countof(unused); i++)
		if (strcmp(unused[i], name) == 0) {
			log_event(LOG_INFO, "config_unused", "file", l->path, "name", name, NULL);
			return RC_OK;
		}
	return FAIL(cx, RC_INVALID, "%s:%d: there is no setting %s%s", l->path, l->number, name,
	    nearest(cx, name));
}

/* Why this line is not NAME=value; NULL: it is. */
static const char *
line_error(const struct line *l, const char *eq)
{
	const char *end = l->text + l->len;

	if (strncmp(l->text, "export ", 7) == 0 || strncmp(l->text, "export\t", 7) == 0)
		return "export is not understood here";
	if (eq == NULL || eq == l->text)
		return "this line is not NAME=value";
	if (eq[-1] == ' ' || eq[-1] == '\t' || (eq + 1 < end && (eq[1] == ' ' || eq[1] == '\t')))
		return "blanks beside = are not allowed";
	return NULL;
}

static enum rc
read_line(struct ctx *cx, struct line l, struct conf *cf)
{
	size_t lead = strspn(l.text, " \t");
	const char *eq, *wrong, *name;
	const struct item *it;

	if (lead >= l.len || l.text[lead] == '#' || l.text[lead] == '\r')
		return RC_OK;
	l.text += lead;
	l.len -= lead;
	eq = memchr(l.text, '=', l.len);
	wrong = line_error(&l, eq);
	if (wrong != NULL)
		return FAIL(cx, RC_INVALID, "%s:%d: %s", l.path, l.number, wrong);
	name = arena_printf(cx->mem, "%.*s", (int)(eq - l.text), l.text);
	it = item_by_name(name, strlen(name));
	if (it == NULL)
		return unknown_name(cx, &l, name);
	cf->val[it - items] = read_value(cx, eq + 1, l.len - (size_t)(eq + 1 - l.text));
	return check_item(cx, l.path, it, cf->val[it - items]);
}

static enum rc
slurp(struct ctx *cx, const char *path, bool optional, const char **ret)
{
	_cleanup_(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *buf;
	ssize_t n;

	*ret = "";
	if (fd < 0 && errno == ENOENT && optional)
		return RC_OK;
	buf = arena_alloc(cx->mem, FILE_MAX + 1);
	n = fd < 0 ? -1 : read(fd, buf, FILE_MAX);
	if (n < 0)
		return FAIL(cx, RC_INVALID, "%s: %s", path, strerror(errno));
	if (n == FILE_MAX || strlen(buf) != (size_t)n)
		return FAIL(cx, RC_INVALID, "%s: it is too long, or holds a NUL", path);
	*ret = buf;
	return RC_OK;
}

static enum rc
read_file(struct ctx *cx, const char *file, struct conf *cf)
{
	const char *env = getenv("ISP_ENV"), *path, *text;

	path = file != NULL ? file : env != NULL ? env : file_default;
	TRY(slurp(cx, path, path == file_default, &text));
	for (struct line l = { path, 1, text, 0 }; *l.text != '\0'; l.number++) {
		l.len = strcspn(l.text, "\n");
		TRY(read_line(cx, l, cf));
		l.text += l.len + (l.text[l.len] == '\n');
	}
	return RC_OK;
}

/* Secrets that systemd hands over, each in a file of its name (systemd.exec(5), CREDENTIALS). */
static enum rc
read_credentials(struct ctx *cx, struct conf *cf)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY"), *text;

	for (size_t i = 0; dir != NULL && i < CONF__MAX; i++) {
		if (!items[i].secret)
			continue;
		TRY(slurp(cx, arena_printf(cx->mem, "%s/%s", dir, items[i].name), true, &text));
		if (text[0] != '\0')
			cf->val[i] = read_value(cx, text, strcspn(text, "\n"));
	}
	return RC_OK;
}

enum rc
conf_read(struct ctx *cx, const char *file, struct conf *ret)
{
	struct conf cf = { 0 };

	TRY(read_file(cx, file, &cf));
	TRY(read_credentials(cx, &cf));
	for (size_t i = 0; i < CONF__MAX; i++) {
		const char *env = getenv(items[i].name);

		if (env != NULL)
			cf.val[i] = arena_strdup(cx->mem, env);
		if (cf.val[i] == NULL || (cf.val[i][0] == '\0' && items[i].type != CT_TEXT))
			cf.val[i] = items[i].dflt;
		if (env != NULL)
			TRY(check_item(cx, "environment", &items[i], cf.val[i]));
	}
	*ret = cf;
	return RC_OK;
}

enum rc
conf_load(struct ctx *cx, const char *file, struct conf *ret)
{
	struct conf cf;

	TRY(conf_read(cx, file, &cf));
	TRY(check_production(cx, &cf));
	*ret = cf;
	return RC_OK;
}

void
conf_print(const struct conf *cf, struct sb *out)
{
	for (size_t i = 0; i < CONF__MAX; i++)
		if (is_set(cf, i))
			sb_printf(out, "%s=%s\n", items[i].name, cf->val[i]);
}

const char *
conf_text(const struct conf *cf, enum conf_key key)
{
	return cf->val[key];
}

int64_t
conf_int(const struct conf *cf, enum conf_key key)
{
	return strtoll(cf->val[key], NULL, 10);
}

bool
conf_bool(const struct conf *cf, enum conf_key key)
{
	return strchr("t1y", cf->val[key][0]) != NULL && cf->val[key][0] != '\0';
}

bool
conf_production(const struct conf *cf)
{
	return strcmp(cf->val[CONF_APP_ENV], "production") == 0;
}

/* key='value' of a conninfo, quoted. */
static void
put_pair(struct sb *s, const char *key, const char *val)
{
	if (val[0] == '\0')
		return;
	sb_printf(s, "%s='", key);
	for (; *val != '\0'; val++) {
		if (*val == '\'' || *val == '\\')
			sb_putc(s, '\\');
		sb_putc(s, *val);
	}
	sb_puts(s, "' ");
}

const char *
conf_database(struct ctx *cx, const struct conf *cf)
{
	struct sb s = sb_new(cx->mem);

	if (cf->val[CONF_DATABASE_URL][0] != '\0')
		return cf->val[CONF_DATABASE_URL];
	put_pair(&s, "host", cf->val[CONF_DB_HOST]);
	put_pair(&s, "port", cf->val[CONF_DB_PORT]);
	put_pair(&s, "dbname", cf->val[CONF_DB_DATABASE]);
	put_pair(&s, "user", cf->val[CONF_DB_USERNAME]);
	put_pair(&s, "password", cf->val[CONF_DB_PASSWORD]);
	return s.buf;
}

void
conf_describe(struct sb *out)
{
	for (size_t i = 0; i < CONF__MAX; i++)
		sb_printf(out, "  %-22s %s%s%s%s\n", items[i].name, items[i].help,
		    items[i].dflt[0] != '\0' ? " (" : "", items[i].dflt,
		    items[i].dflt[0] != '\0' ? ")" : "");
}
