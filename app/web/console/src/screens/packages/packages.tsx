import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import type { Messages } from '../../i18n/id';
import type { Act } from '../../kit/act';
import type { Field } from '../../kit/fields';
import { rupiah } from '../../kit/format';
import { List } from '../../kit/list';
import { MoreMenu, PageFrame } from '../../kit/page';
import { State } from '../../kit/state';

const FIELDS: (string | Field)[] = [
	'name',
	'type',
	'price',
	'bandwidth',
	'burst',
	'period_unit',
	{ name: 'validity_days', show: v => v.period_unit !== 'month' },
	{ name: 'validity_months', show: v => v.period_unit === 'month' },
	'priority',
	'router_profile',
	'is_active',
	'description',
];

export const packageCreate = (t: Messages, after?: (row: Row) => void): Act => ({
	key: 'newPackage',
	role: 'admin',
	method: 'POST',
	path: '/api/packages',
	resource: 'package',
	fields: FIELDS,
	submitLabel: t.a.save,
	after,
});

function rowActs(t: Messages, row: Row): Act[] {
	return [
		{
			key: 'edit',
			role: 'admin',
			method: 'PUT',
			path: `/api/packages/${row.id}`,
			resource: 'package',
			fields: FIELDS,
			row,
		},
		{
			key: 'remove',
			role: 'admin',
			colour: 'red',
			method: 'DELETE',
			path: `/api/packages/${row.id}`,
			mustType: String(row.name),
			says: t.c.remove,
		},
	];
}

export function Packages() {
	const { t } = useT();
	return (
		<PageFrame title={t.nav.packages} acts={[packageCreate(t)]}>
			<List<Row<'package'>>
				path="/api/packages"
				label={t.nav.packages}
				empty={t.n.packages}
				search
				sort="price"
				csv="paket"
				filters={[
					{ key: 'type', among: ['pppoe', 'hotspot', 'static'] },
					{ key: 'is_active', yes: true },
				]}
				columns={[
					{ key: 'name', sort: true, phone: 'title' },
					{ key: 'bandwidth', sort: 'download_rate' },
					{ key: 'type', phone: 'plain' },
					{
						key: 'validity_days',
						label: t.f.days,
						sort: 'period_days',
						phone: 'hide',
						cell: r =>
							r.period_unit === 'month'
								? `${r.validity_months} ${t.v.month.toLowerCase()}`
								: t.w.days(r.validity_days),
					},
					{ key: 'subscriptions_count', phone: 'hide', sort: true },
					{ key: 'monthly_value', kind: 'money', wide: true, phone: 'hide', sort: true },
					{ key: 'router_profile', wide: true, phone: 'hide' },
					{
						key: 'is_active',
						label: t.f.status,
						kind: 'state',
						cell: r => <State is={r.is_active ? 'active' : 'inactive'} />,
					},
					{ key: 'price', sort: true, cell: r => rupiah(r.price) },
				]}
				rowAct={r => <MoreMenu compact acts={rowActs(t, r)} />}
			/>
		</PageFrame>
	);
}
