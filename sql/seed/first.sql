-- The first rows of an empty system: four packages and a router. The router is
-- inactive, so that nothing dials an address nobody chose. Nothing comes back once people
-- have made packages or routers of their own, or thrown these away.
INSERT INTO packages (name, type, bandwidth, price, router_profile)
SELECT * FROM (VALUES
	('10 Mbps',  'pppoe', '10M/10M',   150000, '10-mbps'),
	('20 Mbps',  'pppoe', '20M/20M',   250000, '20-mbps'),
	('50 Mbps',  'pppoe', '50M/50M',   400000, '50-mbps'),
	('100 Mbps', 'pppoe', '100M/100M', 600000, '100-mbps')
) AS p (name, type, bandwidth, price, router_profile)
WHERE NOT EXISTS (SELECT FROM packages);

INSERT INTO router_settings (name, host, port, username, password, ssl, is_active)
SELECT 'Main Router', '192.168.88.1', 8728, 'admin', '', false, false
WHERE NOT EXISTS (SELECT FROM router_settings);
