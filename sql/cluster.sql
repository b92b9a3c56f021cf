/*
 * Objects of the cluster, not of a database: one role a program, the owner of the schema, and
 * the reader that dumps it. Run by the superuser who makes the database; none of them may make
 * roles. Can be run again.
 */
DO $$
DECLARE
	program text;
BEGIN
	FOREACH program IN ARRAY '{isp_owner,isp_api,isp_billing,isp_router,isp_gateway,isp_notify,isp_snmp,isp_ping,
		isp_backup}'::text[] LOOP
		BEGIN
			EXECUTE format('CREATE ROLE %I LOGIN', program);
		EXCEPTION WHEN duplicate_object OR unique_violation THEN
			NULL; -- made before, or by another who runs this now
		END;
	END LOOP;
	GRANT pg_read_all_data TO isp_backup;
END $$;
