#include "base/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf_int.h"
#include "base/fd.h"
#include "base/log.h"

enum { FILE_MAX = 1 << 16 };

/* The key of the examples, which production refuses. */
static const char zero_key[] = "base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

static const char file_default[] = "/etc/isp-billing/isp.env";

/* Names of a Laravel system that have no meaning here; a file may hold them. */
static const char *const unused[] = { "APP_NAME", "APP_DEBUG", "DB_CONNECTION", "MAIL_MAILER" };

static bool
is_set(const struct conf *cf, size_t i)
{
	return cf->val[i] != conf_items[i].dflt;
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
	    conf_item_nearest(cx, name));
}

/* Say why this line is not NAME=value; NULL: it is. */
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
	const struct conf_item *it;

	if (lead >= l.len || l.text[lead] == '#' || l.text[lead] == '\r')
		return RC_OK;
	l.text += lead;
	l.len -= lead;
	eq = memchr(l.text, '=', l.len);
	wrong = line_error(&l, eq);
	if (wrong != NULL)
		return FAIL(cx, RC_INVALID, "%s:%d: %s", l.path, l.number, wrong);
	name = arena_printf(cx->mem, "%.*s", (int)(eq - l.text), l.text);
	it = conf_item_by_name(name, strlen(name));
	if (it == NULL)
		return unknown_name(cx, &l, name);
	cf->val[it - conf_items] = read_value(cx, eq + 1, l.len - (size_t)(eq + 1 - l.text));
	return conf_item_check(cx, l.path, it, cf->val[it - conf_items]);
}

static enum rc
slurp(struct ctx *cx, const char *path, bool optional, const char **ret)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
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

/*
 * Read the secrets that systemd hands over, each in a file of its name (systemd.exec(5),
 * CREDENTIALS).
 */
static enum rc
read_credentials(struct ctx *cx, struct conf *cf)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY"), *text;

	for (size_t i = 0; dir != NULL && i < CONF__MAX; i++) {
		if (!conf_items[i].secret)
			continue;
		TRY(slurp(cx, arena_printf(cx->mem, "%s/%s", dir, conf_items[i].name), true,
		    &text));
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
		const char *env = getenv(conf_items[i].name);

		if (env != NULL)
			cf.val[i] = arena_strdup(cx->mem, env);
		if (cf.val[i] == NULL || (cf.val[i][0] == '\0' && conf_items[i].type != CT_TEXT))
			cf.val[i] = conf_items[i].dflt;
		if (env != NULL)
			TRY(conf_item_check(cx, "environment", &conf_items[i], cf.val[i]));
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
			sb_printf(out, "%s=%s\n", conf_items[i].name, cf->val[i]);
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
