-- Lines of a router that is away are not cut for debt, at most 3 nights.
BEGIN;

DROP FUNCTION IF EXISTS router_broken(uuid, text, int); -- it has a fourth argument now
ALTER TABLE router_states ADD away_since timestamptz; -- no connection could be made since; NULL: it can be reached
ALTER TABLE subscriptions
	ADD router_holds   int NOT NULL DEFAULT 0, -- nights of one outage of its router
	ADD router_held_on date;

COMMIT;
