/* Users, and the tokens of programs. */
import { Badge, Button, Group, Modal, Text } from '@mantine/core';
import { useState } from 'react';
import type { Loose, Row } from '../../api/types';
import { useT, word } from '../../i18n';
import type { Act } from '../../kit/act';
import { List } from '../../kit/list';
import { ActBar, MoreMenu } from '../../kit/page';
import { State } from '../../kit/state';
import { useToast } from '../../kit/toast';

const USER_FIELDS = [
	'name',
	'email',
	{ name: 'password', kind: 'secret' as const },
	'role',
	'is_active',
];

const userCreate: Act = {
	key: 'newUser',
	role: 'admin',
	method: 'POST',
	path: '/api/users',
	resource: 'user',
	fields: USER_FIELDS,
};

export function Users() {
	const { t } = useT();
	const acts = (row: Row): Act[] => [
		{
			key: 'edit',
			role: 'admin',
			method: 'PUT',
			path: `/api/users/${row.id}`,
			resource: 'user',
			fields: [
				USER_FIELDS[0]!,
				USER_FIELDS[1]!,
				{ name: 'password', kind: 'secret', hint: t.w.keep },
				'role',
				'is_active',
			],
			row,
		},
		{
			key: 'remove',
			role: 'admin',
			colour: 'red',
			method: 'DELETE',
			path: `/api/users/${row.id}`,
			mustType: String(row.email),
			says: t.c.remove,
		},
	];
	return (
		<List<Row<'user'>>
			path="/api/users"
			label={t.w.users}
			search
			bar={<ActBar acts={[userCreate]} />}
			columns={[
				{ key: 'name', phone: 'title' },
				'email',
				'role',
				{
					key: 'is_active',
					kind: 'state',
					cell: r => <State is={r.is_active ? 'active' : 'inactive'} />,
				},
			]}
			rowAct={r => <MoreMenu compact acts={acts(r)} />}
		/>
	);
}

export function Tokens() {
	const { t } = useT();
	const toast = useToast();
	/* The server's own name of a log-in. */
	const nameOf = (row: Row) => (row.name === 'auth-token' ? t.w.loginSession : String(row.name));
	const [made, setMade] = useState<string>();
	const create: Act = {
		key: 'newToken',
		role: 'viewer',
		method: 'POST',
		path: '/api/auth/tokens',
		fields: [
			{ name: 'name', required: true },
			{
				name: 'abilities',
				kind: 'many',
				among: ['read', 'billing', 'network', '*'],
				required: true,
				initial: ['read'],
				nameOf: v => (v === '*' ? t.w.all : word(t.v, v)),
			},
			{ name: 'expires_at', kind: 'time' },
		],
		after: (answer: Loose) => setMade(String(answer.plain_text ?? answer.token)),
	};
	return (
		<>
			<List<Row<'token'>>
				path="/api/auth/tokens"
				label={t.w.tokens}
				bar={<ActBar acts={[create]} />}
				columns={[
					{ key: 'name', phone: 'title', cell: nameOf },
					{ key: 'abilities', cell: r => <Abilities of={r.abilities} /> },
					{ key: 'last_used_at' },
					{ key: 'expires_at' },
				]}
				rowAct={r => (
					<MoreMenu
						compact
						acts={[
							{
								key: 'revoke',
								role: 'viewer',
								colour: 'red',
								method: 'DELETE',
								path: `/api/auth/tokens/${r.id}`,
								mustType: nameOf(r),
								says: t.c.revoke,
							},
						]}
					/>
				)}
			/>
			<Modal
				opened={!!made}
				onClose={() => setMade(undefined)}
				title={t.a.newToken}
				closeButtonProps={{ 'aria-label': t.a.close }}
			>
				<Text fz="sm">{t.w.tokenShown}</Text>
				<Text ff="monospace" my="sm" style={{ overflowWrap: 'anywhere' }}>
					{made}
				</Text>
				<Button onClick={() => made && void toast.copy(made)}>{t.a.copy}</Button>
			</Modal>
		</>
	);
}

function Abilities({ of }: { of?: string[] }) {
	const { t } = useT();
	return (
		<Group gap={4}>
			{of?.map(a => (
				<Badge key={a} size="sm" variant="default" tt="none">
					{a === '*' ? t.w.all : word(t.v, a)}
				</Badge>
			))}
		</Group>
	);
}
