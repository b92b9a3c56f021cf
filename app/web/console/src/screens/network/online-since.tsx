/* Whether a line is online, and for how long: as the router tells it, who is asked once a minute. */
import { useGet } from '../../api/query';
import type { Loose, Row } from '../../api/types';
import { useT } from '../../i18n';
import { uptime } from '../../kit/format';
import { State } from '../../kit/state';

export function OnlineSince({ line }: { line: Row<'subscription'> }) {
	const { t, lang } = useT();
	const read = useGet<Loose>(
		'/api/mikrotik/user-detail',
		{
			username: line.mikrotik_username,
			type: line.package?.type === 'hotspot' ? 'hotspot' : 'pppoe',
		},
		{ enabled: line.online === true, every: 60_000, stale: 30_000 },
	);
	if (typeof line.online !== 'boolean') return null;
	const since = line.online ? read.data?.session?.uptime : undefined;
	return (
		<State
			is={line.online ? 'online' : 'offline'}
			label={since ? `${t.v.online} · ${uptime(since, lang)}` : undefined}
		/>
	);
}
