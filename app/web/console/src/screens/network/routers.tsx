import { useNavigate } from '@tanstack/react-router';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { List } from '../../kit/list';
import { ActBar } from '../../kit/page';
import { routerCreate } from './acts';
import { RouterState } from './router-state';

export function Routers() {
	const { t } = useT();
	const go = useNavigate();
	return (
		<List<Row<'router_setting'>>
			path="/api/router-settings"
			label={t.w.routers}
			empty={t.n.routers}
			sort="name"
			search
			every={15_000}
			bar={
				<ActBar acts={[routerCreate(t, row => void go({ to: `/network/routers/${row.id}` }))]} />
			}
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
	);
}
