/* The RADIUS server: stored, and said openly that nothing uses it yet. */
import { Alert, Stack } from '@mantine/core';
import { useGet } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT } from '../../i18n';
import type { Act } from '../../kit/act';
import { NotYet } from '../../kit/empty';
import { ActBar, Facts, Section } from '../../kit/page';

export function Radius() {
	const { t } = useT();
	const read = useGet<Loose | null>('/api/radius-settings');
	if (read.data === undefined)
		return <NotYet error={read.error} retry={() => void read.refetch()} />;
	const row = read.data;
	const save: Act = {
		key: row ? 'edit' : 'create',
		role: 'admin',
		method: 'POST',
		path: '/api/radius-settings',
		resource: 'radius_setting',
		fields: [
			{ name: 'host', required: true, initial: row?.host },
			{ name: 'port', kind: 'int', initial: row?.port ?? 1812 },
			{ name: 'secret', kind: 'secret', required: !row, hint: row ? t.w.keep : undefined },
			{ name: 'nas_identifier', initial: row?.nas_identifier ?? 'mikrotik' },
			{ name: 'enabled', kind: 'yes', initial: row?.enabled ?? false },
		],
		submitLabel: t.a.save,
	};
	return (
		<Section title={t.w.radius} beside={<ActBar acts={[save]} />}>
			<Stack gap="sm">
				{row?.in_use === false && (
					<Alert color="yellow" variant="light" p="xs">
						{t.w.radiusUnused}
					</Alert>
				)}
				<Facts
					of={[
						[t.f.host, row ? `${row.host}:${row.port}` : '–'],
						[t.f.nas_identifier, row?.nas_identifier ?? '–'],
						[t.f.secret, row?.has_secret ? '••••••••' : '–'],
						[t.f.enabled, row ? (row.enabled ? t.w.yes : t.w.no) : '–'],
					]}
				/>
			</Stack>
		</Section>
	);
}
