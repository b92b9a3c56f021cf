/* Messages: what they say, and which left. */
import { Button, Group, Modal, Text } from '@mantine/core';
import { useState } from 'react';
import { call } from '../../api/client';
import type { Loose } from '../../api/types';
import { useT, word } from '../../i18n';
import type { Messages as Words } from '../../i18n/id';
import type { Act } from '../../kit/act';
import type { Field } from '../../kit/fields';
import { List } from '../../kit/list';
import { MoreMenu } from '../../kit/page';
import { State } from '../../kit/state';
import { useToast } from '../../kit/toast';
import { CHANNELS } from './channels';

/* Only a reminder before the due date has days. */
const templateFields = (t: Words, row: Loose): (string | Field)[] => [
	'is_active',
	...(row.event === 'due_soon' ? [{ name: 'days', hint: t.w.daysBefore }] : []),
	'subject_id',
	{ name: 'body_id', kind: 'area', rows: 5 },
	'subject_en',
	{ name: 'body_en', kind: 'area', rows: 5 },
	'wa_template',
];

export function Templates() {
	const { t, lang } = useT();
	const toast = useToast();
	const [shown, setShown] = useState<Loose>();
	const path = '/api/message-templates';
	const preview = (row: Loose) =>
		call<Loose>('POST', `${path}/preview`, { body: { template_id: row.id, language: lang } }).then(
			setShown,
			toast.error,
		);
	const edit = (row: Loose): Act => ({
		key: 'edit',
		role: 'admin',
		method: 'PUT',
		path: `${path}/${row.id}`,
		resource: 'message_template',
		fields: templateFields(t, row),
		says: `${t.w.mayHold} ${((row.fields ?? []) as string[]).map(name => `{${name}}`).join(' ')}`,
		columns: 1,
		row: { ...row, title: word(t.v, String(row.event)) },
	});
	return (
		<>
			<List<Loose>
				path={path}
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
				{shown?.subject && <Text fw={600}>{shown.subject}</Text>}
				<Text fz="sm" style={{ whiteSpace: 'pre-wrap' }}>
					{shown?.text}
				</Text>
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
