-- A bill paid twice, and one of the payments given back, by each way (issue 13: must hold).
BEGIN;
\ir town.psql
SELECT no_plan();

-- Issue, pay twice by the gateway, give one back: `way` is the refund_id of Midtrans, or by hand. Returns the outcome as text.
CREATE FUNCTION given_back(way text, which int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	s    uuid := sub(person());
	paid uuid[] := ARRAY[gateway(inv(s), 100000, '2026-01-01'), gateway(inv(s), 100000, '2026-01-01')];
BEGIN
	IF way = 'by hand' THEN
		PERFORM payment_refund_by_hand(paid[which], '{"amount": 100000, "method": "cash", "reason": "twice"}', '2026-01-02');
	ELSE
		PERFORM payment_refund(paid[which], way || which, 100000, false, 'twice', '2026-01-02');
	END IF;
	RETURN format('%s, credit %s, lost %s, %s', owes(inv(s)), credit(owner(s)),
		(SELECT coalesce(sum(amount), 0) FROM customer_credits WHERE payment_id = ANY(paid) AND kind = 'loss'), is_now(s));
END $$;
SELECT is(given_back('our-key-', 1), 'paid 100000/100000, credit 0, lost 0, active 2026-01-30', 'paid twice, the first refunded by API: bill paid, no credit left, nothing written off');
SELECT is(given_back('our-key-', 2), 'paid 100000/100000, credit 0, lost 0, active 2026-01-30', 'paid twice, the second refunded by API: the same');
SELECT is(given_back('dashboard-', 1), 'paid 100000/100000, credit 0, lost 0, active 2026-01-30', 'paid twice, the first refunded at the dashboard: bill paid, no credit left, nothing written off');
SELECT is(given_back('dashboard-', 2), 'paid 100000/100000, credit 0, lost 0, active 2026-01-30', 'paid twice, the second refunded at the dashboard: the same');
SELECT is(given_back('by hand', 1), 'paid 100000/100000, credit 0, lost 0, active 2026-01-30', 'paid twice, the first refunded by hand: bill paid, no credit left, nothing written off');
SELECT is(given_back('by hand', 2), 'paid 100000/100000, credit 0, lost 0, active 2026-01-30', 'paid twice, the second refunded by hand: the same');
SELECT sound();
SELECT finish();
ROLLBACK;
