/*
 * whatsapp.c: HTTP gateways, each described by a template: Fonnte, Wablas, one that the
 * admin describes, and Meta's Cloud API, which sends its own templates with our
 * parameters. A status of 200 is no success: every gateway reports refusals in bodies of
 * its own form.
 */
#include <string.h>

#include "base/sb.h"
#include "base/utf8.h"
#include "message/channel_int.h"
#include "message/markup.h"

struct gateway_form {
	const char *name;
	const char *url;  /* NULL: the config's */
	const char *path; /* path behind url */
	const char *auth; /* name of the header with the token */
	const char *body; /* JSON object; its texts are filled in */
	bool is_form;
};

static const struct gateway_form forms[] = {
	{ "fonnte", "https://api.fonnte.com", "/send", "Authorization: {token}",
	    "{\"target\":\"{phone}\",\"message\":\"{message}\",\"countryCode\":\"62\"}", true },
	{ "wablas", NULL, "/api/send-message", "Authorization: {token}",
	    "{\"phone\":\"{phone}\",\"message\":\"{message}\"}", true },
	{ "meta", "https://graph.facebook.com/v21.0", "/{number_id}/messages",
	    "Authorization: Bearer {token}", NULL, false },
	{ "custom", NULL, "", "Authorization: {token}",
	    "{\"phone\":\"{phone}\",\"message\":\"{message}\"}", false },
};

/* ---- what goes out -----------------------------------------------------------------------------
 */

/* Name and value pairs in the form of a browser. */
static const char *
form_text(struct ctx *cx, const cJSON *object)
{
	struct sb out = sb_new(cx->mem);
	const cJSON *item;

	cJSON_ArrayForEach (item, object)
		if (cJSON_IsString(item))
			sb_printf(&out, "%s%s=%s", out.len > 0 ? "&" : "",
			    httpc_escape(cx->mem, item->string),
			    httpc_escape(cx->mem, item->valuestring));
	return out.buf;
}

/* Copy a template and fill in each text, at all levels. */
static cJSON *
fill(struct ctx *cx, const cJSON *template, const struct markup_value *values, size_t n)
{
	cJSON *copy = cJSON_Duplicate(template, false);
	const cJSON *item;

	if (cJSON_IsString(template)) {
		cJSON_Delete(copy);
		return cJSON_CreateString(markup_fill(cx->mem, template->valuestring, values, n));
	}
	cJSON_ArrayForEach (item, template) {
		cJSON *filled = fill(cx, item, values, n);

		if (cJSON_IsArray(template))
			(void)cJSON_AddItemToArray(copy, filled);
		else
			(void)cJSON_AddItemToObject(copy, item->string, filled);
	}
	return copy;
}

static void
delete_json(void *json)
{
	cJSON_Delete(json);
}

/* A parameter of Meta's: no line ends, tabs or runs of blanks, and never empty. */
static const char *
parameter_of(struct ctx *cx, const char *text)
{
	struct sb out = sb_new(cx->mem);

	for (const char *p = text; *p != '\0'; p++) {
		bool is_blank = *p == '\n' || *p == '\t' || *p == '\r' || *p == ' ';

		if (!is_blank)
			sb_putc(&out, *p);
		else if (out.len > 0 && out.buf[out.len - 1] != ' ')
			sb_putc(&out, ' ');
	}
	return out.len > 0 ? out.buf : "-";
}

static const char *
meta_body(struct ctx *cx, const struct message *m, const char *phone)
{
	const cJSON *values = channels_json(cx, m->wa_values), *item;
	cJSON *root = cJSON_CreateObject(), *template, *language, *body, *list;

	arena_defer(cx->mem, delete_json, root);
	(void)cJSON_AddStringToObject(root, "messaging_product", "whatsapp");
	(void)cJSON_AddStringToObject(root, "to", phone);
	(void)cJSON_AddStringToObject(root, "type", "template");
	template = cJSON_AddObjectToObject(root, "template");
	(void)cJSON_AddStringToObject(template, "name", m->wa_template);
	language = cJSON_AddObjectToObject(template, "language");
	(void)cJSON_AddStringToObject(language, "code", m->language);
	if (cJSON_GetArraySize(values) == 0)
		return channels_print(cx, root);
	body = cJSON_CreateObject();
	(void)cJSON_AddItemToArray(cJSON_AddArrayToObject(template, "components"), body);
	(void)cJSON_AddStringToObject(body, "type", "body");
	list = cJSON_AddArrayToObject(body, "parameters");
	cJSON_ArrayForEach (item, values) {
		cJSON *one = cJSON_CreateObject();

		(void)cJSON_AddStringToObject(one, "type", "text");
		(void)cJSON_AddStringToObject(one, "text",
		    parameter_of(cx, cJSON_IsString(item) ? item->valuestring : ""));
		(void)cJSON_AddItemToArray(list, one);
	}
	return channels_print(cx, root);
}

/* Remove braces, commas and bars: Fonnte fills in {name} and splits at the others. */
static const char *
without_braces(struct ctx *cx, const char *text)
{
	char *copy = arena_strdup(cx->mem, text);

	for (char *p = copy; *p != '\0'; p++)
		*p = (char)(*p == '{' ? '(' : *p == '}' ? ')' : *p);
	return copy;
}

/* ---- what comes back ---------------------------------------------------------------------------
 */

/*
 * True for a gateway's words for "this number or account cannot send now": pause and keep
 * the queue.
 */
static bool
is_about_sender(const char *reason)
{
	static const char *const words[] = { "disconnect", "device", "token", "quota", "timelock",
		"reach", "expired", "not connected", "logged", "banned", "unauthor" };

	for (size_t i = 0; i < countof(words); i++)
		if (strcasestr(reason, words[i]) != NULL)
			return true;
	return false;
}

/* Group the codes of the Cloud API by the outcome; any other code is a final refusal. */
static struct delivery
meta_refusal(struct ctx *cx, const cJSON *error)
{
	static const int later[] = { 1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131049,
		131056 };
	static const int account[] = { 10, 190, 200, 368, 131031, 131042, 133010 };
	const cJSON *code = cJSON_GetObjectItemCaseSensitive(error, "code");
	const char *text = config_text(error, "message"), *why = text != NULL ? text : "refused";
	struct delivery d = undelivered(cx, OUTCOME_REFUSED, "WhatsApp %d: %.*s",
	    code != NULL ? code->valueint : 0, (int)utf8_cut(why, 200), why);

	for (size_t i = 0; code != NULL && i < countof(later); i++)
		if (later[i] == code->valueint)
			d.outcome = OUTCOME_RETRY;
	for (size_t i = 0; code != NULL && i < countof(account); i++)
		if (account[i] == code->valueint)
			d.outcome = OUTCOME_DOWN;
	return d;
}

static bool
says_yes(const cJSON *status)
{
	const char *text = cJSON_GetStringValue(status);

	if (text == NULL)
		return cJSON_IsTrue(status) ||
		       (cJSON_IsNumber(status) &&
			   (status->valueint == 200 || status->valueint == 1));
	return strcasecmp(text, "true") == 0 || strcmp(text, "200") == 0 ||
	       strcasecmp(text, "success") == 0;
}

/* The text of the first of these members that exists, whatever the case of its name. */
static const char *
first_text(const cJSON *json, const char *const *names)
{
	for (; *names != NULL; names++) {
		const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(json, *names));

		if (text != NULL && text[0] != '\0')
			return text;
	}
	return "";
}

static const char *
id_of(const cJSON *json)
{
	static const char *const names[] = { "id", "message_id", "requestid", NULL };
	const cJSON *data = cJSON_GetObjectItem(json, "data");
	const cJSON *id = cJSON_GetObjectItem(json, "id");
	const cJSON *first =
	    cJSON_GetArrayItem(cJSON_GetObjectItem(data != NULL ? data : json, "messages"), 0);
	const char *text = first_text(first != NULL ? first : json, names);

	if (cJSON_IsArray(id) && cJSON_IsString(cJSON_GetArrayItem(id, 0)))
		return cJSON_GetArrayItem(id, 0)->valuestring;
	return text;
}

static struct delivery
judge_json(struct ctx *cx, int status, const cJSON *json)
{
	static const char *const reasons[] = { "reason", "message", "error", "detail", NULL };
	const cJSON *error = cJSON_GetObjectItem(json, "error");
	const char *why = first_text(json, reasons), *code = config_text(json, "code");
	bool is_success = status / 100 == 2;
	struct delivery d;

	if (cJSON_IsObject(error))
		return meta_refusal(cx, error);
	if (is_success && (says_yes(cJSON_GetObjectItem(json, "status")) ||
			      (code != NULL && strcmp(code, "SUCCESS") == 0) ||
			      cJSON_IsArray(cJSON_GetObjectItem(json, "messages"))))
		return delivered(arena_strdup(cx->mem, id_of(json)));
	d = undelivered(cx, OUTCOME_REFUSED, "The gateway refuses (%d): %.*s", status,
	    (int)utf8_cut(why, 200), why);
	if (is_about_sender(why) || status == 401 || status == 403)
		d.outcome = OUTCOME_DOWN;
	else if (status == 429)
		d.outcome = OUTCOME_RETRY;
	else if (status >= 500)
		d.outcome = OUTCOME_UNKNOWN;
	return d;
}

static struct delivery
judge_reply(struct ctx *cx, struct httpc *http, const struct httpc_answer *answer)
{
	struct cJSON *json;
	enum outcome outcome = OUTCOME_REFUSED;

	if (httpc_json(cx, http, answer, &json) == RC_OK) {
		struct delivery d = judge_json(cx, answer->status, json);

		if (d.outcome == OUTCOME_RETRY)
			d.wait_seconds = answer->retry_after < 3600 ? answer->retry_after : 3600;
		return d;
	}
	cx->err = (struct err){ 0 };
	if (answer->status / 100 == 2 || answer->status >= 500)
		outcome = OUTCOME_UNKNOWN;
	else if (answer->status == 401 || answer->status == 403 || answer->status == 404)
		outcome = OUTCOME_DOWN;
	return undelivered(cx, outcome, "The gateway answered %d without JSON", answer->status);
}

/* ---- both --------------------------------------------------------------------------------------
 */

static const struct gateway_form *
form_of(const cJSON *config)
{
	const char *name = config_text(config, "preset");

	for (size_t i = 0; name != NULL && i < countof(forms); i++)
		if (strcmp(forms[i].name, name) == 0)
			return &forms[i];
	return &forms[countof(forms) - 1];
}

static const char *
url_of(struct ctx *cx, const struct gateway_form *form, const cJSON *config)
{
	const char *url = config_text(config, "url"), *number = config_text(config, "number_id");
	struct markup_value value = { "number_id", number != NULL ? number : "" };
	size_t n;

	if (url == NULL)
		url = form->url;
	if (url == NULL)
		return NULL;
	for (n = strlen(url); n > 0 && url[n - 1] == '/';)
		n--;
	return arena_printf(cx->mem, "%.*s%s", (int)n, url,
	    markup_fill(cx->mem, form->path, &value, 1));
}

static const char *
body_of(struct ctx *cx, const struct gateway_form *form, const cJSON *config,
    const struct markup_value *values, size_t n)
{
	const char *own = config_text(config, "body");
	const cJSON *template = channels_json(cx, own != NULL ? own : form->body);
	cJSON *filled = fill(cx, template, values, n);

	arena_defer(cx->mem, delete_json, filled);
	return form->is_form ? form_text(cx, filled) : channels_print(cx, filled);
}

enum rc
whatsapp_send(struct ctx *cx, struct channels *c, const struct message *m, const cJSON *config,
    struct delivery *ret)
{
	const struct gateway_form *form = form_of(config);
	const char *token, *auth = config_text(config, "auth"), *headers[2] = { NULL };
	struct httpc *http = channels_http(c, m->private_peers);
	struct httpc_call call = { .method = "POST", .headers = headers };
	struct httpc_answer answer;

	TRY(channels_secret(cx, m, &token));
	struct markup_value values[] = { { "phone", m->recipient }, { "token", token },
		{ "message", without_braces(cx, m->body) } };

	call.url = url_of(cx, form, config);
	headers[0] =
	    markup_fill(cx->mem, auth != NULL ? auth : form->auth, values, countof(values));
	if (call.url == NULL || m->recipient[0] == '\0' ||
	    (form->body == NULL && m->wa_template == NULL)) {
		*ret = undelivered(cx, OUTCOME_REFUSED,
		    "No url in the channel, no number, or no template at Meta");
		return RC_OK;
	}
	call.body = form->body == NULL ? meta_body(cx, m, m->recipient)
				       : body_of(cx, form, config, values, countof(values));
	call.body_type = form->is_form ? "application/x-www-form-urlencoded" : NULL;
	if (channels_call(cx, http, &call, &answer, ret))
		*ret = judge_reply(cx, http, &answer);
	return RC_OK;
}
