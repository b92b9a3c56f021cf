/* Targets measured by ping. */
import { useNavigate } from '@tanstack/react-router';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import type { Act } from '../../kit/act';
import type { Field } from '../../kit/fields';
import { ms, percent } from '../../kit/format';
import { List } from '../../kit/list';
import { ActBar } from '../../kit/page';
import type { Reference } from '../../kit/reference';
import { State } from '../../kit/state';
import { ROUTER } from '../references';

export const TARGET: Reference = {
	path: '/api/ping-targets',
	query: { sort: 'name' },
	label: r => String(r.name),
};

export const TARGET_FIELDS: (string | Field)[] = [
	'name',
	'host',
	'group',
	'interval_seconds',
	'timeout_ms',
	'packet_count',
	{ name: 'router_id', reference: ROUTER, hint: '' },
	{ name: 'parent_id', reference: TARGET },
	'is_active',
];

export function Pings() {
	const { t, lang } = useT();
	const go = useNavigate();
	const create: Act = {
		key: 'newTarget',
		role: 'operator',
		method: 'POST',
		path: '/api/ping-targets',
		resource: 'ping_target',
		fields: TARGET_FIELDS,
		after: row => void go({ to: `/network/pings/${row.id}` }),
	};
	return (
		<List<Row>
			path="/api/ping-targets"
			label={t.w.pings}
			empty={t.n.targets}
			search
			sort="name"
			every={30_000}
			bar={<ActBar acts={[create]} />}
			open={r => `/network/pings/${r.id}`}
			columns={[
				'name',
				{
					key: 'status',
					cell: r => <State is={r.is_active === false ? 'inactive' : String(r.status)} />,
				},
				{ key: 'host', phone: 'plain' },
				{ key: 'group', wide: true, phone: 'hide' },
				{ key: 'latency_ms', phone: 'side', cell: r => ms(r.last_latency_ms, lang) },
				{
					key: 'packet_loss_percent',
					phone: 'hide',
					cell: r => percent(r.packet_loss_percent, lang),
				},
			]}
		/>
	);
}
