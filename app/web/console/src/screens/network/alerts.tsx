import { Text } from '@mantine/core';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { alertText } from '../../i18n/alert';
import { List } from '../../kit/list';
import { ActBar, MoreMenu } from '../../kit/page';
import { State } from '../../kit/state';

export function Alerts() {
	const { t, lang } = useT();
	return (
		<List<Row<'alert'>>
			path="/api/alerts"
			label={t.w.alerts}
			empty={t.n.alerts}
			every={15_000}
			filters={[
				{ key: 'severity', among: ['critical', 'warning', 'info'] },
				{ key: 'is_open', label: t.v.open, yes: true },
			]}
			bar={
				<ActBar
					acts={[
						{ key: 'readAll', role: 'operator', method: 'POST', path: '/api/alerts/read-all' },
					]}
				/>
			}
			columns={[
				{
					key: 'title',
					phone: 'title',
					cell: r => (
						<Text fz="inherit" fw={r.is_read ? 400 : 650}>
							{alertText(t, lang, r, 'title')}
						</Text>
					),
				},
				{ key: 'severity', phone: 'side' },
				{ key: 'message', phone: 'plain', cell: r => alertText(t, lang, r, 'message') },
				{ key: 'created_at', label: t.f.raised_at, phone: 'plain' },
				{
					key: 'resolved_at',
					phone: 'plain',
					cell: r => <State is={r.is_open ? 'open' : 'resolved'} />,
				},
			]}
			rowAct={r =>
				r.is_read ? null : (
					<MoreMenu
						compact
						acts={[
							{
								key: 'markRead',
								role: 'operator',
								method: 'POST',
								path: `/api/alerts/${r.id}/read`,
							},
						]}
					/>
				)
			}
		/>
	);
}
