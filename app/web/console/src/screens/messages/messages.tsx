/* Messages: what they say, and which left. */
import { Button, Group, Modal, Paper, SimpleGrid, Text } from '@mantine/core';
import { useState } from 'react';
import { ApiError, call } from '../../api/client';
import type { Loose } from '../../api/types';
import { useT, word } from '../../i18n';
import type { Messages as Words } from '../../i18n/id';
import type { Act } from '../../kit/act';
import type { Field, Values } from '../../kit/fields';
import { List } from '../../kit/list';
import { MoreMenu } from '../../kit/page';
import { State } from '../../kit/state';
import { useToast } from '../../kit/toast';
import { CHANNELS } from './channels';

const PATH = '/api/message-templates';
const LANGUAGES = ['id', 'en'] as const;

/* The errors of a text in one language, at the fields of the form that hold it. */
function atFields(error: unknown, language: string) {
	if (!(error instanceof ApiError)) return error;
	const rename = <T,>(of: Record<string, T>) =>
		Object.fromEntries(Object.entries(of).map(([name, v]) => [`${name}_${language}`, v]));
	return new ApiError(
		error.status,
		error.message,
		error.code,
		rename(error.errors),
		rename(error.codes),
	);
}

/* How the texts would read as they stand in the form, saved or not. */
async function previewOf(row: Loose, values: Values): Promise<Loose> {
	const answers = await Promise.all(
		LANGUAGES.map(language =>
			call<Loose>('POST', `${PATH}/preview`, {
				body: {
					template_id: row.id,
					language,
					subject: values[`subject_${language}`],
					body: values[`body_${language}`],
				},
			}).catch(error => {
				throw atFields(error, language);
			}),
		),
	);
	return { id: row.id, texts: answers };
}

function Preview({ of }: { of: Loose }) {
	return (
		<>
			{of.subject && (
				<Text fw={600} fz="sm">
					{of.subject}
				</Text>
			)}
			<Text fz="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
				{of.text}
			</Text>
		</>
	);
}

/* Only a reminder before the due date has days. */
const templateFields = (t: Words, row: Loose): (string | Field)[] => [
	'is_active',
	...(row.event === 'due_soon' ? [{ name: 'days', hint: t.w.daysBefore }] : []),
	...LANGUAGES.flatMap((language): Field[] => [
		{ name: `subject_${language}`, required: true },
		{ name: `body_${language}`, kind: 'area', rows: 5, required: true },
	]),
	'wa_template',
];

export function Templates() {
	const { t, lang } = useT();
	const toast = useToast();
	const [shown, setShown] = useState<Loose>();
	const preview = (row: Loose) =>
		call<Loose>('POST', `${PATH}/preview`, { body: { template_id: row.id, language: lang } }).then(
			setShown,
			toast.error,
		);
	const edit = (row: Loose): Act => ({
		key: 'edit',
		role: 'admin',
		method: 'PUT',
		path: `${PATH}/${row.id}`,
		resource: 'message_template',
		fields: templateFields(t, row),
		says: `${t.w.mayHold} ${((row.fields ?? []) as string[]).map(name => `{${name}}`).join(' ')}`,
		preview: {
			members: [],
			ask: values => previewOf(row, values),
			draw: preview => (
				<SimpleGrid cols={{ base: 1, xs: 2 }} spacing="md">
					{LANGUAGES.map((language, at) => (
						<Paper key={language} withBorder p="xs" data-language={language}>
							<Preview of={preview.texts[at]} />
						</Paper>
					))}
				</SimpleGrid>
			),
		},
		columns: 1,
		row: { ...row, title: word(t.v, String(row.event)) },
	});
	return (
		<>
			<List<Loose>
				path={PATH}
				label={t.w.templates}
				columns={[
					{ key: 'event', phone: 'title', cell: r => word(t.v, String(r.event)) },
					{ key: 'audience', phone: 'plain', cell: r => word(t.v, String(r.audience)) },
					{
						key: 'body',
						phone: 'hide',
						cell: r => (
							<Text fz="inherit" lineClamp={2}>
								{lang === 'id' ? r.body_id : r.body_en}
							</Text>
						),
					},
					{
						key: 'is_active',
						kind: 'state',
						cell: r => <State is={r.is_active ? 'active' : 'inactive'} />,
					},
				]}
				rowAct={r => (
					<Group gap="xs" wrap="nowrap" justify="flex-end">
						<Button size="compact-sm" variant="default" onClick={() => void preview(r)}>
							{t.a.preview}
						</Button>
						<MoreMenu compact acts={[edit(r)]} />
					</Group>
				)}
			/>
			<Modal
				opened={!!shown}
				onClose={() => setShown(undefined)}
				title={t.a.preview}
				closeButtonProps={{ 'aria-label': t.a.close }}
			>
				{shown && <Preview of={shown} />}
			</Modal>
		</>
	);
}

const STATES = ['pending', 'sending', 'sent', 'unknown', 'failed', 'cancelled'];

export function Messages({ customer }: { customer?: string }) {
	const { t } = useT();
	return (
		<List<Loose>
			path="/api/messages"
			label={t.w.messages}
			empty={t.n.messages}
			local={!!customer}
			search={!customer}
			fixed={{ customer_id: customer }}
			filters={
				customer
					? []
					: [
							{ key: 'state', label: t.f.status, among: STATES },
							{ key: 'channel', among: CHANNELS },
						]
			}
			columns={[
				{ key: 'created_at', phone: 'plain' },
				{ key: 'recipient', phone: 'title' },
				{ key: 'channel', phone: 'plain' },
				{ key: 'event', phone: 'plain', cell: r => r.subject ?? word(t.v, String(r.event)) },
				{ key: 'state', label: t.f.status, kind: 'state' },
				{ key: 'last_error', label: t.f.error, wide: true, phone: 'plain' },
			]}
			rowAct={r =>
				r.can_resend ? (
					<MoreMenu
						compact
						acts={[
							{
								key: 'resend',
								role: 'operator',
								method: 'POST',
								path: `/api/messages/${r.id}/resend`,
								toast: t.v.queued,
							},
						]}
					/>
				) : null
			}
		/>
	);
}
