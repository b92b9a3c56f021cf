/* resolve.c: getaddrinfo_a(3), see resolve.h. */
#include "net/resolve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

void
resolve_start(struct resolve *r, const char *host)
{
	struct gaicb *list[1] = { &r->call };

	r->hints = (struct addrinfo){ .ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG };
	r->call = (struct gaicb){ .ar_name = host, .ar_request = &r->hints };
	r->is_refused = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) != 0;
}

enum resolve_state
resolve_poll(struct resolve *r, struct sockaddr_storage *ret, const char **why)
{
	const int status = r->is_refused ? EAI_AGAIN : gai_error(&r->call);

	if (status == EAI_INPROGRESS)
		return RESOLVE_PENDING;
	if (status != 0) {
		*why = gai_strerror(status);
		return RESOLVE_FAILED;
	}
	*ret = (struct sockaddr_storage){ 0 };
	memcpy(ret, r->call.ar_result->ai_addr, r->call.ar_result->ai_addrlen);
	freeaddrinfo(r->call.ar_result);
	r->call.ar_result = NULL;
	return RESOLVE_FOUND;
}

void
resolve_cancel(struct resolve *r)
{
	(void)gai_cancel(&r->call);
}

/* The usual form of IPv4, which getaddrinfo() needs ten times as long for. */
static bool
is_dotted(const char *text, struct sockaddr_storage *ret)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, text, &in.sin_addr) != 1)
		return false;
	*ret = (struct sockaddr_storage){ 0 };
	memcpy(ret, &in, sizeof(in));
	return true;
}

bool
resolve_numeric(const char *text, struct sockaddr_storage *ret)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *found;

	if (is_dotted(text, ret))
		return true;
	if (getaddrinfo(text, NULL, &hints, &found) != 0)
		return false;
	*ret = (struct sockaddr_storage){ 0 };
	memcpy(ret, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return true;
}

const char *
resolve_text(struct ctx *cx, const struct sockaddr_storage *addr)
{
	char *text = arena_alloc(cx->mem, NI_MAXHOST);

	if (getnameinfo((const void *)addr, sizeof(*addr), text, NI_MAXHOST, NULL, 0,
		NI_NUMERICHOST) != 0)
		return "";
	return text;
}
