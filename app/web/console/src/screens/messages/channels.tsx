/* Channels: by which ways messages leave. */
import type { Loose, Row } from '../../api/types';
import { useT, word } from '../../i18n';
import type { Messages } from '../../i18n/id';
import type { Act } from '../../kit/act';
import type { Field, Values } from '../../kit/fields';
import { List } from '../../kit/list';
import { ActBar, MoreMenu } from '../../kit/page';
import { State } from '../../kit/state';

export const CHANNELS = ['telegram', 'email', 'webhook', 'whatsapp'];
const GATEWAYS = ['fonnte', 'wablas', 'meta', 'custom'];

const isStaff = (v: Values) => v.audience !== 'customers';
const is = (channel: string) => (v: Values) => v.channel === channel;
/* A channel without a preset is described by itself: custom. */
const isGateway =
	(...presets: string[]) =>
	(v: Values) =>
		v.channel === 'whatsapp' && presets.includes(String(v['config.preset'] || 'custom'));

/*
 * The members of a channel's config stand in the form as fields of their own, named config.NAME; what a
 * channel of this kind does not need is not asked for.  The secret has another name for each kind.
 */
const channelFields = (t: Messages, isNew: boolean): (string | Field)[] => {
	const config = (name: string, show: Field['show'], more?: Partial<Field>): Field => ({
		name: `config.${name}`,
		label: word(t.f, name),
		show,
		...more,
	});
	const secret = (label: string, show: Field['show']): Field => ({
		name: 'secret',
		kind: 'secret',
		label,
		hint: isNew ? '' : t.w.keep,
		show,
	});
	return [
		{
			name: 'channel',
			among: CHANNELS,
			required: true,
			initial: 'telegram',
			show: () => isNew,
		},
		{ name: 'audience', among: ['staff', 'customers'], initial: 'staff', ifKnown: true },
		'name',
		config('chat_id', is('telegram')),
		config('message_thread_id', is('telegram')),
		config('email', v => v.channel === 'email' && isStaff(v)),
		config('preset', is('whatsapp'), {
			among: GATEWAYS,
			initial: isNew ? 'fonnte' : 'custom',
			required: true,
		}),
		config('url', v => v.channel === 'webhook' || isGateway('wablas', 'custom')(v)),
		config('number_id', isGateway('meta')),
		config('phone', v => v.channel === 'whatsapp' && isStaff(v)),
		config('auth', isGateway('custom')),
		config('body', isGateway('custom'), { label: t.f.request }),
		secret(t.w.botToken, is('telegram')),
		secret(t.v.token, is('whatsapp')),
		secret(t.w.signKey, is('webhook')),
		{ name: 'events', show: isStaff },
		'is_active',
	];
};

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
			fields: channelFields(t, false),
			columns: 1,
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
		fields: channelFields(t, true),
		columns: 1,
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
				{
					key: 'events',
					phone: 'plain',
					cell: r =>
						r.audience === 'customers'
							? null
							: ((r.events ?? []) as string[]).map(event => word(t.v, event)).join(', '),
				},
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
