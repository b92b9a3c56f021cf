import { useMay } from '../../api/query';
import { useT } from '../../i18n';
import { PageFrame, TabFrame } from '../../kit/page';
import { Accounts } from './accounts';
import { Alerts } from './alerts';
import { Devices } from './devices';
import { Drift } from './drift';
import { OnlineUsers } from './online';
import { Pings } from './pings';
import { Routers } from './routers';
import { Windows } from './windows';

export function Network() {
	const { t } = useT();
	const may = useMay();
	return (
		<PageFrame title={t.nav.network}>
			<TabFrame
				tabs={[
					{ key: 'routers', label: t.w.routers, body: <Routers /> },
					{ key: 'online', label: t.w.onlineUsers, body: <OnlineUsers /> },
					{ key: 'accounts', label: t.w.accounts, body: <Accounts /> },
					may('operator') && { key: 'drift', label: t.w.drift, body: <Drift /> },
					{ key: 'devices', label: t.w.devices, body: <Devices /> },
					{ key: 'pings', label: t.w.pings, body: <Pings /> },
					{ key: 'alerts', label: t.w.alerts, body: <Alerts /> },
					{ key: 'maintenance', label: t.w.maintenance, body: <Windows /> },
				]}
			/>
		</PageFrame>
	);
}
