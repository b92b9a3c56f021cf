/* The account of a customer over some days: what was owed, each movement, what is owed. */
import { Card, Group, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useGet } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT, wordOrText } from '../../i18n';
import type { Messages } from '../../i18n/id';
import { rupiah, today } from '../../kit/format';
import { Facts } from '../../kit/page';
import { Rows } from '../../kit/rows';

/* How money came and went begins with a word of the server's, its reference follows; a reason is a person's. */
function textOf(t: Messages, row: Loose) {
	const text = String(row.text ?? '');
	if (!['payment', 'reversal', 'refund'].includes(String(row.type))) return text;
	const [method = '', ...rest] = text.split(' ');
	return [wordOrText(t.v, method), ...rest].join(' ');
}

export function Statement({ id }: { id: string }) {
	const { t } = useT();
	const [days, setDays] = useState({ from: today(-90), to: today() });
	const read = useGet<Loose>(`/api/customers/${id}/statement`, days);
	const account = read.data;
	const rows = (account?.rows as Loose[] | undefined)?.map((r, i) => ({ ...r, id: String(i) }));
	return (
		<Stack gap="sm">
			<Group gap="xs" align="end">
				{(['from', 'to'] as const).map(name => (
					<TextInput
						key={name}
						size="xs"
						type="date"
						label={name === 'from' ? t.f.from : t.f.until}
						value={days[name]}
						onChange={e => setDays({ ...days, [name]: e.currentTarget.value })}
					/>
				))}
			</Group>
			<Facts
				of={[
					[t.w.opening, account && rupiah(Number(account.opening))],
					[t.w.closing, account && rupiah(Number(account.closing))],
				]}
			/>
			<Card withBorder padding={0}>
				<Rows<Loose>
					label={t.w.statement}
					empty={t.n.statement}
					rows={rows}
					error={read.error}
					columns={[
						{ key: 'day', kind: 'day', phone: 'plain' },
						{ key: 'type', phone: 'title' },
						{
							key: 'text',
							phone: 'plain',
							cell: r => r.number ?? textOf(t, r),
						},
						{ key: 'amount' },
						{ key: 'balance', label: t.w.owed, phone: 'label' },
					]}
				/>
			</Card>
		</Stack>
	);
}
