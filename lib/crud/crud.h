/*
 * crud.h: list, show, create, change and delete for plain resources.
 *
 * A resource is a constant table: its fields, what each may hold, which view
 * shows it.  Rows are read from the view (sql/views; one row an id, column
 * names dotted where they nest, no secret in it), so that list, show and
 * create answer the same columns.  Writes go to the table.  Statements are
 * composed from these constants, one per set of filters and sort given, and
 * kept prepared; no byte of a request ever enters SQL text.
 *
 * A view has id and created_at.  A column that may be left out on creation but
 * is NOT NULL needs its default in the field table: the database's own is not
 * used.  Lists are sorted by created_at, newest first, or by ?sort= of FF_SORT
 * fields.  A filter whose values are a closed list takes several, by comma.
 * Parameters that a list does not know stand in X-Ignored.  `Accept: text/csv`
 * answers the whole filtered list (crud_csv.c).  The total of a list without filters comes from
 * row_counts where the table is counted (crud_sql.c).  Writes say who acts (db_set_actor()).
 *
 * A rule that needs more than one field belongs into the database, or .check.
 * As soon as a verb has a life of its own (an invoice is issued, not created),
 * write a handler, and answer with crud_answer().
 */
#ifndef CRUD_CRUD_H
#define CRUD_CRUD_H

#include "db/db.h"
#include "http/http.h"
#include "http/page.h"
#include "http/shape.h"

enum {
	RW = FF_CREATE | FF_UPDATE | FF_SHOWN,
	RO = FF_SHOWN,
	WO = FF_CREATE | FF_UPDATE,
};

/* A filter that is not "parameter = column of the same name". */
struct filter {
	const char *param;        /* "due_from" */
	const char *column;       /* "due_date" */
	const char *op;           /* ">="; "&&": the column is an array that holds the value */
	const struct field *form; /* how to check the value */
};

/* A text of another table by which rows are found. */
struct search_in {
	const char *table, *id; /* "subscriptions", "customer_id": of the row */
	const char *column;     /* "mikrotik_username" */
};

/*
 * A truth about the rows of a filter that the planner cannot know: rows whose column holds none of
 * `others` have the flag, which has an index of its own.
 */
struct implied {
	const char *column; /* "status" */
	const char *flag;   /* "is_open" */
	const char *others; /* "{paid,cancelled}" */
};

/* Rows of another view shown as an array inside show and create answers. */
struct child {
	const char *name;   /* "subscriptions" */
	const char *view;   /* "subscription_rows" */
	const char *column; /* "customer_id": of the view, equals the parent's id */
};

struct resource {
	const char *name;    /* "package": messages, statement names, audit */
	const char *label;   /* "The package": messages for people */
	const char *table;   /* "packages" */
	const char *view;    /* "package_rows" */
	const char *visible; /* SQL condition on the view for plain lists, "archived_at IS NULL";
				NULL: all */
	const char *hidden_param;  /* ?archived=1 shows the others; NULL: none */
	const char *hidden;        /* its condition, "archived_at IS NOT NULL" */
	const char *const *search; /* columns of the view; NULL-terminated; NULL: no search */
	const struct search_in *search_in; /* and columns of other tables */
	size_t nsearch_in;
	const char *digits; /* column with the digits of a phone number: a search text that looks
			       like a number is looked up there, in any spelling */
	const char *sum;    /* column whose sum a filtered list tells, as sum_amount; NULL: none */
	const struct field *fields;
	size_t nfields;
	const struct filter *filters; /* beside FF_FILTER */
	size_t nfilters;
	const struct implied *implied; /* NULL: none */
	const struct child *children;
	size_t nchildren;
	bool single;           /* one row, without an id */
	const char *secret_of; /* FT_SECRET fields are sealed as "<table>:<id>:<field>"; set when
				  there are any */
	/* id NULL: create.  in: the valid fields, where others were refused (shape_refused()) */
	enum rc (*check)(struct ctx *, const char *id, struct cJSON *in);
	bool audited; /* each write leaves an audit_logs row */
	bool counted; /* row_counts knows how many visible rows there are (row_count_keep()) */
};

enum rc crud_list(struct ctx *, const struct req *, struct resp *, const struct resource *);
enum rc crud_show(struct ctx *, const struct req *, struct resp *, const struct resource *);
enum rc crud_create(struct ctx *, const struct req *, struct resp *, const struct resource *);
enum rc crud_update(struct ctx *, const struct req *, struct resp *, const struct resource *);
enum rc crud_delete(struct ctx *, const struct req *, struct resp *, const struct resource *);

/* A list of those rows alone whose column (a constant) has this value, whatever the query asks. */
struct list_bound {
	const char *column, *val;
};
enum rc crud_list_where(struct ctx *, const struct req *, struct resp *, const struct resource *,
    struct list_bound) _must_check_;

/*
 * Serve a POST that creates a row or changes the one that is there: crud_update for the row that
 * find() names, crud_create where it names none.  A lock keeps other requests for this resource
 * out until the row is written.  find() names no row when it cannot read the body; crud_create
 * then reports the fault.
 */
typedef enum rc (*crud_find)(struct ctx *, const struct req *, const char **ret);
enum rc crud_save(struct ctx *, const struct req *, struct resp *, const struct resource *,
    crud_find find) _must_check_;

/* crud_update, with a statement in front of the change and in its transaction (NULL: none). */
enum rc crud_update_with(struct ctx *, const struct req *, struct resp *, const struct resource *,
    const struct db_stmt *first) _must_check_;

/*
 * Check the body of a request by the fields of a resource, its locked fields and its .check, and
 * report all faults in one answer; id NULL: for creation.
 */
enum rc crud_read(struct ctx *, const struct resource *, const char *id, const struct req *,
    struct cJSON **ret) _must_check_;

/* Answer with the row (and children) of id; RC_NOT_FOUND when there is none. */
enum rc crud_answer(struct ctx *, const struct resource *, const char *id, int status,
    struct resp *) _must_check_;

/* Run a route in a transaction that is rolled back: its answer tells what would happen. */
enum rc crud_dry_run(struct ctx *, const struct route *, const struct req *,
    struct resp *) _must_check_;

/* A pattern of LIKE that finds the text anywhere, taken literally. */
const char *crud_like_pattern(struct ctx *, const char *text);

/*
 * The digits of what looks like a phone number, as customers.phone_digits has them
 * (0812… for +62 812…); NULL when it is none.
 */
const char *crud_phone_digits(struct ctx *, const char *text);

/* The statements of a resource, for people who want to read them (isp-api --print-sql). */
void crud_print(struct sb *, const struct resource *);

#endif
