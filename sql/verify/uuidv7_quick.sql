-- Verify uuidv7_quick.
SELECT 1 / (substr(uuidv7()::text, 15, 1) = '7')::int;
