/*
 * shape.h: the fields of a request body, as a table.
 *
 * A handler declares its fields and calls shape_read() once; after that every value is
 * present or absent, of its type, and within its bounds, so that the handler needs no more
 * checks of form. Resources (crud.h), OpenAPI and GET /api/meta read the same table.
 *
 * Unknown fields are ignored. null clears a nullable field and keeps a secret; so does "",
 * which browsers send for an empty input (not for a list). For any other field both mean
 * "not given" on creation (the default counts; a required field is refused), and are
 * refused on update, because the caller expects a change.
 *
 * All bad fields are reported at once, each with its code: required, text, min_length,
 * max_length, characters, control_characters, choice, format, date, id, email, time,
 * integer, money, range, boolean, list, list_of_texts, min_items, max_items, too_long;
 * from the database also taken, unknown_reference, locked.
 */
#ifndef HTTP_SHAPE_H
#define HTTP_SHAPE_H

#include <stdbool.h>

#include "base/ctx.h"

struct cJSON;

enum ftype {
	FT_TEXT, /* min..max characters (code points); no control characters but \n \t with FF_LINES
		  */
	FT_INT,  /* min..max; accepts 5, 5.0, "5" */
	FT_MONEY, /* whole rupiah; accepts 150000, 150000.0, "150000.00" */
	FT_BOOL,  /* true false 0 1 "0" "1" */
	FT_DATE,  /* YYYY-MM-DD, a real day */
	FT_UUID,
	FT_EMAIL,
	FT_SECRET, /* text; absent, null, "" and "********" mean keep (on create: absent); never
		      shown */
	FT_LIST,   /* array of texts of .among */
	FT_JSON,   /* any JSON */
	FT_TIME,   /* ISO 8601 */
	FT_NUMBER, /* a number with a fraction; only in answers */
	FT_OBJECT, /* an object of .parts, or the row of a .noun */
	FT_ROWS,   /* an array of such objects */
	FT_MAP,    /* an object with such objects under any names */
};

enum fflag {
	FF_CREATE = 1 << 0, /* may be given on creation */
	FF_UPDATE = 1 << 1, /* may be changed later */
	FF_NEEDED = 1 << 2, /* must be given on creation */
	FF_SHOWN = 1 << 3,  /* is part of the answer */
	FF_FILTER = 1 << 4, /* ?name=value narrows the list */
	FF_SORT = 1 << 5,   /* ?sort=name */
	FF_NULL = 1 << 6,   /* may be null */
	FF_LINES = 1 << 7,  /* text may hold newlines */
	FF_LOCKED = 1 << 8, /* status: 422 unless the present value; .hint: how to set it */
	FF_LOWER = 1 << 9,  /* stored in lower case (e-mail) */
	FF_EXACT = 1 << 10, /* blanks around a text are part of it (a password to be checked) */
	FF_GRANTS =
	    1 << 11,       /* the default gives rights: absence takes it, null and "" are refused */
	FF_RARE = 1 << 12, /* some answers lack it */
	FF_FIXED = 1 << 13, /* a change accepts the present value only */
};

/* Further check of a text; on failure records err_field and returns false. */
typedef bool (*field_check)(struct ctx *, const char *field, const char *val);

struct field {
	const char *name; /* "a.b": b in the object a of an answer; "*": any other members */
	enum ftype type;
	unsigned flags;
	int64_t min, max;          /* length of a text, value of a number */
	const char *const *among;  /* NULL-terminated choices, or NULL */
	const char *dflt;          /* JSON of the default on creation; NULL: none */
	field_check check;         /* NULL: none */
	const char *chars;         /* allowed characters beside letters and digits; NULL: any */
	const char *hint;          /* for people: the right form; in error messages and OpenAPI */
	const char *noun;          /* resource of the row that an id names or a part is */
	const struct field *parts; /* the fields of an object, or of each element of an array */
	size_t nparts;
};

/*
 * Check a body against the fields that have flag (FF_CREATE or FF_UPDATE).
 *
 * RC_MALFORMED when it is not a JSON object in valid UTF-8 or repeats a key; RC_MEDIA when
 * it is not declared JSON; RC_INVALID with every bad field. *ret holds known fields only,
 * normalised (money and ints as integers, booleans as true/false, kept secrets left out),
 * on creation with defaults; it belongs to cx->mem. An empty body is an empty object. With
 * RC_INVALID it holds the good fields, so that a rule over several fields can report its
 * own errors.
 */
struct req;
enum rc shape_read(struct ctx *, const struct field *, size_t n, enum fflag flag,
    const struct req *, struct cJSON **ret) _must_check_;
/* The same for the named fields of a table only. */
struct some_fields {
	const struct field *fields;
	size_t n;
	const char *const *names; /* NULL-terminated */
};
enum rc shape_read_some(struct ctx *, const struct some_fields *, enum fflag flag,
    const struct req *, struct cJSON **ret) _must_check_;
/* The same with a body whose fields another part checks: the whole body as it came. */
enum rc shape_whole(struct ctx *, const struct req *, struct cJSON **ret) _must_check_;

/* True when this field has been refused already. */
bool shape_refused(const struct ctx *, const char *name);

/* Values of a body that shape_read() accepted; absent and null: NULL, 0, false. */
const char *shape_text(const struct cJSON *, const char *name);
int64_t shape_i64(const struct cJSON *, const char *name);
bool shape_bool(const struct cJSON *, const char *name);
bool shape_has(const struct cJSON *, const char *name); /* the body names it, perhaps with null */
/* The whole body as JSON text in cx->mem, for jsonb_populate_record(). */
const char *shape_json(struct ctx *, const struct cJSON *);

/* Check one text (a query parameter) against a field; RC_INVALID on its name. */
enum rc shape_param(struct ctx *, const struct field *, const char *val) _must_check_;

#endif
