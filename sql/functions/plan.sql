CREATE OR REPLACE FUNCTION plan_change(s subscriptions, p packages, effective text, d date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF effective = 'next_period' THEN
		PERFORM plan_change_next(s, p, d);
	ELSIF p.id <> s.package_id THEN
		UPDATE subscriptions SET package_id = p.id, next_package_id = NULL, next_package_on = NULL, updated_at = now()
		 WHERE id = s.id;
		PERFORM invoices_reissue(s, ARRAY(SELECT o FROM untouched_invoices(s, d) o), p, d);
	ELSE
		RETURN;
	END IF;
	PERFORM billing_log('plan_changed', format('%s gets %s (%s)', s.mikrotik_username, p.name, effective),
		s.customer_id, s.id, NULL,
		jsonb_build_object('before', s.package_id, 'after', p.id, 'effective', effective));
END $$;

-- A next period that was billed at another package already is billed anew.
CREATE OR REPLACE FUNCTION plan_change_next(s subscriptions, p packages, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	old invoices[] := ARRAY(SELECT o FROM untouched_invoices(s, d) o WHERE o.period_start >= s.next_package_on);
BEGIN
	IF s.next_package_on < (SELECT coalesce(min(period_start), 'infinity') FROM unnest(old)) THEN
		PERFORM raise_conflict('The next period has been paid for with another package: change it when it has begun.');
	END IF;
	PERFORM invoices_reissue(s, old, p, d);
	UPDATE subscriptions
	   SET next_package_id = nullif(p.id, package_id), next_package_on = CASE WHEN p.id <> package_id THEN s.next_package_on END,
	       updated_at = now()
	 WHERE id = s.id;
END $$;

/*
 * Invoices nobody has paid on, of periods not begun, are replaced at the new
 * price and length; what followed on one of them follows on its successor. The
 * days of a first period were granted with it: they end where it ends now.
 */
CREATE OR REPLACE FUNCTION invoices_reissue(s subscriptions, old invoices[], p packages, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i      invoices;
	draft  invoices;
	before invoices; -- the one reissued last, as it was
BEGIN
	FOREACH i IN ARRAY old LOOP
		PERFORM invoice_void(i, 'reissued after a plan change', d);
	END LOOP;
	FOREACH i IN ARRAY old LOOP
		draft := reissue_draft(i, p, CASE i.period_start WHEN before.period_end + 1 THEN draft.period_end + 1
		                             ELSE i.period_start END, d);
		IF is_period_taken(s.id, draft.period_start, draft.period_end) THEN
			PERFORM raise_conflict('With this package the next period would overlap one already billed.');
		END IF;
		IF i.kind = 'first' THEN
			UPDATE subscriptions SET end_date = draft.period_end WHERE id = s.id AND end_date = i.period_end;
		END IF;
		PERFORM invoice_issue(draft, d);
		before := i;
	END LOOP;
END $$;

-- A first invoice stays due on its first day.
CREATE OR REPLACE FUNCTION reissue_draft(i invoices, p packages, first_day date, d date) RETURNS invoices
LANGUAGE plpgsql AS $$
DECLARE
	draft invoices := i;
BEGIN
	draft.package_id := p.id;
	draft.amount := p.price;
	draft.period_start := first_day;
	draft.period_end := first_day + p.validity_days - 1;
	SELECT CASE i.kind WHEN 'first' THEN i.period_start ELSE greatest(s.end_date, d) END INTO draft.due_date
	FROM subscriptions s WHERE s.id = i.subscription_id;
	RETURN draft;
END $$;

-- The next period has just been billed at the next package: that is the package once the period has begun.
CREATE OR REPLACE FUNCTION next_package_billed(s subscriptions, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	first_day date := next_period_start(s.end_date, s.resumed_on);
BEGIN
	IF s.next_package_id IS NULL OR s.next_package_on IS NOT NULL THEN
		RETURN;
	END IF;
	IF first_day <= d THEN
		PERFORM next_package_begin(s);
	ELSE
		UPDATE subscriptions SET next_package_on = first_day WHERE id = s.id;
	END IF;
END $$;

CREATE OR REPLACE FUNCTION next_package_begin(s subscriptions) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE subscriptions SET package_id = next_package_id, next_package_id = NULL, next_package_on = NULL, updated_at = now()
	 WHERE id = s.id;
	PERFORM billing_log('plan_changed', format('%s gets its next package', s.mikrotik_username), s.customer_id, s.id, NULL,
		jsonb_build_object('before', s.package_id, 'after', s.next_package_id, 'effective', 'next_period'));
END $$;
