/*
 * One act on the rows that are chosen, be it the whole filtered list, with an answer for each.
 *
 * The server takes 500 at once, so a longer choice is sent in parts; each has its own key.  Before
 * it is sent, a dry run tells which rows would be refused.
 */
import { Box, Button, Group, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { ApiError, call, type Query } from '../api/client';
import type { Loose, Page } from '../api/types';
import { useT } from '../i18n';
import { errorText, rowError } from '../i18n/errors';
import type { Messages } from '../i18n/id';
import { type Act, ActButton, type Preview } from './act';
import { number } from './format';
import { nameOf } from './row-name';
import { State } from './state';
import { useToast } from './toast';

export type Choice = {
	/* Chosen ids, each with the name that people know it by. */
	of: Map<string, string>;
	set(of: Map<string, string>): void;
	/* The list that the rows were chosen from. */
	path: string;
	query: Query;
	total: number;
};
export type BulkAct = Pick<Act, 'key' | 'colour' | 'fields' | 'says'> & { act: string };

type Answer = { id: string; ok: boolean; code: string | null; message: string | null };

/* BULK_MAX of lib/api/bulk.c, and PER_PAGE_MAX of lib/http/page.c. */
const AT_ONCE = 500;
const PAGE = 100;
const MOST = 10_000;

/* Every row of a filtered list. */
async function everyRow(path: string, query: Query): Promise<Map<string, string>> {
	const found = new Map<string, string>();
	for (let page = 1; ; page++) {
		const one = await call<Page<Loose>>('GET', path, { query: { ...query, per_page: PAGE, page } });
		for (const row of one.data) found.set(row.id, nameOf(row));
		if (page >= one.last_page || found.size >= MOST) return found;
	}
}

/* Send in parts; when one gets no answer, its rows and those behind it count as not done. */
async function sendAll(path: string, ids: string[], body: object, key: string, t: Messages) {
	const answers: Answer[] = [];
	for (let at = 0; at < ids.length; at += AT_ONCE) {
		const part = ids.slice(at, at + AT_ONCE);
		try {
			const options = { body: { ...body, ids: part }, key: `${key}-${at}` };
			answers.push(...(await call<Answer[]>('POST', path, options)));
		} catch (error) {
			if (at === 0) throw error;
			const message = errorText(t, error);
			const code = error instanceof ApiError ? (error.code ?? null) : null;
			answers.push(...ids.slice(at).map(id => ({ id, ok: false, code, message })));
			break;
		}
	}
	return answers;
}

export function Bulk(props: { path: string; choice: Choice; acts: BulkAct[] }) {
	const { t } = useT();
	const { choice } = props;
	const ids = [...choice.of.keys()];
	const clear = () => choice.set(new Map());
	const preview: Preview = {
		members: [],
		draw: answer => <Summary of={answer as unknown as Answer[]} names={choice.of} />,
	};
	return (
		<Group gap="xs" mb="sm" role="region" aria-label={t.w.selected(ids.length)}>
			<Text fz="sm" className="numbers">
				{t.w.selected(ids.length)}
			</Text>
			<ChooseAll choice={choice} />
			{props.acts.map(({ act, ...a }) => (
				<ActButton
					key={act}
					act={{
						...a,
						/* How many: whoever cuts or cancels them has read it. */
						mustType: a.colour === 'red' ? String(ids.length) : undefined,
						role: 'operator',
						method: 'POST',
						path: props.path,
						fixed: { act, ids },
						says: (
							<>
								<b>{t.w.selected(ids.length)}.</b> {a.says}
							</>
						),
						send: (body, key) => sendAll(props.path, ids, body, key, t),
						preview: ids.length > AT_ONCE ? undefined : preview,
						toast: answer => t.w.bulkDone((answer as unknown as Answer[]).length, 0),
						draw: answer => {
							const rows = answer as unknown as Answer[];
							return rows.some(r => !r.ok) && <Each of={rows} names={choice.of} />;
						},
						after: clear,
					}}
				/>
			))}
			<Button size="xs" variant="subtle" color="gray" onClick={clear}>
				{t.a.unselect}
			</Button>
		</Group>
	);
}

/* The page's rows are chosen: offer those of all pages. */
function ChooseAll({ choice }: { choice: Choice }) {
	const { t } = useT();
	const toast = useToast();
	const [isBusy, setBusy] = useState(false);
	const all = Math.min(choice.total, MOST);
	if (choice.of.size >= all) return null;
	const load = () => {
		setBusy(true);
		everyRow(choice.path, choice.query)
			.then(choice.set, toast.error)
			.finally(() => setBusy(false));
	};
	return (
		<Button size="xs" variant="subtle" loading={isBusy} onClick={load}>
			{t.w.selectAll(number(all))}
		</Button>
	);
}

const refused = (of: Answer[]) => of.filter(a => !a.ok);
const why = (t: Messages, a: Answer) => rowError(t, a.code ?? '', a.message ?? t.e.refused);

/* The rows that would be done, and how many are refused for each reason. */
function Summary({ of, names }: { of: Answer[]; names: Map<string, string> }) {
	const { t } = useT();
	const reasons = new Map<string, Answer[]>();
	for (const a of refused(of)) reasons.set(why(t, a), [...(reasons.get(why(t, a)) ?? []), a]);
	return (
		<>
			<Text fz="sm">{t.w.bulkWill(of.length - refused(of).length)}</Text>
			{[...reasons].map(([reason, rows]) => (
				<Text fz="sm" key={reason}>
					<b className="numbers">{number(rows.length)}</b> × {reason}{' '}
					<Text span c="dimmed" fz="xs">
						{rows
							.slice(0, 3)
							.map(r => names.get(r.id))
							.join(', ')}
						{rows.length > 3 && ' …'}
					</Text>
				</Text>
			))}
		</>
	);
}

const SHOWN = 500;

/* The answer for each row, those refused first. */
function Each({ of, names }: { of: Answer[]; names: Map<string, string> }) {
	const { t } = useT();
	const bad = refused(of);
	const rows = [...bad, ...of.filter(a => a.ok)].slice(0, SHOWN);
	return (
		<>
			<Text fz="sm" mb="xs" role="status">
				{t.w.bulkDone(of.length - bad.length, bad.length)}
			</Text>
			<Box mah={360} style={{ overflow: 'auto' }} tabIndex={0}>
				<Table fz="sm" verticalSpacing={4} aria-label={t.w.bulkEach}>
					<Table.Tbody>
						{rows.map(a => (
							<Table.Tr key={a.id}>
								<Table.Td style={{ overflowWrap: 'anywhere' }}>{names.get(a.id) ?? a.id}</Table.Td>
								<Table.Td>
									{a.ok ? <State is="ok" label={t.w.done} /> : <Text fz="sm">{why(t, a)}</Text>}
								</Table.Td>
							</Table.Tr>
						))}
					</Table.Tbody>
				</Table>
			</Box>
		</>
	);
}
