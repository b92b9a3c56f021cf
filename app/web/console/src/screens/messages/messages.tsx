/* Messages: by which channels they leave, what they say, which left. */
import { Button, Group, Modal, Text } from '@mantine/core';
import { useState } from 'react';
import { call } from '../../api/client';
import type { Loose, Row } from '../../api/types';
import { useT, word } from '../../i18n';
import type { Messages as Messages_ } from '../../i18n/id';
import type { Act } from '../../kit/act';
import type { Field, Values } from '../../kit/fields';
import { List } from '../../kit/list';
import { ActBar, MoreMenu } from '../../kit/page';
import { State } from '../../kit/state';
import { useToast } from '../../kit/toast';

const CONFIG: Record<string, string[]> = {
	telegram: ['chat_id', 'message_thread_id'],
	email: ['email'],
	webhook: ['url'],
	whatsapp: ['preset', 'url', 'number_id', 'auth', 'body'],
};

/* The members of a channel's config stand in the form as fields of their own, named config.NAME. */
const channelFields = (t: Messages_, isNew: boolean, keep: string): (string | Field)[] => [
	'name',
	{
		name: 'channel',
		among: Object.keys(CONFIG),
		required: true,
		initial: 'telegram',
		show: () => isNew,
	},
	{ name: 'audience', among: ['staff', 'customers'], initial: 'staff', ifKnown: true },
	...[...new Set(Object.values(CONFIG).flat())].map(
		(name): Field => ({
			name: `config.${name}`,
			label: word(t.f, name),
			show: v => (CONFIG[String(v.channel)] ?? []).includes(name),
		}),
	),
	{ name: 'secret', kind: 'secret', hint: isNew ? undefined : keep },
	'is_active',
];

const flat = (row: Row): Row => ({
	...row,
	...Object.fromEntries(
		Object.entries((row.config ?? {}) as Loose).map(([k, v]) => [`config.${k}`, v]),
	),
});

/* {channel, config.url} as {channel, config: {url}}. */
function nest(values: Values): Values {
	const plain = Object.entries(values).filter(([k]) => !k.startsWith('config.'));
	const config = Object.entries(values).filter(([k]) => k.startsWith('config.'));
	return {
		...Object.fromEntries(plain),
		...(config.length > 0 && {
			config: Object.fromEntries(config.map(([k, v]) => [k.slice(7), v])),
		}),
	};
}

export function Channels() {
	const { t } = useT();
	const path = '/api/notification-settings';
	const resource = 'notification_setting';
	const acts = (row: Row): Act[] => [
		{
			key: 'testChannel',
			role: 'admin',
			method: 'POST',
			path: `${path}/test`,
			fixed: { id: row.id },
			toast: t.v.sent,
		},
		{
			key: 'edit',
			role: 'admin',
			method: 'PUT',
			path: `${path}/${row.id}`,
			resource,
			fields: channelFields(t, false, t.w.keep),
			row: flat(row),
			body: nest,
		},
		{
			key: 'remove',
			role: 'admin',
			colour: 'red',
			method: 'DELETE',
			path: `${path}/${row.id}`,
			mustType: row.name || word(t.v, String(row.channel)),
			says: t.c.remove,
		},
	];
	const create: Act = {
		key: 'newChannel',
		role: 'admin',
		method: 'POST',
		path,
		resource,
		fields: channelFields(t, true, t.w.keep),
		body: nest,
	};
	return (
		<List<Loose>
			path={path}
			label={t.w.channels}
			empty={t.n.channels}
			bar={<ActBar acts={[create]} />}
			columns={[
				{ key: 'name', phone: 'title', cell: r => r.name || word(t.v, String(r.channel)) },
				{ key: 'channel', phone: 'plain' },
				{ key: 'audience', phone: 'plain', cell: r => word(t.v, String(r.audience ?? 'staff')) },
				{ key: 'events', label: t.f.event, kind: 'list', phone: 'plain' },
				{
					key: 'is_active',
					kind: 'state',
					cell: r => <State is={r.is_active ? 'active' : 'inactive'} />,
				},
				{ key: 'last_error', phone: 'plain' },
			]}
			rowAct={r => <MoreMenu compact acts={acts(r)} />}
		/>
	);
}

const TEMPLATE_FIELDS: (string | Field)[] = [
	'is_active',
	'days',
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
		fields: TEMPLATE_FIELDS,
		columns: 1,
		row,
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
							{ key: 'channel', among: Object.keys(CONFIG) },
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
