/* gate.c: finds the holder of a token, and checks that role and token allow the route. */
#include <string.h>

#include "api/api.h"
#include "base/clock.h"
#include "http/limit.h"
#include "people/session.h"
#include "sql.h"

struct word {
	const char *name;
	uint32_t perms;
};

static const struct word roles[] = {
	{ "viewer", P_VIEWER },
	{ "operator", P_VIEWER | P_OPERATOR },
	{ "admin", P_VIEWER | P_OPERATOR | P_ADMIN },
};

static const struct word abilities[] = {
	{ "read", P_READ },
	{ "billing", P_BILLING },
	{ "network", P_NETWORK },
	{ "*", P_READ | P_BILLING | P_NETWORK | P_FULL },
};

enum { ROLES = P_VIEWER | P_OPERATOR | P_ADMIN };

/* The words that allow all of perm, as an array of PostgreSQL: "{operator,admin}". */
static const char *
words_of(struct ctx *cx, const struct word *table, size_t n, uint32_t perm)
{
	struct sb s = sb_new(cx->mem);

	for (size_t i = 0; i < n; i++)
		if ((table[i].perms & perm) == perm)
			sb_printf(&s, "%c%s", s.len == 0 ? '{' : ',', table[i].name);
	sb_putc(&s, '}');
	return s.buf;
}

static enum rc
refuse_token(struct ctx *cx)
{
	return FAIL(cx, RC_UNAUTH, "Unauthenticated.");
}

/* Make the holder of the accepted token the actor. */
static enum rc
take_holder(struct ctx *cx, const struct db_rows *rows, void *arg)
{
	struct actor *who = &cx->actor;

	(void)arg;
	if (db_count(rows) == 0)
		return refuse_token(cx);
	who->id = db_text(rows, 0, "user_id");
	who->name = db_text(rows, 0, "email");
	who->role = db_text(rows, 0, "role");
	return RC_OK;
}

enum rc
api_set_actor(struct ctx *cx)
{
	TRY(db_gate_pass(cx));
	db_set_actor(cx);
	return RC_OK;
}

/* A read runs in one round trip with the gate; a write waits for the gate's outcome. */
enum rc
api_authenticate(struct ctx *cx, const struct req *rq, uint32_t perm)
{
	static const char scheme[] = "Bearer ";
	struct token token;

	if (perm == 0)
		return RC_OK;
	if (strncasecmp(rq->authorization, scheme, strlen(scheme)) != 0 ||
	    !session_token(cx, rq->authorization + strlen(scheme), &token))
		return refuse_token(cx);
	cx->actor.token_id = token.id;
	TRY(db_gate_n(cx, &SQL_session_by_token, take_holder, NULL,
	    (const struct db_val[]){ V_I64(token.id), V_TEXT(token.hash),
		V_TEXT(words_of(cx, roles, countof(roles), perm & ROLES)),
		V_TEXT(words_of(cx, abilities, countof(abilities), perm & ~(uint32_t)ROLES)) },
	    4));
	return strcmp(rq->method, "GET") == 0 ? RC_OK : api_set_actor(cx);
}

/* Slow down guesses of tokens; a browser whose session ended still gets its 401. */
enum rc
api_refused(struct ctx *cx, const struct req *rq)
{
	int wait;

	if (rq->authorization[0] == '\0' || strcmp(rq->path, "/api/auth/user") == 0)
		return RC_UNAUTH;
	wait = limit_take(cx->ip, clock_ms());
	if (wait == 0)
		return RC_UNAUTH;
	(void)FAIL(cx, RC_THROTTLED, "Too many requests with a token that is not valid.");
	cx->err.retry_after = wait;
	return RC_THROTTLED;
}
