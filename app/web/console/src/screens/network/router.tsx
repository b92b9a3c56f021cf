import { Alert } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useGet } from '../../api/query';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { NotYet } from '../../kit/empty';
import { moment } from '../../kit/format';
import { Facts, PageFrame } from '../../kit/page';
import { RouterState } from '../home/home';
import { SubscriptionList } from '../subscriptions/subscriptions';
import { routerDelete, routerEdit, routerTest } from './acts';

export function RouterScreen() {
	const { t, lang } = useT();
	const go = useNavigate();
	const { id } = useParams({ strict: false }) as { id: string };
	const read = useGet<Row<'router_setting'>>(`/api/router-settings/${id}`, {}, { every: 15_000 });
	const row = read.data;
	if (!row) return <NotYet error={read.error} retry={() => void read.refetch()} />;
	return (
		<PageFrame
			title={row.name}
			back={['/network', t.nav.network]}
			beside={<RouterState row={row} />}
			acts={[routerTest(row), routerEdit(row)]}
			more={[routerDelete(t, row, () => void go({ to: '/network' }))]}
		>
			{row.last_error && (
				<Alert color="red" variant="light" mb="sm" p="xs" title={t.f.last_error}>
					{row.last_error}
				</Alert>
			)}
			<Facts
				of={[
					[t.f.host, `${row.host}:${row.port}`],
					[t.f.version, row.version ?? '–'],
					[t.f.ssl, row.ssl ? t.w.yes : t.w.no],
					[t.f.last_connected_at, moment(row.last_connected_at, lang)],
				]}
			/>
			<SubscriptionList local fixed={{ router_id: id }} />
		</PageFrame>
	);
}
