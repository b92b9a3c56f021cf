/* An empty system's first steps, in one go. */
import { Button, Group, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useGet } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT } from '../../i18n';
import type { Messages } from '../../i18n/id';
import { type Act, ActButton } from '../../kit/act';
import { PageFrame, Section } from '../../kit/page';
import { State } from '../../kit/state';
import { customerCreate } from '../customers/acts';
import { routerCreate } from '../network/acts';
import { packageCreate } from '../packages/packages';
import { subscriptionCreate } from '../subscriptions/acts';
import { useCount } from './empty';

export function First() {
	const { t } = useT();
	const company = useGet<Loose>('/api/settings').data?.company_name;
	const counts = {
		routers: useCount('/api/router-settings'),
		packages: useCount('/api/packages'),
		customers: useCount('/api/customers'),
		subscriptions: useCount('/api/subscriptions'),
	};
	const steps: [title: string, sentence: string, isDone: boolean, act: Act, beside?: ReactNode][] =
		[
			[t.w.company, t.w.companyNext, !!company, companyAct(t)],
			[t.a.newRouter, t.w.routerNext, !!counts.routers, routerCreate(t)],
			[t.a.newPackage, t.w.packageNext, !!counts.packages, packageCreate(t)],
			[t.a.newCustomer, t.w.customerNext, !!counts.customers, customerCreate(t)],
			[t.a.newSubscription, t.w.lineNext, !!counts.subscriptions, subscriptionCreate(t)],
		];
	const next = steps.findIndex(([, , isDone]) => !isDone);
	return (
		<PageFrame title={t.w.welcome}>
			<Stack gap="sm" maw={640}>
				<Text fz="sm">{t.w.firstText}</Text>
				{steps.map(([title, sentence, isDone, act], i) => (
					<Section
						key={title}
						title={title}
						beside={
							isDone ? (
								<State is="ok" label={t.w.done} />
							) : (
								<State is="pending" label={t.w.step(i + 1, steps.length)} />
							)
						}
					>
						<Group justify="space-between" gap="sm">
							<Text fz="sm" c="dimmed" flex="1 1 260px">
								{sentence}
							</Text>
							<ActButton act={act} variant={i === next ? 'filled' : 'default'} />
						</Group>
					</Section>
				))}
				<Group justify="flex-end">
					<Button component={Link} to="/">
						{t.a.finish}
					</Button>
				</Group>
			</Stack>
		</PageFrame>
	);
}

const companyAct = (t: Messages): Act => ({
	key: 'companyName',
	role: 'admin',
	method: 'PUT',
	path: '/api/settings',
	resource: 'setting',
	fields: ['company_name', 'company_phone', 'company_whatsapp', 'company_address'].map(name => ({
		name,
		label: t.s[name]?.[0],
		wide: name === 'company_name' || name === 'company_address',
	})),
});
