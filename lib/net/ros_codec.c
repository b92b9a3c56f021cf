#include "net/ros_codec.h"

#include <limits.h>
#include <string.h>

#include "net/ros_text.h"

#define FIRST_BUFFER ((size_t)64 << 10)
#define LEAST_ROOM   ((size_t)4 << 10)

/* A word of the sentence being received: where, from the sentence's first byte. */
struct span {
	uint32_t off, len;
};

/*
 * buf[start..end) is received and not yet handed out; scan of its bytes are known to be
 * complete words. given is the length of the sentence handed out last, which the next call
 * drops.
 */
struct ros_decoder {
	struct arena *mem;
	struct arena *texts; /* of the current row only */
	bool has_texts;
	char *buf;
	size_t cap, start, end, scan, given;
	struct span words[ROS_WORDS_MAX];
	struct ros_attr attrs[ROS_WORDS_MAX];
	size_t nwords;
	const char *why;
};

/* ------------------------------------------------------------------ sending */

size_t
ros_length_put(uint32_t n, unsigned char ret[static 5])
{
	static const uint32_t below[] = { 0x80, 0x4000, 0x200000, 0x10000000 };
	static const unsigned char mark[] = { 0, 0x80, 0xC0, 0xE0, 0xF0 };
	size_t more = 0; /* bytes after the first */

	while (more < countof(below) && n >= below[more])
		more++;
	for (size_t i = more; i > 0; i--, n >>= 8)
		ret[i] = (unsigned char)n;
	ret[0] = (unsigned char)(mark[more] | n);
	return more + 1;
}

static void
put_length(struct sb *out, size_t n)
{
	unsigned char head[5];
	size_t len = ros_length_put((uint32_t)n, head);

	sb_add(out, (const char *)head, len);
}

static void
put_word(struct sb *out, const char *word)
{
	size_t n = strlen(word);

	put_length(out, n);
	sb_add(out, word, n);
}

/* Paths and keys are constants of ours: this finds our own mistakes. */
static bool
is_name(const char *s)
{
	for (const char *p = s; *p != '\0'; p++)
		if (*p == '=' || *p <= ' ' || *p > '~')
			return false;
	return *s != '\0';
}

static void
put_pair(struct ros_cmd *c, char mark, const char *key, const char *val)
{
	size_t keylen = strlen(key), len = strlen(val);

	if (!is_name(key) || len > ROS_WORD_MAX - keylen - 2) {
		c->bad = true;
		return;
	}
	put_length(&c->out, 1 + keylen + 1 + len);
	sb_putc(&c->out, mark);
	sb_add(&c->out, key, keylen);
	sb_putc(&c->out, '=');
	sb_add(&c->out, val, len);
}

struct ros_cmd
ros_cmd_new(struct arena *mem, const char *path)
{
	struct ros_cmd c = { .out = sb_new(mem), .path = arena_strdup(mem, path) };

	c.bad = path[0] != '/' || !is_name(path);
	put_word(&c.out, path);
	return c;
}

void
ros_cmd_set(struct ros_cmd *c, const char *key, const char *val)
{
	if (val != NULL)
		put_pair(c, '=', key, val);
}

void
ros_cmd_props(struct ros_cmd *c, const char *list)
{
	ros_cmd_set(c, ".proplist", list);
}

void
ros_cmd_where(struct ros_cmd *c, const char *key, const char *val)
{
	put_pair(c, '?', key, val);
}

void
ros_cmd_query(struct ros_cmd *c, const char *word)
{
	if (word[0] == '?' && is_name(word))
		put_word(&c->out, word);
	else
		c->bad = true;
}

/*
 * An empty list of values would be no condition, and so match every row: a mistake of the
 * caller.
 */
void
ros_cmd_any(struct ros_cmd *c, const char *key, const char *const *vals, size_t n)
{
	c->bad = c->bad || n == 0;
	for (size_t i = 0; i < n; i++)
		ros_cmd_where(c, key, vals[i]);
	for (size_t i = 1; i < n; i++)
		ros_cmd_query(c, "?#|");
}

void
ros_cmd_seal(const struct ros_cmd *c, unsigned tag, struct sb *out)
{
	sb_add(out, c->out.buf, c->out.len);
	if (tag != 0)
		put_word(out, arena_printf(c->out.mem, ".tag=%u", tag));
	sb_putc(out, '\0');
}

/* ---------------------------------------------------------------- receiving */

static void
arena_release(void *a)
{
	arena_free(a);
}

struct ros_decoder *
ros_decoder_new(struct arena *mem)
{
	struct ros_decoder *d = arena_alloc(mem, sizeof(*d));

	*d = (struct ros_decoder){ .mem = mem, .texts = arena_new(4096), .why = "" };
	d->cap = FIRST_BUFFER;
	d->buf = arena_alloc(mem, d->cap);
	arena_defer(mem, arena_release, d->texts);
	return d;
}

/* Drop the sentence that was handed out last. */
static void
drop_given(struct ros_decoder *d)
{
	d->start += d->given;
	d->given = 0;
	if (d->start == d->end)
		d->start = d->end = 0;
	if (d->has_texts)
		arena_reset(d->texts);
	d->has_texts = false;
}

/* Make room by moving the remaining bytes to the front, else by doubling the buffer. */
char *
ros_decoder_room(struct ros_decoder *d, size_t *ret)
{
	char *old = d->buf;

	drop_given(d);
	if (d->cap - d->end < LEAST_ROOM) {
		if (d->start == 0) {
			d->cap *= 2;
			d->buf = arena_alloc(d->mem, d->cap);
		}
		memmove(d->buf, old + d->start, d->end - d->start);
		d->end -= d->start;
		d->start = 0;
	}
	*ret = d->cap - d->end;
	return d->buf + d->end;
}

void
ros_decoder_fed(struct ros_decoder *d, size_t n)
{
	d->end += n;
}

static enum ros_step
bad(struct ros_decoder *d, const char *why)
{
	d->why = why;
	return ROS_STEP_BAD;
}

/* The number of bytes of a length, by its first byte; 0 for reserved ones. */
static size_t
length_size(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xC0)
		return 2;
	if (first < 0xE0)
		return 3;
	if (first < 0xF0)
		return 4;
	return first == 0xF0 ? 5 : 0;
}

/* The length that n bytes (see above) at p encode. */
static uint32_t
length_value(const unsigned char *p, size_t n)
{
	static const unsigned char keep[] = { 0, 0x7F, 0x3F, 0x1F, 0x0F, 0 };
	uint32_t v = p[0] & keep[n];

	for (size_t i = 1; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* Read the next word's length; ROS_STEP_ROW when the word is complete. */
static enum ros_step
scan_word(struct ros_decoder *d, struct span *ret)
{
	const unsigned char *p = (const unsigned char *)d->buf + d->start + d->scan;
	size_t have = d->end - d->start - d->scan;
	size_t head = have == 0 ? 1 : length_size(p[0]);
	uint32_t len;

	if (head == 0)
		return bad(d, "reserved length byte");
	if (have < head)
		return ROS_STEP_NEED;
	len = length_value(p, head);
	if (len > ROS_WORD_MAX)
		return bad(d, "word too long");
	if (d->scan + head + len > ROS_SENTENCE_MAX)
		return bad(d, "sentence too long");
	*ret = (struct span){ (uint32_t)(d->scan + head), len };
	return have - head < len ? ROS_STEP_NEED : ROS_STEP_ROW;
}

/* Scan the received words up to the end of a sentence that is not empty. */
static enum ros_step
scan_sentence(struct ros_decoder *d)
{
	struct span w;
	enum ros_step step;

	while ((step = scan_word(d, &w)) == ROS_STEP_ROW) {
		d->scan = w.off + w.len;
		if (w.len != 0) {
			if (d->nwords == ROS_WORDS_MAX)
				return bad(d, "too many words in a sentence");
			d->words[d->nwords++] = w;
		} else if (d->nwords != 0) {
			return ROS_STEP_ROW;
		} else {
			d->start += d->scan;
			d->scan = 0;
		}
	}
	return step;
}

static enum ros_kind
kind_of(const char *word)
{
	static const struct {
		const char *word;
		enum ros_kind kind;
	} kinds[] = {
		{ "!re", ROS_KIND_RE },
		{ "!done", ROS_KIND_DONE },
		{ "!trap", ROS_KIND_TRAP },
		{ "!empty", ROS_KIND_EMPTY },
		{ "!fatal", ROS_KIND_FATAL },
	};

	for (size_t i = 0; i < countof(kinds); i++)
		if (strcmp(word, kinds[i].word) == 0)
			return kinds[i].kind;
	return ROS_KIND_OTHER;
}

/* The number in a tag; UINT_MAX for one that we never sent. */
static unsigned
tag_of(const char *s, size_t len)
{
	unsigned v = 0;

	for (size_t i = 0; i < len && len <= 9; i++) {
		if (s[i] < '0' || s[i] > '9')
			return UINT_MAX;
		v = v * 10 + (unsigned)(s[i] - '0');
	}
	return v == 0 || len > 9 ? UINT_MAX : v;
}

/* Split =key=value in place: the second '=' becomes the key's NUL. */
static struct ros_attr
split_attr(char *word, size_t len)
{
	char *key = word + 1;
	char *eq = memchr(key, '=', len - 1);

	if (eq == NULL)
		return (struct ros_attr){ key, key + len - 1, len - 1, 0 };
	*eq = '\0';
	return (struct ros_attr){ key, eq + 1, (size_t)(eq - key), (size_t)(word + len - eq - 1) };
}

/* Store one word after the first: a tag, an attribute or a text. */
static void
take_word(struct ros_decoder *d, char *word, size_t len, struct ros_row *row)
{
	static const char tag[] = ".tag=";
	const size_t n = sizeof(tag) - 1;

	if (word[0] == '=')
		d->attrs[row->nattrs++] = split_attr(word, len);
	else if (len >= n && memcmp(word, tag, n) == 0)
		row->tag = tag_of(word + n, len - n);
	else if (row->text[0] == '\0')
		row->text = word;
}

/*
 * Split the sentence that was just scanned. A NUL overwrites the length behind each word,
 * which is no longer needed.
 */
static enum ros_step
split(struct ros_decoder *d, struct ros_row *ret)
{
	char *base = d->buf + d->start;
	bool ascii = ros_text_is_ascii(base, d->scan);

	if (base[d->words[0].off] != '!')
		return bad(d, "a reply without !");
	for (size_t i = 0; i < d->nwords; i++)
		base[d->words[i].off + d->words[i].len] = '\0';
	*ret = (struct ros_row){ .kind = kind_of(base + d->words[0].off), .text = "" };
	ret->attrs = d->attrs;
	for (size_t i = 1; i < d->nwords; i++) {
		char *word = base + d->words[i].off;
		size_t len = d->words[i].len;

		if (!ascii && !ros_text_is_utf8(word, len)) {
			word = ros_text_from_latin1(d->texts, word, len, &len);
			d->has_texts = true;
		}
		take_word(d, word, len, ret);
	}
	d->given = d->scan;
	d->scan = d->nwords = 0;
	return ROS_STEP_ROW;
}

enum ros_step
ros_decoder_next(struct ros_decoder *d, struct ros_row *ret)
{
	enum ros_step step;

	if (d->why[0] != '\0')
		return ROS_STEP_BAD;
	drop_given(d);
	step = scan_sentence(d);
	return step == ROS_STEP_ROW ? split(d, ret) : step;
}

const char *
ros_decoder_why(const struct ros_decoder *d)
{
	return d->why;
}

bool
ros_decoder_idle(const struct ros_decoder *d)
{
	return d->start + d->given == d->end;
}

/* --------------------------------------------------------------------- rows */

const struct ros_attr *
ros_row_attr(const struct ros_row *r, const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < r->nattrs; i++)
		if (r->attrs[i].keylen == n && memcmp(r->attrs[i].key, key, n) == 0)
			return &r->attrs[i];
	return NULL;
}

const char *
ros_row_get(const struct ros_row *r, const char *key)
{
	const struct ros_attr *a = ros_row_attr(r, key);

	return a == NULL ? NULL : a->val;
}

static const char *
dup_bytes(struct arena *mem, const char *s, size_t n)
{
	return memcpy(arena_alloc(mem, n + 1), s, n);
}

struct ros_row
ros_row_dup(struct arena *mem, const struct ros_row *r)
{
	struct ros_attr *attrs = arena_alloc(mem, r->nattrs * sizeof(*attrs));
	struct ros_row copy = *r;

	for (size_t i = 0; i < r->nattrs; i++) {
		attrs[i] = r->attrs[i];
		attrs[i].key = dup_bytes(mem, attrs[i].key, attrs[i].keylen);
		attrs[i].val = dup_bytes(mem, attrs[i].val, attrs[i].len);
	}
	copy.text = arena_strdup(mem, r->text);
	copy.attrs = attrs;
	return copy;
}
