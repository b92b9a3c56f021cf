import { useNavigate } from '@tanstack/react-router';
import { useMay } from '../../api/query';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { Bulk } from '../../kit/bulk';
import { List, type ListProps } from '../../kit/list';
import { MoreMenu, PageFrame } from '../../kit/page';
import { State } from '../../kit/state';
import { To } from '../../kit/value';
import { ImportButton } from '../import/button';
import { PACKAGE, ROUTER } from '../references';
import { subscriptionActs, subscriptionCreate } from './acts';

type Subscription = Row<'subscription'>;

export function SubscriptionList(
	props: Partial<ListProps<Subscription>> & { hideCustomer?: boolean },
) {
	const { t } = useT();
	const { hideCustomer, ...list } = props;
	return (
		<List<Subscription>
			path="/api/subscriptions"
			label={t.nav.subscriptions}
			empty={t.n.subscriptions}
			sort="-created_at"
			open={r => `/subscriptions/${r.id}`}
			columns={[
				{ key: 'mikrotik_username', sort: true },
				...(hideCustomer
					? []
					: [
							{
								key: 'customer',
								phone: 'plain' as const,
								cell: (r: Subscription) =>
									r.customer && <To to={`/customers/${r.customer_id}`}>{r.customer.name}</To>,
							},
						]),
				{
					key: 'status',
					cell: r => <State is={r.suspend_reason === 'debt' ? 'off_for_debt' : r.status} />,
				},
				{ key: 'package', phone: 'plain', cell: r => r.package?.name },
				{ key: 'end_date', sort: true },
				{ key: 'debt', sort: true, phone: 'hide' },
				{ key: 'sync_state', wide: true, phone: 'hide' },
				{ key: 'remote_address', wide: true, phone: 'hide' },
			]}
			rowAct={r => <MoreMenu compact acts={subscriptionActs(t, r)} />}
			{...list}
		/>
	);
}

export function Subscriptions() {
	const { t } = useT();
	const may = useMay();
	const go = useNavigate();
	return (
		<PageFrame
			title={t.nav.subscriptions}
			buttons={<ImportButton noun="subscriptions" />}
			acts={[subscriptionCreate(t, undefined, row => void go({ to: `/subscriptions/${row.id}` }))]}
		>
			<SubscriptionList
				search
				csv="langganan"
				bulk={
					may('operator')
						? choice => (
								<Bulk
									path="/api/subscriptions/bulk"
									choice={choice}
									acts={[
										{ key: 'activate', act: 'activate', says: t.c.activate },
										{ key: 'suspend', act: 'suspend', colour: 'red', says: t.c.suspend },
										{
											key: 'move',
											act: 'move',
											says: t.c.move,
											fields: [{ name: 'router_id', reference: ROUTER, required: true }],
										},
									]}
								/>
							)
						: undefined
				}
				filters={[
					{ key: 'status', among: ['active', 'suspended', 'expired', 'cancelled'] },
					{ key: 'package_id', reference: PACKAGE },
					{ key: 'router_id', reference: ROUTER },
					{ key: 'type', among: ['pppoe', 'hotspot', 'static'] },
					{ key: 'end_from', day: true },
					{ key: 'end_to', day: true },
				]}
			/>
		</PageFrame>
	);
}
