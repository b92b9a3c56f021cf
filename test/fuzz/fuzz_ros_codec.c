/*
 * fuzz_ros_codec: whatever a router sends, in whatever pieces.
 *
 * The first byte says how large the pieces are.  Fed piece by piece or all at
 * once, the same sentences must come out; every text must be UTF-8 and end
 * with its NUL; and what a trap says must be readable.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "net/ros_codec.h"
#include "net/ros_text.h"
#include "net/ros_trap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
check_text(const char *s, size_t len)
{
	must(s[len] == '\0');
	must(ros_text_is_utf8(s, len));
}

/* A trap's text is for people: one line, no control characters. */
static void
check_trap(struct arena *mem, const struct ros_row *row)
{
	const char *message = ros_row_get(row, "message");
	struct ros_trap t;

	if (message == NULL)
		return;
	t = ros_trap_read(mem, message, ros_row_get(row, "category"));
	must(ros_text_is_utf8(t.message, strlen(t.message)));
	for (const char *p = t.message; *p != '\0'; p++)
		must((unsigned char)*p >= ' ' && *p != 0x7F);
	must(strlen(t.arg) <= strlen(t.message));
}

static void
check_row(struct arena *mem, const struct ros_row *row, struct sb *log)
{
	struct ros_row copy = ros_row_dup(mem, row);

	sb_printf(log, "%d %u %s", row->kind, row->tag, row->text);
	for (size_t i = 0; i < row->nattrs; i++) {
		const struct ros_attr *a = &row->attrs[i];

		must(memchr(a->key, '=', a->keylen) == NULL);
		check_text(a->key, a->keylen);
		check_text(a->val, a->len);
		must(a->keylen == strlen(a->key) ? ros_row_attr(&copy, a->key) != NULL : true);
		sb_putc(log, '|');
		sb_add(log, a->key, a->keylen);
		sb_putc(log, '=');
		sb_add(log, a->val, a->len);
	}
	sb_putc(log, '\n');
	check_trap(mem, row);
}

/* All that comes out when the bytes go in by pieces, and how it ended. */
static struct sb
decode(struct arena *mem, const uint8_t *data, size_t size, size_t piece)
{
	struct ros_decoder *d = ros_decoder_new(mem);
	struct sb log = sb_new(mem);
	struct ros_row row;
	enum ros_step step;
	size_t room;

	while ((step = ros_decoder_next(d, &row)) != ROS_STEP_BAD) {
		if (step == ROS_STEP_ROW) {
			check_row(mem, &row, &log);
			continue;
		}
		if (size == 0)
			break;
		char *to = ros_decoder_room(d, &room);

		must(room > 0);
		room = room < piece ? room : piece;
		room = room < size ? room : size;
		memcpy(to, data, room);
		ros_decoder_fed(d, room);
		data += room;
		size -= room;
	}
	sb_puts(&log, step == ROS_STEP_BAD ? ros_decoder_why(d) : "need");
	return log;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *mem;
	struct sb whole, pieces;

	if (size == 0)
		return 0;
	mem = arena_new(65536);
	whole = decode(mem, data + 1, size - 1, SIZE_MAX);
	pieces = decode(mem, data + 1, size - 1, (size_t)data[0] + 1);
	must(whole.len == pieces.len && memcmp(whole.buf, pieces.buf, whole.len) == 0);
	arena_free(mem);
	return 0;
}
