/*
 * conf.h: how a program is configured: one table of every key (contract 9).
 *
 * A key's value comes from the environment; else, for a secret, from a credential of its
 * name ($CREDENTIALS_DIRECTORY/APP_KEY: systemd.exec(5)); else from the env file; else
 * from the table. All values are checked at the start: a bad one stops the program with
 * one line that names the key. Policies of the business are no configuration: they live in
 * the database (settings).
 *
 * The env file has lines NAME=value; a value may stand in single or double quotes; #
 * begins a comment at the start of a line or after a blank. An unknown name, blanks beside
 * =, export, or any other line is an error that names the file and the line: a misspelt
 * name must not switch payments off. APP_NAME, APP_DEBUG, DB_CONNECTION and MAIL_MAILER of
 * a Laravel system are logged and ignored. Scripts get the values from `isp-api
 * --print-env`.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/sb.h"

enum conf_key {
	CONF_APP_ENV,
	CONF_APP_KEY,
	CONF_APP_PREVIOUS_KEYS,
	CONF_APP_URL,
	CONF_APP_TIMEZONE,
	CONF_APP_TODAY,
	CONF_FRONTEND_URL,
	CONF_ISOLIR_LISTEN,
	CONF_DATABASE_URL,
	CONF_DB_HOST,
	CONF_DB_PORT,
	CONF_DB_DATABASE,
	CONF_DB_USERNAME,
	CONF_DB_PASSWORD,
	CONF_API_SOCKET_DIR,
	CONF_API_FAST_WORKERS,
	CONF_API_LOGIN_WORKERS,
	CONF_API_ROUTER_WORKERS,
	CONF_API_GATEWAY_WORKERS,
	CONF_MIDTRANS_SERVER_KEY,
	CONF_MIDTRANS_CLIENT_KEY,
	CONF_MIDTRANS_MERCHANT_ID,
	CONF_MIDTRANS_IS_PRODUCTION,
	CONF_MIDTRANS_SNAP_URL,
	CONF_MIDTRANS_API_URL,
	CONF_TELEGRAM_API_URL,
	CONF_TELEGRAM_BOT_TOKEN,
	CONF_TELEGRAM_CHAT_ID,
	CONF_MAIL_HOST,
	CONF_MAIL_PORT,
	CONF_MAIL_USERNAME,
	CONF_MAIL_PASSWORD,
	CONF_MAIL_ENCRYPTION,
	CONF_MAIL_FROM_ADDRESS,
	CONF_MAIL_FROM_NAME,
	CONF_MAIL_CA,
	CONF_SNMP_TIMEOUT_MS,
	CONF_MIKROTIK_HOST,
	CONF_MIKROTIK_PORT,
	CONF_MIKROTIK_USERNAME,
	CONF_MIKROTIK_PASSWORD,
	CONF_MIKROTIK_SSL,
	CONF__MAX
};

struct conf {
	const char *val[CONF__MAX]; /* "" for a key without value and default */
};

/*
 * Read the file (NULL: $ISP_ENV, else /etc/isp-billing/isp.env; only this last file may be
 * missing), the credentials and the environment. RC_INVALID with one clear line for a bad
 * value, for the default APP_KEY, and for APP_TODAY under APP_ENV=production. A day must
 * be in the calendar, a zone in this machine's zone database.
 */
enum rc conf_load(struct ctx *, const char *file, struct conf *ret) _must_check_;
/* The same without the rules of production: reads a file that is not complete yet. */
enum rc conf_read(struct ctx *, const char *file, struct conf *ret) _must_check_;
/* NAME=value of each key that the file, a credential or the environment sets. */
void conf_print(const struct conf *, struct sb *);

const char *conf_text(const struct conf *, enum conf_key); /* never NULL */
int64_t conf_int(const struct conf *, enum conf_key);
bool conf_bool(const struct conf *, enum conf_key);
bool conf_production(const struct conf *);

/* The conninfo for libpq: DATABASE_URL, else the DB_* keys put together. */
const char *conf_database(struct ctx *, const struct conf *);

/* Every key with its type, default and meaning, for --help and the manual. */
void conf_describe(struct sb *);

#endif
