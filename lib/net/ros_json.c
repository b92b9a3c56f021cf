/* ros_json.c: see ros_json.h. */
#include "net/ros_json.h"

#include <string.h>

#include "base/macro.h"

static const char *const counts[] = { "mtu", "actual-mtu", "rx-byte", "tx-byte", "rx-packet",
	"tx-packet", "bytes-in", "bytes-out", "packets-in", "packets-out", "cpu-load",
	"free-memory", "total-memory", "free-hdd-space", "total-hdd-space", "rx-bits-per-second",
	"tx-bits-per-second", "rx-packets-per-second", "tx-packets-per-second" };

static const char *const flags[] = { "disabled", "dynamic", "running", "default", "invalid",
	"radius", "blocked", "inactive" };

enum { KEY_MAX = 48, DIGITS_MAX = 18 };

static bool
is_among(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

bool
ros_json_flag(const char *val)
{
	return val != NULL && (strcmp(val, "true") == 0 || strcmp(val, "yes") == 0);
}

bool
ros_json_number(const char *val, int64_t *ret)
{
	size_t n = val != NULL ? strspn(val, "0123456789") : 0;
	int64_t sum = 0;

	if (n == 0 || n > DIGITS_MAX || val[n] != '\0')
		return false;
	for (size_t i = 0; i < n; i++)
		sum = sum * 10 + (val[i] - '0');
	*ret = sum;
	return true;
}

/* The name in JSON's form; false when it is no name of RouterOS'. */
static bool
json_key(const char *name, char ret[static KEY_MAX])
{
	size_t n;

	name += name[0] == '.';
	n = strlen(name);
	if (n == 0 || n >= KEY_MAX || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
		return false;
	for (size_t i = 0; i <= n; i++)
		ret[i] = (char)(name[i] == '-' ? '_' : name[i]);
	return true;
}

void
ros_json_row(struct jw *w, const struct ros_row *row)
{
	char key[KEY_MAX];
	int64_t number;

	jw_obj(w, NULL);
	for (size_t i = 0; i < row->nattrs; i++) {
		const struct ros_attr *a = &row->attrs[i];

		if (!json_key(a->key, key))
			continue;
		if (is_among(flags, countof(flags), a->key))
			jw_bool(w, key, ros_json_flag(a->val));
		else if (is_among(counts, countof(counts), a->key) &&
			 ros_json_number(a->val, &number))
			jw_i64(w, key, number);
		else
			jw_str(w, key, a->val);
	}
	jw_end(w);
}
