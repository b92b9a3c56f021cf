/*
 * Locks. The customer's row is the mutex of everything that belongs to the
 * customer: a transaction that touches money or state takes it first, then the
 * subscription, the invoice and, last, the counter of invoice numbers. So two
 * transactions never wait for each other, and what is read after the lock stays
 * true until commit.
 * NO KEY UPDATE excludes as FOR UPDATE does, but does not stop other tables
 * from referring to the row meanwhile.
 */
CREATE OR REPLACE FUNCTION customer_lock(customer uuid) RETURNS customers
LANGUAGE plpgsql AS $$
DECLARE
	found_customer customers;
BEGIN
	SELECT * INTO found_customer FROM customers WHERE id = customer FOR NO KEY UPDATE;
	PERFORM require_found(FOUND, 'customer_unknown', 'Customer not found.');
	RETURN found_customer;
END $$;

-- Archive: hidden, not deleted. Every financial row stays.
CREATE OR REPLACE FUNCTION customer_archive(customer uuid, keep_credit boolean, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	c   customers := customer_lock(customer);
	sub uuid;
BEGIN
	IF c.archived_at IS NOT NULL THEN
		RETURN;
	END IF;
	FOR sub IN SELECT id FROM subscriptions WHERE customer_id = customer ORDER BY id LOOP
		PERFORM subscription_cancel(sub, 'the customer was archived', today);
	END LOOP;
	UPDATE customers SET archived_at = now(), updated_at = now() WHERE id = customer RETURNING * INTO c;
	IF c.credit > 0 AND NOT coalesce(keep_credit, false) THEN -- (what was paid ahead is credit by now)
		PERFORM raise_conflict('customer_has_credit', format('The customer has a credit of %s: pay it out first, or archive with keep_credit=1.',
			rupiah(c.credit)));
	END IF;
	PERFORM billing_log('archived', format('%s archived', c.name), customer, NULL, NULL,
		jsonb_build_object('credit', c.credit, 'before', jsonb_build_object('archived', false),
			'after', jsonb_build_object('archived', true)));
END $$;

-- Nothing is sold to an archived customer; the row is held until commit.
CREATE OR REPLACE FUNCTION customer_errors(customer uuid) RETURNS text[]
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM customers WHERE id = customer AND archived_at IS NULL FOR NO KEY UPDATE;
	RETURN field_error(NOT FOUND, 'customer_id', 'unknown_reference', 'The selected customer id is invalid.');
END $$;
