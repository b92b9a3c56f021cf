/* key.c: APP_KEY: making a key, and sealing every secret with it. */
#include <stdio.h>

#include <sodium.h>

#include "ctl/ctl.h"
#include "work/reseal.h"

enum rc
cmd_key_generate(struct ispctl *ctl)
{
	unsigned char key[32];
	char text[64];

	if (sodium_init() < 0)
		return FAIL(ctl->cx, RC_INTERNAL, "libsodium does not start");
	randombytes_buf(key, sizeof(key));
	(void)sodium_bin2base64(text, sizeof(text), key, sizeof(key),
	    sodium_base64_VARIANT_ORIGINAL);
	(void)printf("base64:%s\n", text);
	return RC_OK;
}

static void
print_unopened(void *arg, const char *place)
{
	(void)arg;
	(void)fprintf(stderr, "ispctl: no key opens %s\n", place);
}

enum rc
cmd_key_rotate(struct ispctl *ctl)
{
	struct reseal_report rep;

	command_row_by_row(ctl->cx);
	TRY(reseal_all(ctl->cx, print_unopened, NULL, &rep));
	(void)printf("%zu secrets, %zu sealed anew, %zu failed\n", rep.seen, rep.resealed,
	    rep.failed);
	if (rep.failed > 0)
		return FAIL(ctl->cx, RC_INTERNAL, "%zu secrets could not be opened", rep.failed);
	return RC_OK;
}
