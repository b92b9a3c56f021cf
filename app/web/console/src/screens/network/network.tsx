import { useNavigate } from '@tanstack/react-router';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { List } from '../../kit/list';
import { PageFrame, TabFrame } from '../../kit/page';
import { RouterState } from '../home/home';
import { routerCreate } from './acts';

export function Network() {
	const { t } = useT();
	return (
		<PageFrame title={t.nav.network}>
			<TabFrame tabs={[{ key: 'routers', label: t.w.routers, body: <Routers /> }]} />
		</PageFrame>
	);
}

function Routers() {
	const { t } = useT();
	const go = useNavigate();
	return (
		<PageFrame
			title={t.w.routers}
			acts={[routerCreate(t, row => void go({ to: `/network/routers/${row.id}` }))]}
		>
			<List<Row<'router_setting'>>
				path="/api/router-settings"
				label={t.w.routers}
				sort="name"
				every={15_000}
				open={r => `/network/routers/${r.id}`}
				columns={[
					'name',
					{ key: 'status', cell: r => <RouterState row={r} />, kind: 'state' },
					{ key: 'host', phone: 'plain', cell: r => `${r.host}:${r.port}` },
					{ key: 'version', wide: true, phone: 'hide' },
					{ key: 'last_connected_at', wide: true },
					{ key: 'last_error', phone: 'hide' },
				]}
			/>
		</PageFrame>
	);
}
