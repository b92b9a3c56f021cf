/* Announced work: no alert is raised meanwhile. */
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import type { Act } from '../../kit/act';
import type { Field } from '../../kit/fields';
import { List } from '../../kit/list';
import { ActBar, MoreMenu } from '../../kit/page';
import { ROUTER } from '../references';
import { DEVICE } from './devices';
import { TARGET } from './pings';

const PATH = '/api/maintenance-windows';
const FIELDS: (string | Field)[] = [
	{ name: 'title', required: true, wide: true },
	{ name: 'starts_at', kind: 'time', required: true },
	{ name: 'ends_at', kind: 'time', required: true },
	{ name: 'router_id', reference: ROUTER, hint: '' },
	{ name: 'device_id', reference: DEVICE },
	{ name: 'target_id', reference: TARGET },
	{ name: 'note', kind: 'area' },
];

export function Windows() {
	const { t } = useT();
	const acts = (row: Row): Act[] => [
		{
			key: 'edit',
			role: 'operator',
			method: 'PUT',
			path: `${PATH}/${row.id}`,
			fields: FIELDS,
			row,
		},
		{
			key: 'remove',
			role: 'operator',
			colour: 'red',
			method: 'DELETE',
			path: `${PATH}/${row.id}`,
			mustType: String(row.title),
			says: t.c.remove,
		},
	];
	return (
		<List<Row>
			path={PATH}
			label={t.w.maintenance}
			empty={t.n.windows}
			bar={
				<ActBar
					acts={[
						{
							key: 'newWindow',
							role: 'operator',
							method: 'POST',
							path: PATH,
							says: t.c.newWindow,
							fields: FIELDS,
						},
					]}
				/>
			}
			columns={[
				{ key: 'title', phone: 'title' },
				{ key: 'starts_at' },
				{ key: 'ends_at' },
				{ key: 'note', phone: 'hide', wide: true },
			]}
			rowAct={r => <MoreMenu compact acts={acts(r)} />}
		/>
	);
}
