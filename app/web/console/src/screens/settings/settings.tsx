import { Stack } from '@mantine/core';
import { lazy } from 'react';
import { useMay } from '../../api/query';
import { useT } from '../../i18n';
import { PageFrame, TabFrame } from '../../kit/page';
import { SettingForm } from './form';
import { Logo } from './logo';
import { Presets } from './presets';

/* Each tab beside the forms is a part of its own. */
const messages = () => import('../messages/messages');
const people = () => import('./people');
const logs = () => import('./logs');
const Channels = lazy(() => import('../messages/channels').then(m => ({ default: m.Channels })));
const Messages = lazy(() => messages().then(m => ({ default: m.Messages })));
const Templates = lazy(() => messages().then(m => ({ default: m.Templates })));
const Users = lazy(() => people().then(m => ({ default: m.Users })));
const Tokens = lazy(() => people().then(m => ({ default: m.Tokens })));
const AuditLog = lazy(() => logs().then(m => ({ default: m.AuditLog })));
const MidtransLog = lazy(() => logs().then(m => ({ default: m.MidtransLog })));
const History = lazy(() => import('./history').then(m => ({ default: m.History })));
const Runs = lazy(() => import('./runs').then(m => ({ default: m.Runs })));
const Radius = lazy(() => import('./radius').then(m => ({ default: m.Radius })));
const Health = lazy(() => import('./health').then(m => ({ default: m.Health })));

export function Settings() {
	const { t } = useT();
	const may = useMay();
	return (
		<PageFrame title={t.nav.settings}>
			<TabFrame
				tabs={[
					{
						key: 'billing',
						label: t.w.policies,
						body: (
							<Stack gap="md">
								<Presets />
								<SettingForm group="billing" />
							</Stack>
						),
					},
					{
						key: 'company',
						label: t.w.company,
						body: (
							<Stack gap="md">
								<SettingForm group="company" />
								<Logo />
							</Stack>
						),
					},
					{
						key: 'suspension',
						label: t.w.suspension,
						body: <SettingForm group="suspension" />,
					},
					{
						key: 'sending',
						label: t.w.sending,
						body: <SettingForm group="message" />,
					},
					{
						key: 'limits',
						label: t.w.limits,
						body: <SettingForm group="rest" />,
					},
					may('admin') && { key: 'users', label: t.w.users, body: <Users /> },
					{ key: 'tokens', label: t.w.tokens, body: <Tokens /> },
					may('admin') && { key: 'channels', label: t.w.channels, body: <Channels /> },
					may('admin') && { key: 'templates', label: t.w.templates, body: <Templates /> },
					may('operator') && { key: 'messages', label: t.w.messages, body: <Messages /> },
					may('admin') && { key: 'radius', label: t.w.radius, body: <Radius /> },
					may('operator') && { key: 'runs', label: t.w.runs, body: <Runs /> },
					may('operator') && { key: 'billing-log', label: t.w.billingLog, body: <History /> },
					may('operator') && { key: 'midtrans-log', label: t.w.midtransLog, body: <MidtransLog /> },
					may('admin') && { key: 'audit-log', label: t.w.auditLog, body: <AuditLog /> },
					{ key: 'health', label: t.w.health, body: <Health /> },
				]}
			/>
		</PageFrame>
	);
}
