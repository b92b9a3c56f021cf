-- A run undone.

/*
 * Switch on again all subscriptions that a run switched off and that nothing has
 * changed since. Their off periods are struck out: they count for nothing.
 * hold_until keeps the next run from switching them off for debt. A pause that
 * began with the run, or whose day came while the line was off, is planned again. Returns their number.
 */
CREATE OR REPLACE FUNCTION billing_run_undo(run bigint, today date) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
	r    billing_runs;
	subs uuid[];
	s    subscriptions;
	n    int := 0;
BEGIN
	SELECT * INTO r FROM billing_runs WHERE id = run FOR UPDATE;
	PERFORM require_found(FOUND, 'run_unknown', 'Run not found.');
	IF r.undone_at IS NOT NULL THEN
		PERFORM raise_conflict('run_undone', 'The run is undone already.');
	END IF;
	IF r.counts IS NULL AND NOT pg_try_advisory_xact_lock(hashtext('isp-billing: run')) THEN
		PERFORM raise_conflict('run_under_way', 'The run is under way: it would go on switching lines off.');
	END IF;
	subs := ARRAY(SELECT subscription_id FROM service_offs WHERE run_id = run AND back_on IS NULL AND struck_at IS NULL);
	PERFORM subscriptions_lock(subs);
	FOR s IN SELECT x.* FROM subscriptions x JOIN service_offs o ON o.subscription_id = x.id
	         WHERE x.id = ANY(subs) AND o.run_id = run AND o.back_on IS NULL AND o.struck_at IS NULL
	           AND coalesce(x.suspend_reason, x.status) = o.cause ORDER BY x.seq LOOP
		PERFORM service_off_strike(s, today);
		UPDATE subscriptions SET hold_until = greatest(hold_until, r.business_date + 1, today + 1),
			begin_on = s.pause_from
		WHERE id = s.id;
		PERFORM subscription_set_status(s, 'active', NULL, format('the run of %s was undone', r.business_date));
		n := n + 1;
	END LOOP;
	UPDATE billing_runs SET undone_at = now(), undone_by = session_actor() WHERE id = run;
	PERFORM audit('run_undone', 'run', run::text, jsonb_build_object('date', r.business_date, 'restored', n));
	RETURN n;
END $$;

/*
 * Strike out the open off period of a subscription, as if it had stayed on. A bill that was issued meanwhile begins after the
 * days off that a return would have given back: these are given, or end_date would fall short of that bill's end, and
 * the next period would overlap it. A postpaid period that was billed up to the cut is over: months begin with the day of
 * the cut, as they do after a return.
 */
CREATE OR REPLACE FUNCTION service_off_strike(subscription subscriptions, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	o   service_offs := service_off_now(subscription.id);
	i   invoices;
	gap int := 0;
BEGIN
	SELECT * INTO i FROM invoices
	WHERE subscription_id = subscription.id AND period_held IS NOT NULL AND issued_on >= o.from_day AND period_start > o.from_day
	ORDER BY period_start LIMIT 1;
	IF FOUND THEN
		SELECT least(service_off_gain(subscription, today), max(x.period_end) - subscription.end_date - max(d.days)) INTO gap
		FROM open_days(subscription.customer_id, subscription.id) d, invoices x
		WHERE x.subscription_id = subscription.id AND x.period_held IS NOT NULL;
	END IF;
	UPDATE service_offs SET struck_at = now() WHERE id = o.id;
	UPDATE subscriptions
	SET closed_on = NULL, anchor_day = CASE WHEN NOT is_postpaid OR end_date < closed_on OR month_day(o.from_day, anchor_day) = o.from_day THEN anchor_day END
	WHERE id = subscription.id;
	IF gap > 0 THEN
		PERFORM service_days_add(subscription.id, gap, 'gift', i.id, NULL, 'days before a bill that was issued while off', today);
	END IF;
END $$;
