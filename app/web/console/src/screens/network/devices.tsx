/* Devices asked by SNMP. */
import { useNavigate } from '@tanstack/react-router';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import type { Act } from '../../kit/act';
import type { Field } from '../../kit/fields';
import { List } from '../../kit/list';
import { ActBar } from '../../kit/page';
import type { Reference } from '../../kit/reference';
import { State } from '../../kit/state';
import { ROUTER } from '../references';

export const DEVICE: Reference = {
	path: '/api/snmp-devices',
	query: { sort: 'name' },
	label: r => String(r.name),
};

const isV3 = (v: Record<string, unknown>) => v.version === '3';
export const DEVICE_FIELDS: (string | Field)[] = [
	'name',
	'host',
	'port',
	{ name: 'version', label: 'SNMP', among: ['1', '2c', '3'], initial: '2c' },
	{ name: 'community', kind: 'secret', show: v => !isV3(v) },
	{ name: 'security_name', show: isV3 },
	{ name: 'security_level', among: ['noAuthNoPriv', 'authNoPriv', 'authPriv'], show: isV3 },
	{ name: 'auth_protocol', show: isV3 },
	{ name: 'auth_password', kind: 'secret', show: isV3 },
	{ name: 'priv_protocol', show: isV3 },
	{ name: 'priv_password', kind: 'secret', show: isV3 },
	{ name: 'device_type', among: ['router', 'switch', 'olt', 'server', 'other'], initial: 'router' },
	'location',
	{ name: 'router_id', reference: ROUTER, hint: '' },
	{ name: 'parent_id', reference: DEVICE },
	'is_active',
];

export function Devices() {
	const { t } = useT();
	const go = useNavigate();
	const create: Act = {
		key: 'newDevice',
		role: 'operator',
		method: 'POST',
		path: '/api/snmp-devices',
		resource: 'snmp_device',
		fields: DEVICE_FIELDS,
		after: row => void go({ to: `/network/devices/${row.id}` }),
	};
	return (
		<List<Row>
			path="/api/snmp-devices"
			label={t.w.devices}
			empty={t.n.devices}
			search
			sort="name"
			every={30_000}
			bar={<ActBar acts={[create]} />}
			open={r => `/network/devices/${r.id}`}
			columns={[
				'name',
				{
					key: 'status',
					cell: r => (
						<State is={r.is_active === false ? 'inactive' : String(r.status ?? 'unknown')} />
					),
				},
				{ key: 'host', phone: 'plain' },
				{ key: 'device_type', label: t.f.type, kind: 'word', phone: 'plain' },
				{ key: 'location', wide: true, phone: 'hide' },
				{ key: 'last_error', phone: 'hide' },
			]}
		/>
	);
}
