#include "net/easy.h"

#include <string.h>

static void
release_easy(void *easy)
{
	curl_easy_cleanup(easy);
}

CURL *
easy_new(struct arena *life)
{
	CURL *easy = curl_easy_init();

	if (easy != NULL)
		arena_defer(life, release_easy, easy);
	return easy;
}

size_t
easy_give(char *to, size_t size, size_t n, void *text)
{
	struct easy_text *t = text;
	size_t len = size * n < t->len ? size * n : t->len;

	if (len > 0)
		memcpy(to, t->rest, len);
	t->rest += len;
	t->len -= len;
	return len;
}
