/*
 * ros_codec.h: sentences and words of the RouterOS API, as bytes.
 *
 * Pure: no socket, no clock, no log.  Commands are built with ros_cmd_*();
 * received bytes are fed to a ros_decoder in pieces of any size and taken out
 * sentence by sentence with ros_decoder_next().  The decoder splits sentences
 * in place: nothing is copied but text that is not UTF-8.
 *
 * A sentence is words, each a length (1 to 5 bytes) and that many raw bytes,
 * and ends with a word of length 0.  Empty sentences are skipped.  Values may
 * hold anything, NUL and '=' too; each is followed by a NUL that is not part
 * of it, so that ordinary ones can be read as C strings.
 */
#ifndef NET_ROS_CODEC_H
#define NET_ROS_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sb.h"

/* Limits on what a router may send; more is refused as ROS_STEP_BAD. */
#define ROS_WORD_MAX     ((size_t)16 << 20)
#define ROS_SENTENCE_MAX ((size_t)32 << 20)
#define ROS_WORDS_MAX    ((size_t)1024)

/*
 * A command on its way out.  path, keys and query words are constants of the
 * program (or menus from its tables), never text of a user; only values are.
 * A builder that was misused (a path without '/', a word beyond ROS_WORD_MAX)
 * is marked bad and routeros.h refuses to send it.
 */
struct ros_cmd {
	struct sb out;    /* the words so far, without the final zero length */
	const char *path; /* for messages and logs */
	bool bad;
};

struct ros_cmd ros_cmd_new(struct arena *, const char *path);
void ros_cmd_set(struct ros_cmd *, const char *key, const char *val);   /* NULL: left out */
void ros_cmd_props(struct ros_cmd *, const char *list);                 /* =.proplist= */
void ros_cmd_where(struct ros_cmd *, const char *key, const char *val); /* ?key=val */
void ros_cmd_any(struct ros_cmd *, const char *key, const char *const *vals, size_t n);
void ros_cmd_query(struct ros_cmd *, const char *word); /* "?#|", "?-comment" */

/* Write the bytes to send: the words, .tag= unless tag is 0, and the final zero length. */
void ros_cmd_seal(const struct ros_cmd *, unsigned tag, struct sb *out);

/* Write the length n in its 1 to 5 bytes; returns how many. */
size_t ros_length_put(uint32_t n, unsigned char ret[static 5]);

enum ros_kind {
	ROS_KIND_RE,
	ROS_KIND_DONE,
	ROS_KIND_TRAP,
	ROS_KIND_EMPTY,
	ROS_KIND_FATAL,
	ROS_KIND_OTHER, /* a !word that this program does not know: skip it */
};

struct ros_attr {
	const char *key, *val; /* each followed by a NUL */
	size_t keylen, len;    /* bytes of key and of val, without it */
};

/* One sentence as received. Valid until the next call on the decoder. */
struct ros_row {
	enum ros_kind kind;
	unsigned tag;     /* 0: none; UINT_MAX: not a tag of ours */
	const char *text; /* the plain word after !fatal, "" when none */
	const struct ros_attr *attrs;
	size_t nattrs;
};

/* The value of key (the first of several); NULL when the row has no such key. */
const char *ros_row_get(const struct ros_row *, const char *key);
const struct ros_attr *ros_row_attr(const struct ros_row *, const char *key);

/* A copy that lives as long as the arena. */
struct ros_row ros_row_dup(struct arena *, const struct ros_row *);

struct ros_decoder;

enum ros_step {
	ROS_STEP_ROW,  /* ret is filled */
	ROS_STEP_NEED, /* the decoder needs more bytes */
	ROS_STEP_BAD,  /* not this protocol, or beyond a limit: close; see ros_decoder_why() */
};

/* The decoder and its buffers come from mem, and grow there as bytes arrive. */
struct ros_decoder *ros_decoder_new(struct arena *mem);

/*
 * Space for the next bytes (*ret of them, at least 1); then call ros_decoder_fed() with
 * the number that was written.
 */
char *ros_decoder_room(struct ros_decoder *, size_t *ret);
void ros_decoder_fed(struct ros_decoder *, size_t n);

enum ros_step ros_decoder_next(struct ros_decoder *, struct ros_row *ret);
const char *ros_decoder_why(const struct ros_decoder *);
bool ros_decoder_idle(const struct ros_decoder *); /* no bytes are buffered */

#endif
