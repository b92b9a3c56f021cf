/*
 * fuzz_snmp: whatever an agent sends.
 *
 * The bytes are read as the Report that tells an engine id, as a message of versions
 * 1 and 2c, and as the PDU of a reply of version 3, whose values go through the walk
 * of the interface tables.  A walk must
 * end within its limit of rows, and every text must be short UTF-8 without
 * control characters: PostgreSQL and the screens get it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "monitor/walk.h"
#include "net/snmp_discover.h"
#include "net/snmp_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MOST = 255, ASKED_MOST = 3 * WALK_ROWS_MAX };

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
check_text(const char *text)
{
	if (text == NULL)
		return;
	must(strlen(text) <= TEXT_MOST && utf8_valid(text, strlen(text)));
	must(!utf8_has_control(text, false));
}

static void
check_reply(const struct snmp_reply *reply)
{
	for (size_t i = 0; i < reply->n; i++) {
		const struct snmp_var *v = &reply->vars[i];

		must(v->name.len <= SNMP_OID_MAX);
		if (v->type == SNMP_TEXT)
			check_text(v->text);
	}
}

/* An agent that gives this answer to every question. */
static void
walk_all(struct arena *mem, const struct snmp_reply *reply)
{
	struct snmp_oid oids[WALK_COLUMNS];
	struct walk w;
	int asked = 0;

	walk_begin(&w, mem);
	while (walk_next(&w, oids) > 0) {
		must(++asked < ASKED_MOST);
		walk_take(&w, reply->vars, reply->n);
	}
	walk_end(&w);
	must(w.nrows <= WALK_ROWS_MAX);
	for (size_t i = 0; i < w.nrows; i++) {
		must(w.rows[i].name != NULL && w.rows[i].name[0] != '\0');
		check_text(w.rows[i].name);
		check_text(w.rows[i].alias);
	}
}

static void
read_engine_id(const uint8_t *data, size_t size)
{
	struct snmp_engine_id engine;

	if (snmp_discover_read(data, size, 0x12345678, &engine))
		must(engine.len >= 5 && engine.len <= SNMP_ENGINE_ID_MAX);
}

static void
read_message(struct arena *mem, const uint8_t *data, size_t size)
{
	struct snmp_reply reply = { 0 };
	struct snmp_response r;

	if (!snmp_response_read(data, size, &r) || !snmp_response_values(mem, &r, &reply))
		return;
	check_reply(&reply);
	walk_all(mem, &reply);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *mem = arena_new(65536);
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_RESPONSE);
	unsigned char *copy = arena_alloc(mem, size + 1);
	struct snmp_reply reply = { 0 };
	size_t len = size;

	read_engine_id(data, size);
	read_message(mem, data, size);
	memcpy(copy, data, size);
	if (snmp_pdu_parse(pdu, copy, &len) == 0) {
		snmp_take_values(mem, pdu, &reply);
		check_reply(&reply);
		walk_all(mem, &reply);
	}
	snmp_free_pdu(pdu);
	arena_free(mem);
	return 0;
}
