/* The lines of a run, or of a dry run. */
import type { Loose } from '../../api/types';
import { useT, word } from '../../i18n';
import { rupiah } from '../../kit/format';
import { Rows } from '../../kit/rows';
import { State } from '../../kit/state';

/* {renew: {done: 3}, suspend: 2} as "Terbit tagihan 3 · Diputus 2". */
export function useCounts() {
	const { t } = useT();
	return (counts: unknown) =>
		Object.entries((counts ?? {}) as Record<string, unknown>)
			.map(
				([step, n]) =>
					[step, typeof n === 'number' ? n : Number((n as Loose | null)?.done ?? 0)] as const,
			)
			.filter(([, n]) => n > 0)
			.map(([step, n]) => `${word(t.w, `step_${step}`).replace(/^step /, '')} ${n}`)
			.join(' · ') || t.w.runNone;
}

export function RunLines({ lines, title }: { lines: Loose[] | undefined; title: string }) {
	const { t } = useT();
	return (
		<Rows<Loose>
			label={title}
			rows={lines?.map((l, i) => ({ ...l, id: String(i) }))}
			empty={t.w.runNone}
			columns={[
				{ key: 'customer', phone: 'title', cell: l => l.customer_name ?? l.username },
				{ key: 'step', phone: 'plain', cell: l => word(t.w, `step_${l.step}`) },
				{ key: 'invoice_number', phone: 'plain', cell: l => l.invoice_number ?? l.username },
				{
					key: 'outcome',
					label: t.f.status,
					kind: 'state',
					cell: l => <State is={String(l.outcome)} label={word(t.f, String(l.outcome))} />,
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
