-- Lines of a router that is away are not cut for debt, at most 3 nights.
BEGIN;

DROP FUNCTION IF EXISTS router_broken(uuid, text, int); -- it has a fourth argument now
ALTER TABLE router_states ADD away_since timestamptz; -- no connection could be made since; NULL: it can be reached
ALTER TABLE subscriptions
	ADD router_holds   int NOT NULL DEFAULT 0, -- nights of one outage of its router
	ADD router_held_on date;
INSERT INTO alert_texts (name, title_en, message_en, title_id, message_id) VALUES
	('router_hold_over', 'Lines of {name} are cut though it is away',
	 'The router has been away for 3 nights: {count} lines that owe money are not spared any longer.',
	 'Pelanggan {name} diputus walau router itu tidak terjangkau',
	 'Router sudah 3 malam tidak terjangkau: {count} layanan yang menunggak tidak ditunda lagi.');

COMMIT;
