/* Import: a file is checked row by row and shown before anything is written. */
import { Alert, Badge, Button, FileButton, Group, NativeSelect, Stack, Text } from '@mantine/core';
import IconUpload from '@tabler/icons-react/dist/esm/icons/IconUpload.mjs';
import { useState } from 'react';
import { call } from '../../api/client';
import { refresh, useMay } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT, word } from '../../i18n';
import { errorText, rowError } from '../../i18n/errors';
import { PageFrame, Section } from '../../kit/page';
import { Rows } from '../../kit/rows';
import { useUrl } from '../../kit/state-url';

const NOUNS = ['customers', 'subscriptions'] as const;
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
type Fault = {
	line: number;
	name: string | null;
	field: string;
	text: string;
	code: string | null;
};
type Answer = {
	dry_run: boolean;
	created: number;
	unchanged: number;
	refused: number;
	faults: Fault[];
};

export function Import() {
	const { t } = useT();
	const may = useMay();
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
					{may('operator') && (
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
					)}
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
									{t.w.imported(answer.created)}
								</Badge>
							) : (
								<Badge color="green" variant="light" size="lg" tt="none">
									{t.w.rowsGood(answer.created)}
								</Badge>
							)}
							{answer.unchanged > 0 && (
								<Badge color="gray" variant="light" size="lg" tt="none">
									{t.w.rowsKnown(answer.unchanged)}
								</Badge>
							)}
							{answer.refused > 0 && (
								<Badge color="red" variant="light" size="lg" tt="none">
									{t.w.rowsBad(answer.refused)}
								</Badge>
							)}
						</Group>
						{!isWritten && file && (
							<Button
								disabled={answer.created === 0}
								loading={isBusy}
								onClick={() => void send(file, false)}
							>
								{t.a.write}
							</Button>
						)}
					</Group>
				)}
				{answer && answer.faults.length > 0 && <Faults of={answer.faults} />}
				{!answer && <Headings />}
			</Stack>
		</PageFrame>
	);
}

/* Headings of columns in files.  They are Indonesian in both languages, as the files are; the whole list
 * is import_heading() of sql/functions/import.sql. */
const HEADINGS = {
	name: 'nama, pelanggan, name',
	phone: 'hp, no wa, telepon, phone',
	address: 'alamat, address',
	package: 'paket, profil, package',
	price: 'harga, tarif, iuran, price',
	username: 'user, user pppoe, akun, username',
	password: 'password, sandi',
	end_date: 'jatuh tempo, masa aktif, expired',
	debt: 'tunggakan, hutang',
	credit: 'saldo, deposit',
	notes: 'catatan, odp, sn',
};

function Headings() {
	const { t } = useT();
	return (
		<Section title={t.w.importColumns} flush>
			<Rows<Loose>
				label={t.w.importColumns}
				rows={Object.entries(HEADINGS).map(([field, names]) => ({ id: field, field, names }))}
				columns={[
					{ key: 'field', label: t.f.column, phone: 'title', cell: h => word(t.f, h.field) },
					{ key: 'names', label: t.w.importHeading, phone: 'plain' },
				]}
			/>
		</Section>
	);
}

/* Each row that cannot be taken, with its line in the file. */
function Faults({ of }: { of: Fault[] }) {
	const { t } = useT();
	return (
		<Section title={t.w.problemRows} flush>
			<Rows<Loose>
				label={t.w.problemRows}
				rows={of.slice(0, 500).map((f, i) => ({ ...f, id: String(i) }))}
				columns={[
					{ key: 'row', cell: f => f.line, phone: 'plain' },
					{ key: 'name', phone: 'title' },
					{ key: 'field', label: t.f.column, phone: 'plain', cell: f => word(t.f, f.field) },
					{
						key: 'text',
						label: t.f.error,
						phone: 'plain',
						cell: f => rowError(t, f.code ?? '', f.text),
					},
				]}
			/>
		</Section>
	);
}
