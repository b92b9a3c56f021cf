import { useNavigate } from '@tanstack/react-router';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { List } from '../../kit/list';
import { PageFrame } from '../../kit/page';
import { State } from '../../kit/state';
import { ImportButton } from '../import/button';
import { PACKAGE, ROUTER } from '../references';
import { customerCreate } from './acts';

export function Customers() {
	const { t } = useT();
	const go = useNavigate();
	return (
		<PageFrame
			title={t.nav.customers}
			buttons={<ImportButton noun="customers" />}
			acts={[customerCreate(t, row => void go({ to: `/customers/${row.id}` }))]}
		>
			<List<Row<'customer'>>
				path="/api/customers"
				label={t.nav.customers}
				empty={t.n.customers}
				search
				sort="name"
				csv="pelanggan"
				open={r => `/customers/${r.id}`}
				filters={[
					{ key: 'service', among: ['on', 'off', 'off_for_debt', 'none'] },
					{ key: 'has_debt', label: t.f.debt, yes: true },
					{ key: 'package_id', reference: PACKAGE },
					{ key: 'router_id', reference: ROUTER },
				]}
				columns={[
					{ key: 'name', sort: true },
					{ key: 'service', cell: r => <Service row={r} />, kind: 'state' },
					'phone',
					{ key: 'usernames', phone: 'plain' },
					{ key: 'packages', sort: 'package', wide: true, phone: 'hide' },
					{ key: 'debt', sort: true, phone: 'side' },
					{ key: 'next_due', kind: 'day', sort: true, wide: true, phone: 'hide' },
					{ key: 'credit', sort: true, wide: true, phone: 'hide' },
					{ key: 'address', wide: true, phone: 'hide' },
				]}
			/>
		</PageFrame>
	);
}

/* Online goes before on: that the line is in use says more than that it may be. */
export function Service({ row }: { row: Row }) {
	if (row.online === true) return <State is="online" />;
	if (!row.service) return '–';
	return <State is={row.service === 'on' && row.online === false ? 'offline' : row.service} />;
}
