#include "sheet/zip.h"

#include <string.h>
#include <zlib.h>

#include "base/sb.h"

enum {
	PART_MAX = 64 << 20,
	RATIO_MAX = 100,
	RATIO_FREE = 1 << 20, /* small parts may have any ratio */
	END_SIZE = 22,        /* bytes of the record that ends an archive */
	END_COMMENT = 65535,
	ENTRY_SIZE = 46, /* bytes of an entry of the directory, without its name */
	LOCAL_SIZE = 30, /* bytes of the header before a file's data */
	STORED = 0,
	DEFLATED = 8,
	RAW = -15, /* window bits of zlib for deflate without a header */
	GZIP = 31,
};

struct entry {
	const char *name;
	size_t name_len, packed, size, offset;
	unsigned method;
};

static unsigned
u16(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return b[0] | (unsigned)b[1] << 8;
}

static size_t
u32(const char *p)
{
	return u16(p) | (size_t)u16(p + 2) << 16;
}

static void
end_inflate(void *z)
{
	(void)inflateEnd(z);
}

static enum rc
unpack(struct ctx *cx, const char *data, size_t len, int bits, size_t max, struct sb *out)
{
	z_stream *z = arena_alloc(cx->mem, sizeof(*z));
	int state = Z_OK;

	if (inflateInit2(z, bits) != Z_OK)
		return FAIL(cx, RC_INTERNAL, "zlib does not start");
	arena_defer(cx->mem, end_inflate, z);
	z->next_in = (Bytef *)(uintptr_t)data; /* zlib only reads it */
	z->avail_in = (uInt)len;
	while (state == Z_OK && out->len <= max) {
		z->next_out = (Bytef *)sb_room(out, 1 << 16);
		z->avail_out = 1 << 16;
		state = inflate(z, Z_NO_FLUSH);
		sb_took(out, (1 << 16) - z->avail_out);
		if (state == Z_BUF_ERROR && z->avail_in > 0)
			state = Z_OK;
	}
	if (out->len > max)
		return FAIL(cx, RC_INVALID, "The file unpacks to more than %zu MiB.", max >> 20);
	if (state != Z_STREAM_END)
		return FAIL(cx, RC_INVALID, "The file is broken: it does not unpack.");
	return RC_OK;
}

/* Find the record at the end; NULL: this is no archive. */
static const char *
find_end(const char *data, size_t len)
{
	size_t lowest = len > END_SIZE + END_COMMENT ? len - END_SIZE - END_COMMENT : 0;

	for (size_t at = len < END_SIZE ? 0 : len - END_SIZE + 1; at-- > lowest;)
		if (memcmp(data + at, "PK\5\6", 4) == 0)
			return data + at;
	return NULL;
}

/* Read the directory's entry at *at and move *at to the next; false: malformed. */
static bool
read_entry(const char *data, size_t len, size_t *at, struct entry *ret)
{
	const char *p = data + *at;

	if (*at > len || len - *at < ENTRY_SIZE || memcmp(p, "PK\1\2", 4) != 0)
		return false;
	*ret = (struct entry){ .name = p + ENTRY_SIZE,
		.name_len = u16(p + 28),
		.packed = u32(p + 20),
		.size = u32(p + 24),
		.offset = u32(p + 42),
		.method = u16(p + 10) };
	*at += ENTRY_SIZE + ret->name_len + u16(p + 30) + u16(p + 32);
	return *at <= len;
}

static enum rc
unpack_entry(struct ctx *cx, const char *data, size_t len, const struct entry *e, struct sb *out)
{
	size_t begin, max = e->packed * RATIO_MAX + RATIO_FREE;

	if (e->offset > len || len - e->offset < LOCAL_SIZE)
		return FAIL(cx, RC_INVALID, "The file is broken: a part lies outside of it.");
	begin = e->offset + LOCAL_SIZE + u16(data + e->offset + 26) + u16(data + e->offset + 28);
	if (begin > len || len - begin < e->packed)
		return FAIL(cx, RC_INVALID, "The file is broken: a part lies outside of it.");
	if (e->method == STORED) {
		sb_add(out, data + begin, e->packed);
		return RC_OK;
	}
	if (e->method != DEFLATED)
		return FAIL(cx, RC_INVALID, "The file is packed in a way that is not known.");
	return unpack(cx, data + begin, e->packed, RAW, max < PART_MAX ? max : PART_MAX, out);
}

enum rc
zip_part(struct ctx *cx, const char *data, size_t len, const char *name, const char **ret,
    size_t *ret_len)
{
	const char *end = find_end(data, len);
	size_t at, n;
	struct entry e;
	struct sb out = sb_new(cx->mem);

	*ret = NULL;
	*ret_len = 0;
	if (end == NULL)
		return FAIL(cx, RC_INVALID, "The file is broken: it has no end.");
	n = u16(end + 10);
	at = u32(end + 16);
	for (size_t i = 0; i < n; i++) {
		if (!read_entry(data, len, &at, &e))
			return FAIL(cx, RC_INVALID, "The file is broken: its directory is cut.");
		if (e.name_len != strlen(name) || memcmp(e.name, name, e.name_len) != 0)
			continue;
		TRY(unpack_entry(cx, data, len, &e, &out));
		*ret = out.buf;
		*ret_len = out.len;
		return RC_OK;
	}
	return RC_OK;
}

enum rc
zip_gunzip(struct ctx *cx, const char *data, size_t len, size_t max, const char **ret,
    size_t *ret_len)
{
	struct sb out = sb_new(cx->mem);

	TRY(unpack(cx, data, len, GZIP, max, &out));
	*ret = out.buf;
	*ret_len = out.len;
	return RC_OK;
}
