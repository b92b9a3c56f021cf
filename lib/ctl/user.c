/* user.c: users, from the shell. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "api/api.h"
#include "base/crypt.h"
#include "base/jw.h"
#include "ctl/ctl.h"
#include "people/user.h"
#include "sql.h"

static void
echo_off(struct termios *was)
{
	struct termios now;

	(void)tcgetattr(STDIN_FILENO, was);
	now = *was;
	now.c_lflag &= ~(tcflag_t)ECHO;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &now);
}

/* Read a line of standard input; on a terminal, prompt and do not echo. */
static bool
read_secret(char *buf, int size)
{
	struct termios was;
	bool tty = isatty(STDIN_FILENO) == 1, got;

	if (tty) {
		echo_off(&was); /* before the prompt: it discards what was typed earlier */
		(void)fputs("password: ", stderr);
	}
	got = fgets(buf, size, stdin) != NULL;
	if (tty) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
		(void)fputc('\n', stderr);
	}
	return got;
}

static enum rc
read_password(struct ctx *cx, const char **ret)
{
	char buf[1024];

	if (!read_secret(buf, (int)sizeof(buf)))
		return FAIL(cx, RC_INVALID, "the password must be given on standard input");
	buf[strcspn(buf, "\r\n")] = '\0';
	*ret = arena_strdup(cx->mem, buf);
	return RC_OK;
}

/* Check the input by the field table of /api/users: the login must accept all that is stored. */
static enum rc
read_user(struct ctx *cx, const struct sb *json, enum fflag flag, struct cJSON **ret)
{
	const struct req rq = { .body = json->buf,
		.body_len = json->len,
		.content_type = "application/json" };

	return shape_read(cx, user_resource.fields, user_resource.nfields, flag, &rq, ret);
}

static const char *
role_of(const struct daemon_args *args)
{
	if (args->val[OPT_ADMIN] != NULL)
		return "admin";
	return args->val[OPT_ROLE] != NULL ? args->val[OPT_ROLE] : "operator";
}

static struct sb
user_json(struct ispctl *ctl, const char *password)
{
	const char *email = ctl->rest[0], *name = ctl->args->val[OPT_NAME];
	struct sb s = sb_new(ctl->cx->mem);
	struct jw w = jw_new(&s);

	jw_obj(&w, NULL);
	jw_str(&w, "name", name != NULL ? name : email);
	jw_str(&w, "email", email);
	jw_str(&w, "role", role_of(ctl->args));
	jw_str(&w, "password", password);
	jw_end(&w);
	return s;
}

enum rc
cmd_user_add(struct ispctl *ctl)
{
	struct ctx *cx = ctl->cx;
	const char *password = NULL, *id = NULL;
	struct cJSON *in = NULL;
	struct sb json;

	TRY(read_password(cx, &password));
	json = user_json(ctl, password);
	TRY(read_user(cx, &json, FF_CREATE, &in));
	TRY(user_add(cx, in, &id));
	(void)printf("%s may log in as %s\n", shape_text(in, "email"), shape_text(in, "role"));
	return RC_OK;
}

enum rc
cmd_user_list(struct ispctl *ctl)
{
	struct db_rows *rows;

	TRY(db_rows(ctl->cx, &SQL_user_listing, &rows));
	for (size_t i = 0; i < db_count(rows); i++)
		(void)printf("%-40s %-9s %-12s %s\n", db_text(rows, i, "email"),
		    db_text(rows, i, "role"),
		    db_bool(rows, i, "is_active") ? "active" : "deactivated",
		    db_text(rows, i, "name"));
	return RC_OK;
}

/* Hash a new password; refuse one that means "keep the present one". */
static enum rc
new_password(struct ctx *cx, const char **ret_hash)
{
	struct sb s = sb_new(cx->mem);
	struct jw w = jw_new(&s);
	const char *password = NULL;
	struct cJSON *in = NULL;

	TRY(read_password(cx, &password));
	jw_obj(&w, NULL);
	jw_str(&w, "password", password);
	jw_end(&w);
	TRY(read_user(cx, &s, FF_UPDATE, &in));
	if (shape_text(in, "password") == NULL)
		return FAIL(cx, RC_INVALID, "The password field is required.");
	return crypt_password_hash(cx, password, ret_hash);
}

enum rc
cmd_user_passwd(struct ispctl *ctl)
{
	const char *hash = NULL;
	struct db_rows *rows;

	TRY(new_password(ctl->cx, &hash));
	TRY(db_row(ctl->cx, &SQL_user_new_password, &rows, V_TEXT(ctl->rest[0]), V_TEXT(hash)));
	if (db_text(rows, 0, "id") == NULL)
		return FAIL(ctl->cx, RC_NOT_FOUND, "there is no user %s", ctl->rest[0]);
	return RC_OK;
}

enum rc
cmd_user_setup_token(struct ispctl *ctl)
{
	const char *token = crypt_token(ctl->cx, 40);

	TRY(db_exec(ctl->cx, &SQL_setup_token_set, V_TEXT(crypt_sha256_hex(ctl->cx, token))));
	(void)printf("setup_token=%s\n", token);
	return RC_OK;
}
