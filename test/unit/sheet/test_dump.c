#include "fixture.h"

#include <string.h>

#include "base/sb.h"
#include "sheet/dump.h"

static enum rc
join(struct ctx *unused, const struct dump_row *row, void *arg)
{
	struct sb *out = arg;

	(void)unused;
	sb_printf(out, "%zu:%s", row->line, row->table);
	for (size_t i = 0; i < row->n; i++)
		sb_printf(out, " %s=%s", row->columns[i],
		    row->values[i] != NULL ? row->values[i] : "NULL");
	sb_putc(out, '\n');
	return RC_OK;
}

static const char *
rows_of(const char *dump)
{
	static const char *const tables[] = { "customers", "plans", NULL };
	struct sb out = sb_new(cx.mem);

	if (dump_read(&cx, dump, strlen(dump), tables, join, &out) != RC_OK)
		return cx.err.msg;
	return out.len > 0 ? out.buf : "";
}

static void
columns_come_from_the_list_or_from_the_table(void **state)
{
	(void)state;
	assert_string_equal(
	    rows_of("-- dump\n/*!40101 SET NAMES utf8mb4 */;\n"
		    "CREATE TABLE `customers` (\n  `id` int(11) NOT NULL COMMENT 'a (b), c',\n"
		    "  `name` varchar(45) DEFAULT 'x',\n  PRIMARY KEY (`id`),\n  "
		    "KEY `n` (`name`,`id`)\n) ENGINE=InnoDB;\n"
		    "INSERT INTO `customers` VALUES (1,'Sari'),(2,NULL);\n"
		    "INSERT INTO db.`plans` (`price`, `id`) VALUES (150000.00, 7);\n"
		    "INSERT INTO `other` VALUES (1,'not ours;');\n"),
	    "9:customers id=1 name=Sari\n9:customers id=2 "
	    "name=NULL\n10:plans price=150000.00 id=7\n");
}

static void
texts_with_every_escape(void **state)
{
	(void)state;
	assert_string_equal(rows_of("INSERT INTO customers (a,b,c,d) VALUES ('it''s \\'x\\' "
				    "\\\\', 'a\\nb;', _utf8mb4 'u', '0000-00-00');"),
	    "1:customers a=it's 'x' \\ b=a\nb; c=u d=NULL\n");
}

static void
procedures_and_comments_are_passed_over(void **state)
{
	(void)state;
	assert_string_equal(
	    rows_of("DELIMITER ;;\nCREATE TRIGGER t BEGIN INSERT INTO customers "
		    "(a) VALUES (1); END ;;\nDELIMITER ;\n"
		    "# INSERT INTO customers (a) VALUES (2);\n/* INSERT INTO "
		    "customers (a) VALUES (3); */\n"
		    "LOCK TABLES `customers` WRITE;\nREPLACE INTO customers (a) VALUES (4);\n"),
	    "7:customers a=4\n");
}

static void
a_dump_that_is_cut_off_is_refused(void **state)
{
	(void)state;
	assert_string_equal(rows_of("\nINSERT INTO customers (a) VALUES (1),(2"),
	    "The dump is cut off: what begins in line 2 has no end.");
	assert_non_null(strstr(rows_of("INSERT INTO customers (a) VALUES ('x"), "cut off"));
	assert_non_null(strstr(rows_of("INSERT INTO customers VALUES (1);"), "no CREATE TABLE"));
	assert_non_null(
	    strstr(rows_of("INSERT INTO customers (a,b) VALUES (1);"), "1 values for 2"));
	assert_non_null(strstr(rows_of("INSERT INTO customers (a) VALUES ('\xff');"), "not UTF-8"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(columns_come_from_the_list_or_from_the_table),
		FIXTURE_TEST(texts_with_every_escape),
		FIXTURE_TEST(procedures_and_comments_are_passed_over),
		FIXTURE_TEST(a_dump_that_is_cut_off_is_refused),
	};

	return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
