/* An empty system's first steps, in one go. */
import { Button, Group, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useGet } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT } from '../../i18n';
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
	const steps: [title: string, isDone: boolean, body: ReactNode][] = [
		[
			t.w.company,
			!!company,
			<Button key="c" component={Link} to="/settings?tab=company" variant="default" size="xs">
				{t.a.open}
			</Button>,
		],
		[t.a.newRouter, !!counts.routers, <Step key="r" act={routerCreate(t)} />],
		[t.a.newPackage, !!counts.packages, <Step key="p" act={packageCreate(t)} />],
		[t.a.newCustomer, !!counts.customers, <Step key="n" act={customerCreate(t)} />],
		[t.a.newSubscription, !!counts.subscriptions, <Step key="s" act={subscriptionCreate(t)} />],
	];
	return (
		<PageFrame title={t.w.welcome}>
			<Stack gap="sm" maw={640}>
				<Text fz="sm">{t.w.firstText}</Text>
				{steps.map(([title, isDone, body], i) => (
					<Section
						key={title}
						title={title}
						beside={
							isDone ? (
								<State is="ok" label={t.a.finish} />
							) : (
								<State is="pending" label={t.w.step(i + 1, steps.length)} />
							)
						}
					>
						{body}
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

const Step = ({ act }: { act: Act }) => <ActButton act={act} />;
