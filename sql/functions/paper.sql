-- A day as customers read it.
CREATE OR REPLACE FUNCTION date_text(day date) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT extract(day FROM day) || ' ' || ('{Januari,Februari,Maret,April,Mei,Juni,Juli,Agustus,September,Oktober,November,Desember}'::text[])[
		extract(month FROM day)::int] || ' ' || extract(year FROM day)
$$;
