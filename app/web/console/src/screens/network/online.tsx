/* Connected users, on all routers, with live rates. */
import { Card, Group, Text, TextInput } from '@mantine/core';
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs';
import { useState } from 'react';
import { useGet } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT } from '../../i18n';
import { bits, number, readRate } from '../../kit/format';
import { MoreMenu } from '../../kit/page';
import { Rows } from '../../kit/rows';
import { To } from '../../kit/value';

const SHOWN = 200;

export function OnlineUsers() {
	const { t, lang } = useT();
	const [text, setText] = useState('');
	const read = useGet<Loose[]>('/api/mikrotik/online-users', {}, { every: 5_000, stale: 0 });
	const wanted = text.trim().toLowerCase();
	const found = read.data?.filter(
		u => !wanted || `${u.username} ${u.address}`.toLowerCase().includes(wanted),
	);
	return (
		<>
			<Group mb="sm" justify="space-between">
				<TextInput
					size="xs"
					type="search"
					flex="1 1 200px"
					maw={340}
					placeholder={t.w.search}
					aria-label={t.w.search}
					leftSection={<IconSearch size={14} />}
					value={text}
					onChange={e => setText(e.currentTarget.value)}
				/>
				<Text fz="sm" c="dimmed" className="numbers">
					{found && number(found.length)} {t.v.online.toLowerCase()}
				</Text>
			</Group>
			<Card withBorder padding={0}>
				<Rows<Loose>
					label={t.w.onlineUsers}
					rows={found?.slice(0, SHOWN)}
					error={read.error}
					retry={() => void read.refetch()}
					isFiltered={wanted !== ''}
					columns={[
						{
							key: 'username',
							phone: 'title',
							cell: u => (
								<To to={`/subscriptions?search=${encodeURIComponent(u.username)}`}>{u.username}</To>
							),
						},
						{ key: 'type', phone: 'side' },
						{ key: 'address', label: t.f.ip },
						'uptime',
						{
							key: 'downloadSpeed',
							kind: 'bits',
							label: t.f.download,
							cell: u => bits(readRate(u.downloadSpeed), lang),
						},
						{
							key: 'uploadSpeed',
							kind: 'bits',
							label: t.f.upload,
							phone: 'hide',
							cell: u => bits(readRate(u.uploadSpeed), lang),
						},
					]}
					rowAct={u => (
						<MoreMenu
							compact
							acts={[
								{
									key: 'disconnect',
									role: 'operator',
									colour: 'red',
									method: 'POST',
									path: '/api/mikrotik/disconnect-user',
									fixed: { username: u.username, type: u.type },
									says: (
										<>
											<b>{u.username}</b>. {t.c.disconnect}
										</>
									),
									toast: String(u.username),
								},
							]}
						/>
					)}
				/>
			</Card>
		</>
	);
}
