/* Logs of billing, of Midtrans and of users' acts. */
import type { Row } from '../../api/types';
import { useT, word } from '../../i18n';
import { List } from '../../kit/list';

export function MidtransLog({ invoice }: { invoice?: string }) {
	const { t } = useT();
	return (
		<List<Row<'midtrans_log'>>
			path="/api/midtrans-logs"
			label={t.w.midtransLog}
			empty={t.n.midtransLog}
			search={!invoice}
			local={!!invoice}
			fixed={{ invoice_id: invoice }}
			columns={[
				{ key: 'created_at', phone: 'plain' },
				{ key: 'order_id', phone: 'title' },
				{
					key: 'action',
					phone: 'side',
					/* To Midtrans, `create` makes a payment page. */
					cell: r => word(t.v, r.action === 'create' ? 'page' : String(r.action)),
				},
				'transaction_status',
				{ key: 'message', wide: true },
			]}
		/>
	);
}

export function AuditLog() {
	const { t } = useT();
	return (
		<List<Row<'audit_log'>>
			path="/api/audit-logs"
			label={t.w.auditLog}
			search
			csv="audit"
			filters={[
				{ key: 'created_from', label: t.f.from, day: true, moment: 'first' },
				{ key: 'created_to', label: t.f.until, day: true, moment: 'last' },
			]}
			columns={[
				{ key: 'created_at', phone: 'plain' },
				{ key: 'actor', phone: 'title' },
				{ key: 'action', phone: 'side', kind: 'word' },
				{ key: 'subject_type', kind: 'word', phone: 'plain' },
				{ key: 'ip', wide: true, phone: 'hide' },
				{ key: 'request_id', wide: true, phone: 'hide' },
			]}
		/>
	);
}
