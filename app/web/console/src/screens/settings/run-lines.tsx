/* The lines of a run, or of a dry run. */
import type { Loose } from '../../api/types';
import { useT, word } from '../../i18n';
import { rupiah } from '../../kit/format';
import { Rows } from '../../kit/rows';
import { State } from '../../kit/state';
import { stepName } from './counts';

export function RunLines({ lines, title }: { lines: Loose[] | undefined; title: string }) {
	const { t } = useT();
	return (
		<Rows<Loose>
			label={title}
			rows={lines?.map((l, i) => ({ ...l, id: String(i) }))}
			empty={t.w.runNone}
			columns={[
				{ key: 'customer', phone: 'title', cell: l => l.customer_name ?? l.username },
				{ key: 'step', phone: 'plain', cell: l => stepName(t, l.step) },
				{ key: 'invoice_number', phone: 'plain', cell: l => l.invoice_number ?? l.username },
				/* Only what is left as it is: in a dry run nothing is done yet. */
				{
					key: 'outcome',
					label: t.f.status,
					kind: 'state',
					cell: l =>
						l.outcome === 'done' ? null : (
							<State is={String(l.outcome)} label={word(t.f, String(l.outcome))} />
						),
				},
				{
					key: 'amount',
					phone: 'side',
					kind: 'money',
					cell: l => (l.amount ? rupiah(Number(l.amount)) : '–'),
				},
			]}
		/>
	);
}
