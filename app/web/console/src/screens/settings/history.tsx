/* Events, newest first, each with its cause. */
import type { Query } from '../../api/client';
import type { Row } from '../../api/types';
import { useT, word } from '../../i18n';
import { List } from '../../kit/list';
import { State } from '../../kit/state';

export function History({ fixed, path = '/api/billing-logs' }: { fixed?: Query; path?: string }) {
	const { t } = useT();
	return (
		<List<Row<'billing_log'>>
			path={path}
			label={t.w.history}
			local
			fixed={fixed}
			columns={[
				{ key: 'created_at', phone: 'plain' },
				{
					key: 'action',
					phone: 'side',
					cell: r => (
						<State is={String(r.action ?? r.kind)} label={word(t.v, String(r.action ?? r.kind))} />
					),
				},
				{ key: 'message', phone: 'plain', cell: r => r.message ?? r.title },
				{ key: 'actor', wide: true, phone: 'hide' },
			]}
		/>
	);
}
