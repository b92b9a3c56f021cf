/* Import: a file is checked row by row and shown before anything is written. */
import { Alert, Badge, Button, FileButton, Group, NativeSelect, Stack, Text } from '@mantine/core';
import IconUpload from '@tabler/icons-react/dist/esm/icons/IconUpload.mjs';
import { useState } from 'react';
import { call } from '../../api/client';
import { refresh } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT, word } from '../../i18n';
import { errorText } from '../../i18n/errors';
import { PageFrame, Section } from '../../kit/page';
import { Rows } from '../../kit/rows';
import { State } from '../../kit/state';
import { useUrl } from '../../kit/state-url';

const NOUNS = ['customers', 'subscriptions'] as const;
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
type Answer = {
	rows?: Loose[];
	data?: Loose[];
	imported?: number;
	created?: number;
	[member: string]: unknown;
};

const rowsOf = (answer: Answer) =>
	(answer.rows ?? answer.data ?? []).map((r, i) => ({
		...r,
		id: String(r.id ?? r.line ?? r.row ?? i + 2),
	}));

/* A row's faults, however many fields they are of. */
function faultsOf(row: Loose): [field: string, text: string][] {
	const errors = row.errors ?? row.faults;
	if (!errors) return [];
	if (Array.isArray(errors))
		return errors.map(e =>
			typeof e === 'string'
				? ['', e]
				: [String(e.field ?? e.column ?? ''), String(e.message ?? e.text ?? '')],
		);
	return Object.entries(errors as Record<string, string | string[]>).map(([field, text]) => [
		field,
		([] as string[]).concat(text).join(' '),
	]);
}

export function Import() {
	const { t } = useT();
	const [state, setState] = useUrl();
	const noun = NOUNS.find(n => n === state.noun) ?? 'customers';
	const [file, setFile] = useState<File | null>(null);
	const [answer, setAnswer] = useState<Answer>();
	const [isWritten, setWritten] = useState(false);
	const [error, setError] = useState<unknown>();
	const [isBusy, setBusy] = useState(false);

	const send = async (chosen: File, isTrial: boolean) => {
		setBusy(true);
		setError(undefined);
		const type = chosen.name.endsWith('.xlsx') ? XLSX : 'text/csv';
		try {
			const body = new Blob([await chosen.arrayBuffer()], { type });
			setAnswer(
				await call<Answer>('POST', `/api/import/${noun}`, {
					body,
					query: { dry_run: isTrial ? 1 : undefined },
				}),
			);
			setWritten(!isTrial);
			if (!isTrial) refresh();
		} catch (caught) {
			setError(caught);
			setAnswer(undefined);
		} finally {
			setBusy(false);
		}
	};
	const choose = (chosen: File | null) => {
		setFile(chosen);
		setWritten(false);
		setAnswer(undefined);
		if (chosen) void send(chosen, true);
	};

	const rows = answer ? rowsOf(answer) : [];
	const bad = rows.filter(r => faultsOf(r).length > 0);
	const good = rows.length - bad.length;
	return (
		<PageFrame title={t.w.importTitle} back={[`/${noun}`, t.nav[noun]]}>
			<Stack gap="md">
				<Text fz="sm">{t.w.importText}</Text>
				<Group>
					<NativeSelect
						aria-label={t.f.type}
						value={noun}
						onChange={e => setState({ noun: e.currentTarget.value }, true)}
						data={NOUNS.map(n => ({ value: n, label: t.nav[n] }))}
					/>
					<FileButton onChange={choose} accept={`.csv,text/csv,.xlsx,${XLSX}`}>
						{props => (
							<Button
								{...props}
								variant="default"
								loading={isBusy}
								leftSection={<IconUpload size={16} />}
							>
								{t.w.chooseFile}
							</Button>
						)}
					</FileButton>
					{file && <Text fz="sm">{file.name}</Text>}
				</Group>
				{error !== undefined && (
					<Alert color="red" variant="light" role="alert">
						{errorText(t, error)}
					</Alert>
				)}
				{answer && (
					<Group justify="space-between" role="status">
						<Group gap="xs">
							{isWritten ? (
								<Badge color="green" variant="light" size="lg" tt="none">
									{t.w.imported(Number(answer.imported ?? answer.created ?? good))}
								</Badge>
							) : (
								<Badge color="green" variant="light" size="lg" tt="none">
									{t.w.rowsGood(good)}
								</Badge>
							)}
							{bad.length > 0 && (
								<Badge color="red" variant="light" size="lg" tt="none">
									{t.w.rowsBad(bad.length)}
								</Badge>
							)}
						</Group>
						{!isWritten && file && (
							<Button disabled={good === 0} loading={isBusy} onClick={() => void send(file, false)}>
								{t.a.write}
							</Button>
						)}
					</Group>
				)}
				{answer && (
					<Preview
						rows={[...bad, ...rows.filter(r => !bad.includes(r))].slice(0, 200)}
						title={t.a.preview}
					/>
				)}
			</Stack>
		</PageFrame>
	);
}

function Preview({ rows, title }: { rows: Loose[]; title: string }) {
	const { t } = useT();
	const fields = ['name', 'phone', 'customer', 'mikrotik_username', 'package'].filter(f =>
		rows.some(r => cellOf(r, f) !== undefined),
	);
	return (
		<Section title={title} flush>
			<Rows<Loose>
				label={title}
				rows={rows}
				columns={[
					{ key: 'row', cell: r => r.line ?? r.row ?? r.id, phone: 'plain' },
					...fields.map(key => ({
						key,
						phone: 'plain' as const,
						cell: (r: Loose) => String(cellOf(r, key) ?? '–'),
					})),
					{
						key: 'error',
						phone: 'plain' as const,
						cell: (r: Loose) => {
							const faults = faultsOf(r);
							if (faults.length === 0) return <State is="ok" />;
							return faults.map(([field, text]) => (
								<Text key={field + text} fz="inherit" c="red">
									{field && `${word(t.f, field)}: `}
									{text}
								</Text>
							));
						},
					},
				]}
			/>
		</Section>
	);
}

const cellOf = (row: Loose, field: string) =>
	row[field] ?? row.values?.[field] ?? row.data?.[field];
