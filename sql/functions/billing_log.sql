-- The base of every rule of billing: locks, the log, alerts, jobs for the gateway.

CREATE OR REPLACE FUNCTION rupiah(money bigint) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT 'Rp' || replace(to_char(money, 'FM999,999,999,999,999'), ',', '.')
$$;

-- Record actor, action and reason, in the transaction of the action.
CREATE OR REPLACE FUNCTION billing_log(action text, message text, customer uuid, subscription uuid, invoice uuid,
	meta jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO billing_logs (action, message, customer_id, subscription_id, invoice_id, meta, actor, request_id)
	VALUES (action, message, customer, subscription, invoice, jsonb_strip_nulls(meta), session_actor(), session_request());
END $$;
