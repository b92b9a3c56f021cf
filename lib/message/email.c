/* email.c: sends by the mail host of the configuration. */
#include <string.h>
#include <time.h>

#include "message/channel_int.h"
#include "message/mail.h"
#include "net/smtp.h"

static enum smtp_security
security_of(const char *encryption)
{
	if (strcmp(encryption, "none") == 0)
		return SMTP_PLAIN;
	return strcmp(encryption, "ssl") == 0 ? SMTP_TLS : SMTP_STARTTLS;
}

static const char *
or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static struct smtp *
host_of(struct channels *c)
{
	const struct conf *cf = c->conf;
	const char *at = strrchr(conf_text(cf, CONF_MAIL_FROM_ADDRESS), '@');

	if (c->mail == NULL)
		c->mail = smtp_new(c->life,
		    &(struct smtp_host){ .host = conf_text(cf, CONF_MAIL_HOST),
			.port = (int)conf_int(cf, CONF_MAIL_PORT),
			.security = security_of(conf_text(cf, CONF_MAIL_ENCRYPTION)),
			.user = or_null(conf_text(cf, CONF_MAIL_USERNAME)),
			.password = conf_text(cf, CONF_MAIL_PASSWORD),
			.ca = or_null(conf_text(cf, CONF_MAIL_CA)),
			.helo = at != NULL ? at + 1 : NULL });
	return c->mail;
}

static enum outcome
outcome_of(enum smtp_fault fault)
{
	switch (fault) {
	case SMTP_UNREACHABLE:
	case SMTP_LOGIN:
		return OUTCOME_DOWN;
	case SMTP_LATER:
		return OUTCOME_RETRY;
	case SMTP_UNKNOWN:
		return OUTCOME_UNKNOWN;
	default:
		return OUTCOME_REFUSED;
	}
}

enum rc
email_send(struct ctx *cx, struct channels *c, const struct message *m, const cJSON *config,
    struct delivery *ret)
{
	const char *from = conf_text(c->conf, CONF_MAIL_FROM_ADDRESS);
	const char *own = config_text(config, "email");
	struct mail mail = { .id = m->id,
		.from = from,
		.from_name = conf_text(c->conf, CONF_MAIL_FROM_NAME),
		.to = m->recipient[0] != '\0' || own == NULL ? m->recipient : own,
		.subject = m->subject,
		.text = m->body,
		.date = time(NULL) };

	if (conf_text(c->conf, CONF_MAIL_HOST)[0] == '\0' || from[0] == '\0') {
		*ret = undelivered(cx, OUTCOME_DOWN, "MAIL_HOST or MAIL_FROM_ADDRESS is not set");
		return RC_OK;
	}
	*ret = delivered("");
	if (smtp_send(cx, host_of(c), from, mail.to, mail_build(cx->mem, &mail)) != RC_OK) {
		*ret = undelivered(cx, outcome_of(smtp_fault(c->mail)), "%s", cx->err.msg);
		cx->err = (struct err){ 0 };
	}
	return RC_OK;
}
