-- A package without a router_profile gets one made of its name: "Home 10 Mbps" is home-10-mbps,
-- with a number behind it where that is taken.
CREATE OR REPLACE FUNCTION package_profile() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
	slug text := trim(BOTH '-' FROM left(regexp_replace(lower(NEW.name), '[^a-z0-9]+', '-', 'g'), 56));
	n    int := 1;
BEGIN
	IF slug = '' THEN
		slug := 'package';
	END IF;
	NEW.router_profile := slug;
	WHILE EXISTS (SELECT FROM packages WHERE router_profile = NEW.router_profile) LOOP
		n := n + 1;
		NEW.router_profile := slug || '-' || n;
	END LOOP;
	RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER package_profile BEFORE INSERT ON packages FOR EACH ROW
	WHEN (NEW.router_profile IS NULL) EXECUTE FUNCTION package_profile();

-- A package by the day is prepaid, and one by the month may not be: its lines follow it.
CREATE OR REPLACE FUNCTION package_mode_follow() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM subscriptions_follow_settings(business_today());
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER package_mode_follow AFTER UPDATE OF period_unit ON packages FOR EACH ROW
	WHEN (NEW.period_unit <> OLD.period_unit) EXECUTE FUNCTION package_mode_follow();

-- An address that two accounts of one router would have, were this package static.
CREATE OR REPLACE FUNCTION package_address_twice(package uuid) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT min(mine.remote_address)
	  FROM mikrotik_secrets mine
	  JOIN mikrotik_secrets other ON other.remote_address = mine.remote_address AND other.id <> mine.id
	       AND other.router_id IS NOT DISTINCT FROM mine.router_id
	 WHERE mine.package_id = package AND mine.subscription_id IS NOT NULL AND mine.removed_at IS NULL
	   AND other.removed_at IS NULL
	   AND (other.service = 'static' OR other.package_id = package AND other.subscription_id IS NOT NULL)
$$;

-- A static account without an address can neither be made nor cut off, and what it was before
-- would stay on the router, whatever the subscription says. Nor can two have the same.
CREATE OR REPLACE FUNCTION package_has_addresses() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
	twice text := package_address_twice(NEW.id);
BEGIN
	IF EXISTS (SELECT FROM subscriptions
	            WHERE (package_id = NEW.id OR next_package_id = NEW.id) AND is_live
	              AND nullif(remote_address, '') IS NULL) THEN
		PERFORM raise_conflict('package_needs_address', 'Subscriptions with this package have no remote_address, which a static package needs.');
	END IF;
	IF twice IS NOT NULL THEN
		PERFORM raise_conflict('address_taken', format('The remote address %s would be used twice, which a static package does not allow.', twice));
	END IF;
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER package_has_addresses AFTER UPDATE OF type ON packages FOR EACH ROW
	WHEN (NEW.type = 'static' AND OLD.type <> 'static') EXECUTE FUNCTION package_has_addresses();

-- The price of a package for a month, or for 30 days where it lasts days: a package of 3 months is a third of its price.
CREATE OR REPLACE FUNCTION package_monthly(package packages) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT package.price / CASE package.period_unit WHEN 'month' THEN package.validity_months ELSE package.validity_days / 30.0 END
$$;

-- The first half of a bandwidth, "1.5M/512k", in bit/s: packages are sorted by it. 0 for what is no rate.
CREATE OR REPLACE FUNCTION package_download(bandwidth text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT coalesce((SELECT m[1]::numeric * CASE lower(m[2]) WHEN 'k' THEN 1000 WHEN 'm' THEN 1000000 ELSE 1000000000 END
	                   FROM regexp_match(bandwidth, '^(\d{1,7}(?:\.\d)?)([kmg])/', 'i') AS m), 0)::bigint
$$;
