-- Functions that the queues of all services share.

-- The pause before the next try after so many: unit times 2, 4, 8 and so on, at most `most`.
CREATE OR REPLACE FUNCTION backoff(tries int, unit interval, most interval) RETURNS interval
LANGUAGE sql IMMUTABLE AS $$
	SELECT least(most, 2 ^ least(tries, 10) * unit)
$$;
