/*
 * Put one sealed value in the place of another, unless it changed meanwhile.
 * place comes from the view sealed_values: table, id and column.  The secret
 * itself stays: isp.reseal keeps the triggers from marking accounts dirty.
 */
CREATE OR REPLACE FUNCTION seal_replace(place text, old text, new text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	part text[] := string_to_array(place, ':');
	n int;
BEGIN
	PERFORM set_config('isp.reseal', 'on', true);
	EXECUTE format('UPDATE %I SET %I = $1 WHERE id = $2 AND %I = $3', part[1], part[3], part[3])
	  USING new, part[2]::uuid, old;
	GET DIAGNOSTICS n = ROW_COUNT;
	PERFORM set_config('isp.reseal', '', true);
	RETURN n = 1;
END $$;
