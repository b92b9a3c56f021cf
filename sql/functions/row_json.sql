/*
 * A row of a view inside a JSON value, in the form that lists answer (lib/db/rowjson.c): "customer.name" stands as name in
 * customer, an object of NULLs alone is null, a moment ends in Z. The session's time zone is UTC.
 */
CREATE OR REPLACE FUNCTION row_json(columns jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	moment constant text := '^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00"$';
BEGIN
	RETURN (
		SELECT jsonb_object_agg(key, CASE WHEN value::text ~ moment THEN to_jsonb(replace(value #>> '{}', '+00:00', 'Z')) ELSE value END)
		FROM jsonb_each(columns) WHERE strpos(key, '.') = 0)
	|| coalesce((
		SELECT jsonb_object_agg(inner_row.name, CASE WHEN inner_row.is_there THEN row_json(inner_row.columns) END)
		FROM (SELECT split_part(key, '.', 1) AS name, bool_or(value <> 'null') AS is_there,
				jsonb_object_agg(substr(key, strpos(key, '.') + 1), value) AS columns
			FROM jsonb_each(row_json.columns) WHERE strpos(key, '.') > 0 GROUP BY 1) inner_row), '{}');
END $$;
