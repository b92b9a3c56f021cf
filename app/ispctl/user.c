/* user.c: who may log in, from the shell. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/jw.h"
#include "base/utf8.h"
#include "ispctl.h"
#include "sql.h"

enum { PASSWORD_MIN = 8, PASSWORD_MAX = 128 };

static void
echo_off(struct termios *was)
{
	struct termios now;

	(void)tcgetattr(STDIN_FILENO, was);
	now = *was;
	now.c_lflag &= ~(tcflag_t)ECHO;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &now);
}

/* A line of standard input; a person at a terminal is asked, and not overheard. */
static bool
read_secret(char *buf, int size)
{
	struct termios was;
	bool tty = isatty(STDIN_FILENO) == 1, got;

	if (tty) {
		(void)fputs("password: ", stderr);
		echo_off(&was);
	}
	got = fgets(buf, size, stdin) != NULL;
	if (tty) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
		(void)fputc('\n', stderr);
	}
	return got;
}

static enum rc
read_password(struct ctx *cx, const char **ret_hash)
{
	char buf[1024];

	if (!read_secret(buf, (int)sizeof(buf)))
		return FAIL(cx, RC_INVALID, "the password must be given on standard input");
	buf[strcspn(buf, "\r\n")] = '\0';
	if (!utf8_valid(buf, strlen(buf)) || utf8_length(buf) < PASSWORD_MIN ||
	    utf8_length(buf) > PASSWORD_MAX)
		return FAIL(cx, RC_INVALID, "the password must have %d to %d characters",
		    PASSWORD_MIN, PASSWORD_MAX);
	if (utf8_has_control(buf, false)) /* the login would not take it */
		return FAIL(cx, RC_INVALID, "the password must not hold control characters");
	return crypt_password_hash(cx, buf, ret_hash);
}

static enum rc
read_role(struct ispctl *ctl, const char **ret)
{
	const char *role = ctl->args->val[OPT_ROLE];

	if (ctl->args->val[OPT_ADMIN] != NULL)
		role = "admin";
	if (role == NULL)
		role = "operator";
	if (strcmp(role, "admin") != 0 && strcmp(role, "operator") != 0 &&
	    strcmp(role, "viewer") != 0)
		return FAIL(ctl->cx, RC_INVALID, "the role %s is none of admin, operator, viewer",
		    role);
	*ret = role;
	return RC_OK;
}

static const char *
user_json(struct ispctl *ctl, const char *role, const char *hash)
{
	const char *email = ctl->rest[0], *name = ctl->args->val[OPT_NAME];
	struct sb s = sb_new(ctl->cx->mem);
	struct jw w = jw_new(&s);

	jw_obj(&w, NULL);
	jw_str(&w, "name", name != NULL ? name : email);
	jw_str(&w, "email", email);
	jw_str(&w, "role", role);
	jw_str(&w, "password", hash);
	jw_end(&w);
	return s.buf;
}

enum rc
cmd_user_add(struct ispctl *ctl)
{
	const char *email = ctl->rest[0], *role = NULL, *hash = NULL;

	if (strchr(email, '@') == NULL || !utf8_valid(email, strlen(email)) ||
	    utf8_has_control(email, false))
		return FAIL(ctl->cx, RC_INVALID, "%s is no e-mail address", email);
	TRY(read_role(ctl, &role));
	TRY(read_password(ctl->cx, &hash));
	TRY(db_query(ctl->cx, &SQL_user_add, NULL, V_TEXT(user_json(ctl, role, hash)), V_TEXT("")));
	(void)printf("%s may log in as %s\n", email, role);
	return RC_OK;
}

enum rc
cmd_user_list(struct ispctl *ctl)
{
	struct db_rows *rows;

	TRY(db_query0(ctl->cx, &SQL_user_listing, &rows));
	for (size_t i = 0; i < db_count(rows); i++)
		(void)printf("%-40s %-9s %-12s %s\n", db_text(rows, i, "email"),
		    db_text(rows, i, "role"),
		    db_bool(rows, i, "is_active") ? "active" : "deactivated",
		    db_text(rows, i, "name"));
	return RC_OK;
}

enum rc
cmd_user_passwd(struct ispctl *ctl)
{
	struct db_rows *rows;
	const char *hash = NULL;

	TRY(read_password(ctl->cx, &hash));
	TRY(db_query(ctl->cx, &SQL_user_new_password, &rows, V_TEXT(ctl->rest[0]), V_TEXT(hash)));
	if (db_count(rows) == 0)
		return FAIL(ctl->cx, RC_NOT_FOUND, "there is no user %s", ctl->rest[0]);
	return RC_OK;
}

enum rc
cmd_setup(struct ispctl *ctl)
{
	const char *token = crypt_token(ctl->cx, 40);

	TRY(db_query(ctl->cx, &SQL_setup_token_set, NULL,
	    V_TEXT(crypt_sha256_hex(ctl->cx, token))));
	(void)printf("setup_token=%s\n", token);
	return RC_OK;
}
