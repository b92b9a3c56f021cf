#include "net/routeros.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/ros_talk.h"
#include "net/ros_text.h"

/* Names and texts are cut to these lengths, so that a whole message fits err.msg. */
#define NAME_FITS 32
#define TEXT_FITS 72

/* ---------------------------------------------------------------- the handle */

static void
default_int(int *val, int dflt)
{
	if (*val <= 0)
		*val = dflt;
}

static struct routeros_target
target_copy(struct arena *mem, const struct routeros_target *from)
{
	struct routeros_target t = *from;

	t.host = arena_strdup(mem, from->host);
	t.name = arena_strdup(mem, from->name != NULL ? from->name : from->host);
	t.username = arena_strdup(mem, from->username != NULL ? from->username : "");
	t.password = arena_strdup(mem, from->password != NULL ? from->password : "");
	t.fingerprint = arena_strdup(mem, from->fingerprint);
	t.ca = arena_strdup(mem, from->ca);
	default_int(&t.port, t.tls == ROS_PLAIN ? 8728 : 8729);
	default_int(&t.connect_ms, 5000);
	default_int(&t.login_ms, 10000);
	default_int(&t.read_ms, 15000);
	default_int(&t.total_ms, 60000);
	t.max_rows = t.max_rows == 0 ? 1000000 : t.max_rows;
	t.max_bytes = t.max_bytes == 0 ? (size_t)256 << 20 : t.max_bytes;
	return t;
}

void
routeros_close(struct routeros *ros)
{
	ros_conn_close(&ros->conn);
	arena_reset(ros->session);
	ros->in = NULL;
	ros->version = NULL;
}

/* When the arena of the handle ends, close the connection and wipe the copied password. */
static void
release(void *obj)
{
	struct routeros *ros = obj;

	routeros_close(ros);
	arena_free(ros->session);
}

struct routeros *
routeros_new(struct arena *life, const struct routeros_target *target)
{
	struct routeros *ros = arena_alloc(life, sizeof(*ros));

	*ros = (struct routeros){ .life = life, .budget = INT64_MAX, .conn = { .fd = -1 } };
	ros->to = target_copy(life, target);
	ros->session = arena_new(4096);
	arena_defer(life, release, ros);
	return ros;
}

bool
routeros_alive(struct routeros *ros)
{
	return ros->conn.fd >= 0 && ros_decoder_idle(ros->in) && ros_conn_quiet(&ros->conn);
}

void
routeros_budget(struct routeros *ros, int ms)
{
	ros->budget = ms > 0 ? clock_ms() + ms : INT64_MAX;
}

bool
routeros_reached(const struct routeros *ros)
{
	return ros->conn.dialed;
}

enum routeros_fault
routeros_fault(const struct routeros *ros)
{
	return ros->fault;
}

const struct ros_trap *
routeros_trap(const struct routeros *ros)
{
	return &ros->trap;
}

const char *
routeros_fault_name(enum routeros_fault f)
{
	static const char *const names[] = {
		[ROS_OK] = "ok",
		[ROS_UNREACHABLE] = "unreachable",
		[ROS_REFUSED] = "refused",
		[ROS_TIMEOUT] = "timeout",
		[ROS_TLS] = "tls",
		[ROS_LOGIN] = "login",
		[ROS_PERMISSION] = "permission",
		[ROS_PROTOCOL] = "protocol",
		[ROS_CLOSED] = "closed",
		[ROS_TRAP] = "trap",
	};

	return names[f];
}

bool
routeros_tls_by_name(const char *name, enum routeros_tls *ret)
{
	static const char *const names[] = {
		[ROS_TLS_VERIFY] = "verify",
		[ROS_TLS_PIN] = "pin",
		[ROS_TLS_ADH] = "adh",
		[ROS_TLS_NONE] = "none",
	};

	for (size_t i = ROS_TLS_VERIFY; i < countof(names); i++)
		if (strcmp(name, names[i]) == 0) {
			*ret = (enum routeros_tls)i;
			return true;
		}
	return false;
}

/* ------------------------------------------------------------------- failing */

static void
forget(struct routeros *ros)
{
	ros->fault = ROS_OK;
	ros->trap = (struct ros_trap){ .category = -1, .message = "", .arg = "" };
}

/*
 * Word a failure; no other function does. what says where it happened: a command's path,
 * "connect" or "login". why may be the router's own text.
 */
static enum rc
fail(struct ctx *cx, struct routeros *ros, enum routeros_fault f, const char *what, const char *why)
{
	static const char *const texts[] = {
		[ROS_OK] = "",
		[ROS_UNREACHABLE] = "cannot be reached",
		[ROS_REFUSED] = "refused the connection",
		[ROS_TIMEOUT] = "did not answer in time",
		[ROS_TLS] = "failed in TLS",
		[ROS_LOGIN] = "refused the login",
		[ROS_PERMISSION] = "does not permit this to its API user",
		[ROS_PROTOCOL] = "sent what is not the RouterOS API",
		[ROS_CLOSED] = "closed the connection",
		[ROS_TRAP] = "refused",
	};
	/* The router refuses such users like a wrong password. */
	const char *maybe = "; is the user disabled, or without the policy api?";
	const char *name = ros_text_printable(cx->mem, ros->to.name, NAME_FITS);
	bool secret = ros->to.password[0] != '\0' && strstr(why, ros->to.password) != NULL;

	ros->fault = f;
	why = secret ? "(hidden)" : ros_text_printable(cx->mem, why, TEXT_FITS);
	if (f == ROS_TRAP || f == ROS_TIMEOUT)
		(void)FAIL(cx, RC_UPSTREAM, "router %s %s (%.32s): %s", name, texts[f], what, why);
	else
		(void)FAIL(cx, RC_UPSTREAM, "router %s %s: %s%s", name, texts[f], why,
		    f == ROS_LOGIN ? maybe : "");
	(void)err_detail(&cx->err, "%s port %d, %s: %s", ros->to.host, ros->to.port, what,
	    routeros_fault_name(f));
	return RC_UPSTREAM;
}

/* Close the unusable connection. why may point into it, so the failure is worded first. */
static enum rc
broken(struct ctx *cx, struct routeros *ros, enum routeros_fault f, const char *what,
    const char *why)
{
	enum rc rc = fail(cx, ros, f, what, why);

	ros->conn.fault = f;
	routeros_close(ros);
	return rc;
}

static enum rc
trapped(struct ctx *cx, struct routeros *ros, const char *what, const struct ros_trap *trap)
{
	enum routeros_fault f = trap->kind == TRAP_PERMISSION ? ROS_PERMISSION : ROS_TRAP;
	const char *why = trap->message[0] != '\0' ? trap->message : "no reason given";

	ros->trap = *trap;
	return fail(cx, ros, f, what, why);
}

/* --------------------------------------------------------------------- login */

static struct talk
talk_of(const struct routeros *ros, struct routeros_job *jobs, size_t n)
{
	return (struct talk){
		.jobs = jobs,
		.n = n,
		.tagged = n > 1,
		.read_ms = ros->to.read_ms,
		.total_ms = ros->to.total_ms,
		.why = "",
	};
}

static enum routeros_fault
talk_once(struct ctx *cx, struct routeros *ros, struct talk *t)
{
	enum routeros_fault f = ros_talk(cx, ros, t);

	if (t->hung_up)
		routeros_close(ros);
	return f;
}

/* Hex of MD5(a zero byte, the password, the challenge); false when challenge is no hex. */
static bool
answer_of(const char *challenge, const char *password, char ret[static 35])
{
	unsigned char md[EVP_MAX_MD_SIZE], *bytes;
	EVP_MD_CTX *md5 = EVP_MD_CTX_new();
	long len = 0;
	bool ok;

	bytes = OPENSSL_hexstr2buf(challenge, &len);
	ok = bytes != NULL && len == 16 && EVP_DigestInit_ex(md5, EVP_md5(), NULL) == 1 &&
	     EVP_DigestUpdate(md5, "", 1) == 1 &&
	     EVP_DigestUpdate(md5, password, strlen(password)) == 1 &&
	     EVP_DigestUpdate(md5, bytes, 16) == 1 && EVP_DigestFinal_ex(md5, md, NULL) == 1;
	EVP_MD_CTX_free(md5);
	OPENSSL_free(bytes);
	(void)snprintf(ret, 3, "00");
	for (size_t i = 0; ok && i < 16; i++)
		(void)snprintf(ret + 2 + 2 * i, 3, "%02x", md[i]);
	return ok;
}

/* Send one /login; wipe its words, which hold a secret. */
static enum rc
login_step(struct ctx *cx, struct routeros *ros, const char *key, const char *val,
    struct routeros_reply *ret)
{
	struct routeros_job job = { .cmd = ros_cmd_new(cx->mem, "/login") };
	struct talk t = talk_of(ros, &job, 1);
	const struct ros_trap *trap;
	enum routeros_fault f;

	ros_cmd_set(&job.cmd, "name", ros->to.username);
	ros_cmd_set(&job.cmd, key, val);
	t.total_ms = ros->to.login_ms;
	if (t.read_ms > t.total_ms)
		t.read_ms = t.total_ms;
	f = talk_once(cx, ros, &t);
	explicit_bzero(job.cmd.out.buf, job.cmd.out.len);
	if (job.reply.ntraps > 0) {
		trap = &job.reply.traps[0];
		ros->trap = *trap;
		f = trap->kind == TRAP_PERMISSION ? ROS_PERMISSION : ROS_LOGIN;
		return broken(cx, ros, f, "login", trap->message);
	}
	if (f != ROS_OK)
		return broken(cx, ros, f, "login",
		    ros->conn.fault == ROS_CLOSED ? "before login; is our address allowed?"
						  : t.why);
	*ret = job.reply;
	return RC_OK;
}

/* Log in as 6.43 and later want it; an older router answers with a challenge. */
static enum rc
login(struct ctx *cx, struct routeros *ros)
{
	struct routeros_reply reply;
	char answer[35];

	TRY(login_step(cx, ros, "password", ros->to.password, &reply));
	if (reply.ret == NULL)
		return RC_OK;
	if (!answer_of(reply.ret, ros->to.password, answer))
		return broken(cx, ros, ROS_PROTOCOL, "login", "an odd challenge");
	TRY(login_step(cx, ros, "response", answer, &reply));
	return RC_OK;
}

enum rc
routeros_open(struct ctx *cx, struct routeros *ros)
{
	int64_t end = clock_ms() + ros->to.connect_ms;

	routeros_close(ros);
	forget(ros);
	ros->tags = 0;
	if (ros->to.budget_ms > 0)
		routeros_budget(ros, ros->to.budget_ms);
	if (!ros_conn_open(&ros->conn, &ros->to, end < ros->budget ? end : ros->budget))
		return broken(cx, ros, ros->conn.fault, "connect", ros->conn.why);
	ros->in = ros_decoder_new(ros->session);
	return login(cx, ros);
}

/* ------------------------------------------------------------------ commands */

/* Check what must hold before a command is sent. */
static enum rc
ready(struct ctx *cx, struct routeros *ros, const struct routeros_job *jobs, size_t n)
{
	forget(ros);
	for (size_t i = 0; i < n; i++)
		if (jobs[i].cmd.bad)
			return FAIL(cx, RC_INTERNAL, "%s: malformed router command",
			    jobs[i].cmd.path);
	if (ros->conn.fd < 0)
		return fail(cx, ros, ROS_CLOSED, jobs[0].cmd.path, "it is not connected");
	if (!routeros_alive(ros))
		return broken(cx, ros, ROS_CLOSED, jobs[0].cmd.path, "while nothing was asked");
	return RC_OK;
}

enum rc
routeros_batch(struct ctx *cx, struct routeros *ros, struct routeros_job *jobs, size_t n)
{
	struct talk t = talk_of(ros, jobs, n);
	enum routeros_fault f;

	for (size_t i = 0; i < n; i++) {
		jobs[i].reply = (struct routeros_reply){ .done = false };
		jobs[i].sent = false;
	}
	if (n == 0)
		return RC_OK;
	TRY(ready(cx, ros, jobs, n));
	f = talk_once(cx, ros, &t);
	if (f != ROS_OK)
		(void)broken(cx, ros, f, t.path, t.why);
	if (t.row_rc != RC_OK)
		cx->err = t.row_err;
	return t.row_rc != RC_OK ? t.row_rc : f != ROS_OK ? RC_UPSTREAM : RC_OK;
}

enum rc
routeros_ask(struct ctx *cx, struct routeros *ros, const struct ros_cmd *cmd, routeros_row_fn *row,
    void *arg, struct routeros_reply *ret)
{
	struct routeros_job job = { .cmd = *cmd, .row = row, .arg = arg };

	TRY(routeros_batch(cx, ros, &job, 1));
	if (ret != NULL)
		*ret = job.reply;
	return RC_OK;
}

enum rc
routeros_check(struct ctx *cx, struct routeros *ros, const struct ros_cmd *cmd,
    const struct routeros_reply *reply)
{
	return reply->ntraps == 0 ? RC_OK : trapped(cx, ros, cmd->path, &reply->traps[0]);
}

enum rc
routeros_run(struct ctx *cx, struct routeros *ros, const struct ros_cmd *cmd, routeros_row_fn *row,
    void *arg, struct routeros_reply *ret)
{
	struct routeros_reply reply;

	TRY(routeros_ask(cx, ros, cmd, row, arg, &reply));
	TRY(routeros_check(cx, ros, cmd, &reply));
	if (ret != NULL)
		*ret = reply;
	return RC_OK;
}

bool
routeros_missing(const struct routeros_reply *reply)
{
	return reply->ntraps > 0 && reply->traps[0].kind == TRAP_NO_COMMAND;
}

enum rc
routeros_print(struct ctx *cx, struct routeros *ros, const struct ros_cmd *cmd, bool optional,
    routeros_row_fn *row, void *arg)
{
	struct routeros_reply reply;

	TRY(routeros_ask(cx, ros, cmd, row, arg, &reply));
	return optional && routeros_missing(&reply) ? RC_OK : routeros_check(cx, ros, cmd, &reply);
}

/* ------------------------------------------------------------------- look-ups */

static enum rc
keep_first(struct ctx *cx, const struct ros_row *row, void *arg)
{
	struct ros_row *first = arg;

	if (first->nattrs == 0)
		*first = ros_row_dup(cx->mem, row);
	return RC_OK;
}

enum rc
routeros_one(struct ctx *cx, struct routeros *ros, const struct ros_cmd *cmd, struct ros_row *ret)
{
	struct ros_row first = { .text = "" };

	TRY(routeros_run(cx, ros, cmd, keep_first, &first, NULL));
	*ret = first;
	return RC_OK;
}

enum rc
routeros_version(struct ctx *cx, struct routeros *ros, const char **ret)
{
	struct ros_cmd cmd = ros_cmd_new(cx->mem, "/system/resource/print");
	struct ros_row row;
	const char *version;

	if (ros->version == NULL) {
		ros_cmd_props(&cmd, "version");
		TRY(routeros_one(cx, ros, &cmd, &row));
		version = ros_row_get(&row, "version");
		ros->version = arena_strdup(ros->session, version == NULL ? "" : version);
	}
	*ret = ros->version;
	return RC_OK;
}

static bool
is_id(const char *s)
{
	return s != NULL && s[0] == '*' && s[1] != '\0' &&
	       strspn(s + 1, "0123456789ABCDEFabcdef") == strlen(s + 1);
}

/* A look-up of ids: those found so far, and the value that a row must have. */
struct search {
	const char *prop, *val;
	struct routeros_ids found;
	size_t room;
};

static void
add_id(struct ctx *cx, struct search *s, const char *id)
{
	const char **more;

	if (s->found.n == s->room) {
		s->room = s->room == 0 ? 4 : 2 * s->room;
		more = arena_alloc(cx->mem, s->room * sizeof(*more));
		if (s->found.n != 0)
			memcpy(more, s->found.id, s->found.n * sizeof(*more));
		s->found.id = more;
	}
	s->found.id[s->found.n++] = arena_strdup(cx->mem, id);
}

/* The router has filtered, but a wrong id would change another customer: check again. */
static enum rc
keep_id(struct ctx *cx, const struct ros_row *row, void *arg)
{
	struct search *s = arg;
	const char *id = ros_row_get(row, ".id"), *val = ros_row_get(row, s->prop);

	if (is_id(id) && val != NULL && strcmp(val, s->val) == 0)
		add_id(cx, s, id);
	return RC_OK;
}

enum rc
routeros_ids(struct ctx *cx, struct routeros *ros, const char *menu, const char *prop,
    const char *val, struct routeros_ids *ret)
{
	struct ros_cmd cmd = ros_cmd_new(cx->mem, arena_printf(cx->mem, "%s/print", menu));
	struct search s = { .prop = prop, .val = val };

	ros_cmd_props(&cmd, arena_printf(cx->mem, ".id,%s", prop));
	ros_cmd_where(&cmd, prop, val);
	TRY(routeros_run(cx, ros, &cmd, keep_id, &s, NULL));
	*ret = s.found;
	return RC_OK;
}
