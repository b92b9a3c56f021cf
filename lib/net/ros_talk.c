#include "net/ros_talk.h"

#include <limits.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"

/* Most bytes in our own buffer before no more commands are added. */
#define OUT_MAX ((size_t)64 << 10)

/* The state of one exchange: some jobs and their answers. */
struct run {
	struct ctx *cx;
	struct routeros *ros;
	struct talk *t;
	size_t sent, done;
	size_t oldest; /* every job before this one is finished */
	int64_t *due;  /* deadline of each job sent */
	int64_t moved; /* when a byte last came or went */
	size_t received;
	struct sb out;
	size_t written; /* bytes of out that are sent */
};

static enum routeros_fault
fault(struct run *r, enum routeros_fault f, const char *why)
{
	r->t->why = why;
	return f;
}

/* ------------------------------------------------------------------ sending */

static unsigned
tag_of(const struct run *r, size_t job)
{
	return r->t->tagged ? r->ros->tags + (unsigned)job + 1 : 0;
}

/* Fill the buffer with as many commands as may be under way. */
static void
fill(struct run *r)
{
	size_t window = r->t->tagged ? ROS_WINDOW : 1;

	while (r->sent < r->t->n && r->sent - r->done < window && r->out.len < OUT_MAX) {
		ros_cmd_seal(&r->t->jobs[r->sent].cmd, tag_of(r, r->sent), &r->out);
		r->t->jobs[r->sent].sent = true;
		r->due[r->sent] = clock_ms() + r->t->total_ms;
		r->sent++;
	}
}

/* Send whole sentences, in one write where the kernel takes them. */
static enum routeros_fault
push(struct run *r)
{
	ssize_t n;

	fill(r);
	while (r->written < r->out.len) {
		n = ros_conn_write(&r->ros->conn, r->out.buf + r->written, r->out.len - r->written);
		if (n < 0)
			return fault(r, r->ros->conn.fault, r->ros->conn.why);
		if (n == 0)
			return ROS_OK;
		r->written += (size_t)n;
		r->moved = clock_ms();
	}
	explicit_bzero(r->out.buf, r->out.len); /* it may have held a password */
	r->out.len = r->written = 0;
	return ROS_OK;
}

/* ---------------------------------------------------------------- receiving */

/* The job that a reply belongs to; NULL when its tag is of no job under way. */
static struct routeros_job *
job_of(struct run *r, const struct ros_row *row)
{
	size_t i = r->t->tagged ? (size_t)(row->tag - r->ros->tags - 1) : r->oldest;

	if ((row->tag == 0) == r->t->tagged || i >= r->sent || r->t->jobs[i].reply.done)
		return NULL;
	return &r->t->jobs[i];
}

static enum routeros_fault
take_row(struct run *r, struct routeros_job *job, const struct ros_row *row)
{
	if (++job->reply.rows > r->ros->to.max_rows)
		return fault(r, ROS_PROTOCOL, "too many rows");
	if (job->row == NULL || r->t->row_rc != RC_OK)
		return ROS_OK;
	r->t->row_rc = job->row(r->cx, row, job->arg);
	if (r->t->row_rc != RC_OK)
		r->t->row_err = r->cx->err;
	return ROS_OK;
}

static void
take_trap(struct run *r, struct routeros_reply *reply, const struct ros_row *row)
{
	const char *message = ros_row_get(row, "message");
	struct arena *mem = r->cx->mem;

	if (reply->traps == NULL)
		reply->traps = arena_alloc(mem, ROS_TRAPS_KEPT * sizeof(*reply->traps));
	if (reply->ntraps < ROS_TRAPS_KEPT)
		reply->traps[reply->ntraps] = ros_trap_read(mem, message == NULL ? "" : message,
		    ros_row_get(row, "category"));
	reply->ntraps++;
}

static void
take_done(struct run *r, struct routeros_reply *reply, const struct ros_row *row)
{
	const char *ret = ros_row_get(row, "ret");

	if (ret != NULL)
		reply->ret = arena_strdup(r->cx->mem, ret);
	reply->done = true;
	r->done++;
	while (r->oldest < r->sent && r->t->jobs[r->oldest].reply.done)
		r->oldest++;
}

static enum routeros_fault
take_fatal(struct run *r, const struct ros_row *row)
{
	const char *why = row->text[0] != '\0' ? row->text : ros_row_get(row, "message");

	why = arena_strdup(r->cx->mem, why == NULL ? "without a reason" : why);
	if (strcasestr(why, "not logged in") != NULL || strcasestr(why, "before login") != NULL)
		return fault(r, ROS_LOGIN, why);
	return fault(r, ROS_CLOSED, why);
}

/* Give one sentence to its job. */
static enum routeros_fault
take_sentence(struct run *r, const struct ros_row *row)
{
	struct routeros_job *job;

	if (row->kind == ROS_KIND_FATAL)
		return take_fatal(r, row);
	job = job_of(r, row);
	if (job == NULL)
		return fault(r, ROS_PROTOCOL, "an answer to nothing that was asked");
	if (row->kind == ROS_KIND_RE)
		return take_row(r, job, row);
	if (row->kind == ROS_KIND_TRAP)
		take_trap(r, &job->reply, row);
	else if (row->kind == ROS_KIND_DONE)
		take_done(r, &job->reply, row);
	return ROS_OK;
}

/* Process all complete sentences. */
static enum routeros_fault
take_all(struct run *r)
{
	struct ros_row row;
	enum ros_step step;
	enum routeros_fault f;

	while ((step = ros_decoder_next(r->ros->in, &row)) == ROS_STEP_ROW)
		if ((f = take_sentence(r, &row)) != ROS_OK)
			return f;
	if (step == ROS_STEP_BAD)
		return fault(r, ROS_PROTOCOL, ros_decoder_why(r->ros->in));
	return ROS_OK;
}

/* ------------------------------------------------------------------ waiting */

/* The earlier of the oldest command's deadline and that of the whole exchange. */
static int64_t
end_of(const struct run *r)
{
	int64_t due = r->oldest < r->sent ? r->due[r->oldest] : INT64_MAX;

	return due < r->ros->budget ? due : r->ros->budget;
}

static enum routeros_fault
wait_for(struct run *r)
{
	short events = r->ros->conn.wait;
	int64_t end = end_of(r), silence = r->moved + r->t->read_ms;

	events = (short)(events | POLLIN | (r->written < r->out.len ? POLLOUT : 0));
	if (!ros_conn_wait(&r->ros->conn, events, silence < end ? silence : end))
		return fault(r, ROS_TIMEOUT, silence < end ? "it fell silent" : "it took too long");
	return ROS_OK;
}

/* Read the bytes that are there, or wait for some. */
static enum routeros_fault
pull(struct run *r)
{
	size_t room;
	char *to = ros_decoder_room(r->ros->in, &room);
	ssize_t n = ros_conn_read(&r->ros->conn, to, room);
	enum routeros_fault f;

	if (n < 0)
		return fault(r, r->ros->conn.fault, r->ros->conn.why);
	if (n == 0)
		return wait_for(r);
	ros_decoder_fed(r->ros->in, (size_t)n);
	r->received += (size_t)n;
	if (r->received > r->ros->to.max_bytes)
		return fault(r, ROS_PROTOCOL, "too many bytes");
	f = take_all(r);
	r->moved = clock_ms(); /* time in our own row functions is no silence of the router */
	return f;
}

static enum routeros_fault
talk_step(struct run *r)
{
	enum routeros_fault f = push(r);

	if (f == ROS_OK && clock_ms() >= end_of(r))
		f = fault(r, ROS_TIMEOUT, "it took too long");
	return f == ROS_OK ? pull(r) : f;
}

enum routeros_fault
ros_talk(struct ctx *cx, struct routeros *ros, struct talk *t)
{
	struct run r = { .cx = cx, .ros = ros, .t = t, .moved = clock_ms() };
	enum routeros_fault f = ROS_OK;

	if (ros->tags > UINT_MAX / 8)
		ros->tags = 0;
	r.due = arena_alloc(cx->mem, t->n * sizeof(*r.due));
	r.out = sb_new(cx->mem);
	while (f == ROS_OK && r.done < t->n)
		f = talk_step(&r);
	if (f == ROS_CLOSED && r.done == t->n) {
		t->hung_up = true; /* a !fatal after the last answer spoils none of them */
		return ROS_OK;
	}
	if (f == ROS_OK && !ros_decoder_idle(ros->in))
		f = fault(&r, ROS_PROTOCOL, "more than was asked for");
	ros->tags += t->tagged ? (unsigned)t->n : 0;
	t->path = t->jobs[r.oldest < t->n ? r.oldest : t->n - 1].cmd.path;
	return f;
}
