/* Is all well: the server, its database, the last restore that was proven, the nights' runs. */
import { Stack } from '@mantine/core';
import { useMeta } from '../../api/meta';
import { useGet } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT, word } from '../../i18n';
import { moment } from '../../kit/format';
import { Facts } from '../../kit/page';
import { State } from '../../kit/state';

export function Health() {
	const { t, lang } = useT();
	const read = useGet<Loose>('/api/health', {}, { every: 10_000 });
	const meta = useMeta();
	const health = read.data;
	const restore = meta?.last_proven_restore;
	return (
		<Stack gap="md">
			<Facts
				of={[
					[
						t.f.status,
						health && <State is={String(health.status)} label={word(t.v, String(health.status))} />,
					],
					[t.w.apiVersion, health?.version],
					[
						t.w.database,
						health && <State is={typeof health.database === 'string' ? health.database : 'ok'} />,
					],
					[t.w.serverTime, health && moment(health.time, lang)],
					[t.w.lastRestore, restore ? moment(String(restore), lang) : t.w.restoreNone],
				]}
			/>
		</Stack>
	);
}
