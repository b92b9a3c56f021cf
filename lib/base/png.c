/* png.c: see png.h. */
#include "base/png.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include "base/macro.h"

enum { CHUNK = 12, HEADER = 13, BUFFER = 16384 }; /* bytes of a chunk without its data; of IHDR's */

struct png {
	uint32_t width, height;
	unsigned depth, color;
	bool has_header, has_palette, is_ended;
	bool in_pixels, pixels_end; /* IDAT chunks follow each other */
	z_stream zip;
	bool zip_ended;
	uint64_t raw, raw_expected; /* bytes of pixels, inflated */
	unsigned char *buffer;
};

struct chunk {
	const unsigned char *type, *data;
	uint32_t len;
};

static uint32_t
number(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool
is_type(const struct chunk *c, const char *type)
{
	return memcmp(c->type, type, 4) == 0;
}

/* ---- the header ---- */

/* Channels of each colour type, and its bit depths as a mask. */
static const struct {
	unsigned channels, depths;
} colors[] = {
	[0] = { 1, 1U << 1 | 1U << 2 | 1U << 4 | 1U << 8 | 1U << 16 },
	[2] = { 3, 1U << 8 | 1U << 16 },
	[3] = { 1, 1U << 1 | 1U << 2 | 1U << 4 | 1U << 8 },
	[4] = { 2, 1U << 8 | 1U << 16 },
	[6] = { 4, 1U << 8 | 1U << 16 },
};

/* Bytes of a picture of that size: each row has a filter byte before it. */
static uint64_t
raw_size(const struct png *p, uint64_t width, uint64_t height)
{
	const uint64_t bits = width * p->depth * colors[p->color].channels;

	return width == 0 ? 0 : height * (1 + (bits + 7) / 8);
}

/* Adam7 stores the pixels as seven pictures. */
static uint64_t
raw_size_interlaced(const struct png *p)
{
	static const struct {
		uint32_t x, y, dx, dy;
	} passes[] = { { 0, 0, 8, 8 }, { 4, 0, 8, 8 }, { 0, 4, 4, 8 }, { 2, 0, 4, 4 },
		{ 0, 2, 2, 4 }, { 1, 0, 2, 2 }, { 0, 1, 1, 2 } };
	uint64_t sum = 0;

	for (size_t i = 0; i < countof(passes); i++)
		sum += raw_size(p, (p->width + passes[i].dx - 1 - passes[i].x) / passes[i].dx,
		    (p->height + passes[i].dy - 1 - passes[i].y) / passes[i].dy);
	return sum;
}

static const char *
read_header(struct png *p, const struct chunk *c)
{
	const unsigned char *d = c->data;

	if (p->has_header || c->len != HEADER)
		return "has a broken header.";
	p->has_header = true;
	p->width = number(d);
	p->height = number(d + 4);
	p->depth = d[8];
	p->color = d[9];
	if (p->color >= countof(colors) || p->depth > 16 ||
	    (colors[p->color].depths >> p->depth & 1) == 0 || d[10] != 0 || d[11] != 0 || d[12] > 1)
		return "has a broken header.";
	if (p->width == 0 || p->height == 0 || p->width > PNG_SIDE_MAX || p->height > PNG_SIDE_MAX)
		return "must be at most 2000 pixels wide and high.";
	p->raw_expected = d[12] == 1 ? raw_size_interlaced(p) : raw_size(p, p->width, p->height);
	return NULL;
}

/* ---- the pixels ---- */

/* Inflate the data of a chunk; false: damaged, or more than the header promises. */
static bool
inflate_pixels(struct png *p, const struct chunk *c)
{
	z_stream *z = &p->zip;
	int state = Z_OK;

	z->next_in = (unsigned char *)(uintptr_t)c->data;
	z->avail_in = c->len;
	while (state == Z_OK && p->raw <= p->raw_expected) {
		z->next_out = p->buffer;
		z->avail_out = BUFFER;
		state = inflate(z, Z_NO_FLUSH);
		p->raw += BUFFER - z->avail_out;
	}
	p->zip_ended = state == Z_STREAM_END;
	return z->avail_in == 0 && (p->zip_ended || state == Z_BUF_ERROR) &&
	       p->raw <= p->raw_expected;
}

static const char *
read_pixels(struct png *p, const struct chunk *c)
{
	if (p->pixels_end || p->zip_ended || (p->color == 3 && !p->has_palette) ||
	    !inflate_pixels(p, c))
		return "has damaged pixels.";
	p->in_pixels = true;
	return NULL;
}

static const char *
read_palette(struct png *p, const struct chunk *c)
{
	if (p->has_palette || p->in_pixels || c->len == 0 || c->len % 3 != 0 || c->len > 768)
		return "has a damaged palette.";
	p->has_palette = true;
	return NULL;
}

static const char *
read_end(struct png *p, const struct chunk *c)
{
	p->is_ended = true;
	return c->len == 0 && p->zip_ended && p->raw == p->raw_expected ? NULL
									: "has damaged pixels.";
}

/* ---- the walk ---- */

/* Chunks that change no pixel, or only colours; animations and unknown chunks are refused. */
static bool
is_harmless(const struct chunk *c)
{
	static const char *const types[] = { "bKGD", "cHRM", "eXIf", "gAMA", "hIST", "iCCP", "iTXt",
		"pHYs", "sBIT", "sRGB", "tEXt", "tIME", "tRNS", "zTXt" };

	for (size_t i = 0; i < countof(types); i++)
		if (is_type(c, types[i]))
			return true;
	return false;
}

static const char *
read_chunk(struct png *p, const struct chunk *c)
{
	if (is_type(c, "IHDR"))
		return read_header(p, c);
	if (!p->has_header)
		return "has a broken header.";
	if (is_type(c, "IDAT"))
		return read_pixels(p, c);
	p->pixels_end = p->in_pixels;
	if (is_type(c, "PLTE"))
		return read_palette(p, c);
	if (is_type(c, "IEND"))
		return read_end(p, c);
	return is_harmless(c) ? NULL : "has parts that no logo needs.";
}

static const char *
walk(struct png *p, const unsigned char *data, size_t n)
{
	const char *fault = NULL;
	size_t at = 8;

	while (fault == NULL && !p->is_ended) {
		struct chunk c;

		if (n - at < CHUNK || number(data + at) > n - at - CHUNK)
			return "is cut off.";
		c.len = number(data + at);
		c.type = data + at + 4;
		c.data = data + at + 8;
		if (crc32(0, c.type, c.len + 4) != number(c.data + c.len))
			return "is damaged.";
		fault = read_chunk(p, &c);
		at += CHUNK + c.len;
	}
	return fault == NULL && at != n ? "has something behind its end." : fault;
}

const char *
png_fault(struct arena *mem, const unsigned char *data, size_t n)
{
	static const unsigned char signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
	struct png p = { .buffer = arena_alloc(mem, BUFFER) };
	const char *fault;

	if (n < sizeof(signature) || memcmp(data, signature, sizeof(signature)) != 0)
		return "must be a PNG.";
	if (inflateInit(&p.zip) != Z_OK)
		return "cannot be read now.";
	fault = walk(&p, data, n);
	(void)inflateEnd(&p.zip);
	return fault;
}
