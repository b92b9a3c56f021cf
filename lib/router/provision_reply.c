/* provision_reply.c: the meaning of a router's answers for the accounts of a batch. */
#include "router/provision_int.h"

const char *
provision_refusal(struct ctx *cx, struct batch *b, const struct routeros_job *job)
{
	const char *words;

	if (routeros_check(cx, b->ros, &job->cmd, &job->reply) == RC_OK)
		return NULL;
	words = arena_strdup(cx->mem, cx->err.msg);
	if (b->refusal == NULL && !provision_missing(job))
		b->refusal = words;
	return words;
}

bool
provision_missing(const struct routeros_job *job)
{
	return routeros_missing(&job->reply);
}

void
task_fail(struct task *t, const char *error)
{
	if (t->error == NULL)
		t->error = error;
}

bool
provision_reads_tables(const struct batch *b)
{
	return b->check || b->ntasks > PROVISION_BY_NAME_MAX;
}
