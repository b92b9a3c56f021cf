/*
 * crud.h: list, show, create, change and delete for plain resources.
 *
 * A resource is a constant table: its fields, the values that each may hold, and the view
 * that shows it. Rows are read from the view (sql/views; one row an id, column names
 * dotted where they nest, no secret in it), so that list, show and create answer the same
 * columns. Writes go to the table. Statements are composed from these constants, one for
 * each set of filters and sort, and kept prepared; no byte of a request ever enters SQL
 * text. A view has id and created_at. A column that may be left out on creation but is NOT
 * NULL needs its default in the field table: the database's own is not used.
 *
 * Lists are sorted by created_at, newest first, or by ?sort= of FF_SORT fields. A filter
 * over a closed list of values takes several, separated by commas. X-Ignored names the
 * parameters that a list does not know. `Accept: text/csv` answers the whole filtered list
 * (crud_csv.c). The total of a list without filters comes from row_counts if the table is
 * counted (crud_sql.c). The planner estimates a filtered list first: up to 250,000 rows are all
 * found and sorted; more are walked in the order of the list to the end of the page (crud_list.c).
 * Either are counted to 100,000. The column by which a search finds most rows stands last among
 * those of a resource: a count keeps what the others find.
 *
 * Writes record the actor (db_set_actor()). A rule over more than one field belongs into
 * the database, or into .check. An act with rules of its own (an invoice is issued, not
 * created) gets a handler, which answers with crud_answer().
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
	const char *param;         /* "due_from" */
	const char *column;        /* "due_date" */
	const char *op;            /* ">="; "&&": the column is an array that holds the value */
	const struct field *field; /* the value must pass the checks of this field */
};

/* A text of another table that a search also looks into. */
struct search_in {
	const char *table, *id; /* "subscriptions", "customer_id": of the row */
	const char *column;     /* "mikrotik_username" */
};

/*
 * A fact about the rows of a filter that the planner cannot know: a row whose column holds
 * none of `others` fulfils the condition, which has an index of its own.
 */
struct implied {
	const char *column;    /* "status" */
	const char *condition; /* SQL on the view: "is_open" */
	const char *others;    /* "{paid,cancelled}" */
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
	struct {
		const char *column, *lead;
	} number; /* a search column whose values hold the lead, in capitals, at their beginning
		     only: a text that begins with it is looked for by the order of the column */
	const char *sum; /* column whose sum a filtered list shows, as sum_amount; NULL: none */
	const struct field *fields;
	size_t nfields;
	const struct filter *filters; /* beside FF_FILTER */
	size_t nfilters;
	const struct implied *implied;
	size_t nimplied;
	const struct child *children;
	size_t nchildren;
	bool single;           /* one row, without an id */
	const char *secret_of; /* FT_SECRET fields are sealed as "<table>:<id>:<field>"; set when
				  there are any */
	/*
	 * a rule over several fields. id NULL: create. in: the valid fields (see shape_refused())
	 */
	enum rc (*check)(struct ctx *, const char *id, struct cJSON *in);
	bool audited; /* each write leaves an audit_logs row */
	bool counted; /* row_counts holds the number of visible rows (row_count_keep()) */
};

enum rc crud_list(struct ctx *, const struct req *, struct resp *, const struct resource *);
enum rc crud_show(struct ctx *, const struct req *, struct resp *, const struct resource *);
enum rc crud_create(struct ctx *, const struct req *, struct resp *, const struct resource *);
enum rc crud_update(struct ctx *, const struct req *, struct resp *, const struct resource *);
enum rc crud_delete(struct ctx *, const struct req *, struct resp *, const struct resource *);

/* Limits a list to the rows whose column (a constant) has this value, whatever the query asks. */
struct list_condition {
	const char *column, *val;
};
enum rc crud_list_where(struct ctx *, const struct req *, struct resp *, const struct resource *,
    struct list_condition) _must_check_;

/*
 * Serve a POST that creates a row or changes the existing one: crud_update for the row
 * that find() names, crud_create when it names none. A lock makes other requests for this
 * resource wait until the row is written. find() names no row when it cannot read the
 * body; crud_create then reports the fault.
 */
typedef enum rc (*crud_find)(struct ctx *, const struct req *, const char **ret);
enum rc crud_save(struct ctx *, const struct req *, struct resp *, const struct resource *,
    crud_find find) _must_check_;

/* crud_update with a statement that runs before the change, in its transaction (NULL: none). */
enum rc crud_update_with(struct ctx *, const struct req *, struct resp *, const struct resource *,
    const struct db_stmt *first) _must_check_;

/*
 * Check the body of a request by the fields of a resource, its locked fields and its .check, and
 * report all faults in one answer; id NULL: for creation.
 */
enum rc crud_read(struct ctx *, const struct resource *, const char *id, const struct req *,
    struct cJSON **ret) _must_check_;

/* Answer with the row of id and its children; RC_NOT_FOUND when there is none. */
enum rc crud_answer(struct ctx *, const struct resource *, const char *id, int status,
    struct resp *) _must_check_;

/* Run a route in a transaction that is rolled back: its answer shows what would happen. */
enum rc crud_dry_run(struct ctx *, const struct route *, const struct req *,
    struct resp *) _must_check_;

/*
 * A pattern of ~* that finds the text, taken literally: anywhere if it has three letters or digits
 * in a row, which trigram indexes find, else at the beginning of words. Without a letter or a digit
 * it would read every row: RC_INVALID, reported for this parameter.
 */
enum rc crud_search_pattern(struct ctx *, const char *param, const char *text,
    const char **ret) _must_check_;

/*
 * The digits of a text that looks like a phone number, in the form of
 * customers.phone_digits (0812… for +62 812…); NULL for any other text.
 */
const char *crud_phone_digits(struct ctx *, const char *text);

/* Print the statements of a resource for people (isp-api --print-sql). */
void crud_print(struct sb *, const struct resource *);

#endif
