/*
 * The account of a subscription: one row of mikrotik_secrets from its first
 * moment to its cancellation, mirrored by statement-level triggers, whatever
 * changes the subscription.  account.sql makes jobs of what changes.
 */

/*
 * Why an address cannot be a customer's with this service; NULL: it can.  RouterOS
 * takes IPv4 alone in PPP secrets and hotspot users; an IPv4 address written as
 * IPv6 would be a second spelling of the same customer.
 */
CREATE OR REPLACE FUNCTION account_address_error(service text, address text)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
	       WHEN nullif(address, '') IS NULL THEN NULL
	       WHEN family(address::inet) = 6 AND service <> 'static' THEN 'must be an IPv4 address for a ' || service || ' package.'
	       WHEN address::inet <<= ANY ('{0.0.0.0/8,127.0.0.0/8,169.254.0.0/16,224.0.0.0/4,255.255.255.255/32}'::inet[])
	         OR address::inet <<= ANY ('{::/128,::1/128,fe80::/10,ff00::/8,::ffff:0:0/96}'::inet[])
	       THEN 'must be an address that a customer can have.' END
$$;

-- An IPv6 address has many spellings, and one customer: kept in the one that compares.
CREATE OR REPLACE FUNCTION subscription_addresses()
RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	service text := (SELECT type FROM packages WHERE id = NEW.package_id);
	moved   boolean := TG_OP = 'INSERT' OR OLD.package_id <> NEW.package_id;
	local   text := account_address_error(service, NEW.local_address);
	remote  text := account_address_error(service, NEW.remote_address);
BEGIN
	-- A value that stands already (an imported one) passes; a new one, or a new package, does not.
	PERFORM raise_invalid_all(
		field_error(local IS NOT NULL AND (moved OR NEW.local_address IS DISTINCT FROM OLD.local_address),
			'local_address', 'address', 'The local address ' || local)
		|| field_error(remote IS NOT NULL AND (moved OR NEW.remote_address IS DISTINCT FROM OLD.remote_address),
			'remote_address', 'address', 'The remote address ' || remote));
	NEW.local_address := host(nullif(NEW.local_address, '')::inet);
	NEW.remote_address := host(nullif(NEW.remote_address, '')::inet);
	RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER subscription_addresses BEFORE INSERT OR UPDATE OF local_address, remote_address, package_id
	ON subscriptions FOR EACH ROW
	WHEN (NEW.local_address <> '' OR NEW.remote_address <> '') EXECUTE FUNCTION subscription_addresses();

CREATE OR REPLACE FUNCTION subscription_added()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	fallback uuid := account_default_router();
	expire   boolean := (SELECT remove_expired FROM settings);
BEGIN
	IF fallback IS NULL THEN
		PERFORM pg_advisory_xact_lock_shared(hashtext('isp-billing: first router')); -- see router_ready()
		fallback := account_default_router();
	END IF;
	-- An account that stands alone (imported, say) under this name becomes the subscription's.
	UPDATE mikrotik_secrets m
	   SET subscription_id = n.id, customer_id = n.customer_id, router_id = coalesce(n.router_id, m.router_id, fallback),
	       package_id = n.package_id, password = NULL, service = p.type, profile = nullif(n.profile, ''),
	       local_address = nullif(n.local_address, ''), remote_address = nullif(n.remote_address, ''),
	       comment = nullif(n.comment, ''), wanted = account_wanted(n.status, expire),
	       disabled = account_wanted(n.status, expire) <> 'enabled', updated_at = now()
	  FROM new_rows n
	  JOIN packages p ON p.id = n.package_id
	 WHERE m.username = n.mikrotik_username AND m.removed_at IS NULL AND m.subscription_id IS NULL
	   AND n.is_live;

	INSERT INTO mikrotik_secrets (subscription_id, customer_id, router_id, package_id, username, service, profile,
	       local_address, remote_address, comment, wanted, disabled, removed_at)
	SELECT n.id, n.customer_id, coalesce(n.router_id, fallback), n.package_id, n.mikrotik_username, p.type,
	       nullif(n.profile, ''), nullif(n.local_address, ''), nullif(n.remote_address, ''), nullif(n.comment, ''),
	       account_wanted(n.status, expire), account_wanted(n.status, expire) <> 'enabled',
	       CASE WHEN n.status = 'cancelled' THEN now() END
	  FROM new_rows n
	  JOIN packages p ON p.id = n.package_id
	 WHERE NOT EXISTS (SELECT FROM mikrotik_secrets m WHERE m.subscription_id = n.id)
	 ORDER BY n.seq;
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER subscription_added AFTER INSERT ON subscriptions
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION subscription_added();

CREATE OR REPLACE FUNCTION subscription_changed()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET enable_seqscan = off AS $$
DECLARE
	fallback uuid;
	expire   boolean;
	mirrored uuid[];
	renamed  uuid[];
	secret   uuid[];
BEGIN
	SELECT array_agg(n.id) FILTER (WHERE
	           (n.status, n.package_id, n.router_id, n.mikrotik_username, n.local_address, n.remote_address, n.profile,
	            n.comment, n.customer_id) IS DISTINCT FROM
	           (o.status, o.package_id, o.router_id, o.mikrotik_username, o.local_address, o.remote_address, o.profile,
	            o.comment, o.customer_id)),
	       array_agg(n.id) FILTER (WHERE n.mikrotik_username <> o.mikrotik_username AND n.is_live),
	       array_agg(n.id) FILTER (WHERE n.mikrotik_password <> o.mikrotik_password AND n.is_live)
	  INTO mirrored, renamed, secret
	  FROM new_rows n
	  JOIN old_rows o ON o.id = n.id;

	IF renamed IS NOT NULL AND EXISTS (
		SELECT FROM new_rows n
		  JOIN mikrotik_secrets m ON m.username = n.mikrotik_username
		 WHERE n.id = ANY (renamed) AND m.removed_at IS NULL AND m.subscription_id IS NULL) THEN
		PERFORM raise_invalid('mikrotik_username', 'taken', 'The mikrotik username has already been taken.');
	END IF;
	IF mirrored IS NOT NULL THEN
		fallback := account_default_router();
		expire := (SELECT remove_expired FROM settings);
		-- In the order in which router-sync locks them.
		PERFORM FROM mikrotik_secrets WHERE subscription_id = ANY (mirrored) ORDER BY id FOR UPDATE;
		UPDATE mikrotik_secrets m
		   SET customer_id = n.customer_id,
		       router_id = CASE WHEN n.router_id IS DISTINCT FROM o.router_id THEN coalesce(n.router_id, fallback, m.router_id)
		                        ELSE m.router_id END,
		       package_id = n.package_id,
		       username = n.mikrotik_username,
		       service = p.type,
		       profile = nullif(n.profile, ''),
		       local_address = nullif(n.local_address, ''),
		       remote_address = nullif(n.remote_address, ''),
		       comment = nullif(n.comment, ''),
		       wanted = account_wanted(n.status, expire),
		       -- An account disabled by hand stays so until the subscription's next turn.
		       disabled = CASE WHEN n.status = o.status THEN m.disabled ELSE account_wanted(n.status, expire) <> 'enabled' END,
		       removed_at = CASE WHEN n.status = 'cancelled' THEN coalesce(m.removed_at, now()) END,
		       updated_at = now()
		  FROM new_rows n
		  JOIN old_rows o ON o.id = n.id
		  JOIN packages p ON p.id = n.package_id
		 WHERE m.subscription_id = n.id
		   AND (n.status, n.package_id, n.router_id, n.mikrotik_username, n.local_address, n.remote_address, n.profile,
		        n.comment, n.customer_id) IS DISTINCT FROM
		       (o.status, o.package_id, o.router_id, o.mikrotik_username, o.local_address, o.remote_address, o.profile,
		        o.comment, o.customer_id);
	END IF;
	IF secret IS NOT NULL THEN
		PERFORM account_mark_dirty(ARRAY(SELECT id FROM mikrotik_secrets WHERE subscription_id = ANY (secret) ORDER BY id), true);
	END IF;
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER subscription_changed AFTER UPDATE ON subscriptions
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
	WHEN (current_setting('isp.reseal', true) IS DISTINCT FROM 'on') -- see seal_replace()
	EXECUTE FUNCTION subscription_changed();
