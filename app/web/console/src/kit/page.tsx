/* The frame of a screen: its title, where it belongs, its acts. */
import {
	ActionIcon,
	Anchor,
	Button,
	Card,
	Group,
	Menu,
	SimpleGrid,
	Skeleton,
	Tabs,
	Text,
	Title,
} from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import IconChevronDown from '@tabler/icons-react/dist/esm/icons/IconChevronDown.mjs';
import IconDots from '@tabler/icons-react/dist/esm/icons/IconDots.mjs';
import { Link } from '@tanstack/react-router';
import { type CSSProperties, type ReactNode, Suspense, useEffect, useRef } from 'react';
import { useMay } from '../api/query';
import { useT } from '../i18n';
import { type Act, ActButton, useAct } from './act';
import { isSecond } from './keys';
import classes from './page.module.css';
import { useUrl } from './state-url';

type PageProps = {
	title: ReactNode;
	/* The tab of the browser, when the title is more than text. */
	name?: string;
	back?: [to: string, label: string];
	beside?: ReactNode;
	/* The first is the blue button; the others stand beside it, `more` in a menu. */
	acts?: (Act | undefined | false)[];
	more?: (Act | undefined | false)[];
	buttons?: ReactNode;
	children: ReactNode;
};

const real = (acts: (Act | undefined | false)[] = []) => acts.filter(a => !!a) as Act[];

export function PageFrame(props: PageProps) {
	const name = props.name ?? (typeof props.title === 'string' ? props.title : '');
	useEffect(() => {
		document.title = name ? `${name} · ISP Billing` : 'ISP Billing';
	}, [name]);
	return (
		<>
			{props.back && (
				<Anchor component={Link} to={props.back[0]} fz="sm">
					{props.back[1]}
				</Anchor>
			)}
			<Group justify="space-between" mb="sm" gap="xs" align="center">
				<Group gap="xs" miw={0}>
					<Title order={1} fz="h3">
						{props.title}
					</Title>
					{props.beside}
				</Group>
				<ActBar acts={props.acts} more={props.more} buttons={props.buttons} />
			</Group>
			{props.children}
		</>
	);
}

/* Acts in a row; `n`, or `p` for a payment, opens the blue one. */
export function ActBar(props: Pick<PageProps, 'acts' | 'more' | 'buttons'>) {
	const open = useAct();
	const may = useMay();
	const [first, ...others] = real(props.acts);
	useHotkeys(
		first && may(first.role ?? 'operator')
			? [[first.key === 'takePayment' ? 'p' : 'n', () => isSecond() || open(first)]]
			: [],
	);
	const isCrowded = (others.length > 0 || !!props.buttons) && real(props.more).length > 0;
	return (
		<Group gap="xs">
			{props.buttons}
			{others.map(a => (
				<ActButton key={a.key + a.path} act={a} size="sm" />
			))}
			<MoreMenu acts={real(props.more)} />
			{first && may(first.role ?? 'operator') && (
				<div className={isCrowded ? classes.first : undefined}>
					<ActButton act={first} size="sm" variant="filled" />
				</div>
			)}
		</Group>
	);
}

/* Mantine's own red misses 4.5:1 as text. */
const RED_TEXT = { '--menu-item-color': 'var(--mantine-color-red-text)' } as CSSProperties;

export function MoreMenu({ acts, compact }: { acts: Act[]; compact?: boolean }) {
	const { t } = useT();
	const open = useAct();
	const may = useMay();
	const allowed = acts.filter(a => may(a.role ?? 'operator'));
	if (allowed.length === 0) return null;
	return (
		<Menu position="bottom-end" withinPortal>
			<Menu.Target>
				{compact ? (
					<ActionIcon variant="subtle" color="gray" size="md" aria-label={t.a.more}>
						<IconDots size={16} />
					</ActionIcon>
				) : (
					<Button variant="default" rightSection={<IconChevronDown size={14} />}>
						{t.a.more}
					</Button>
				)}
			</Menu.Target>
			<Menu.Dropdown>
				{allowed.map(a => (
					<Menu.Item
						key={a.key + a.path}
						leftSection={a.icon}
						color={a.colour}
						style={a.colour === 'red' ? RED_TEXT : undefined}
						onClick={() => open(a)}
					>
						{a.label ?? t.a[a.key]}
					</Menu.Item>
				))}
			</Menu.Dropdown>
		</Menu>
	);
}

/* Figures of a screen at one look. */
export function Facts({
	of,
	cols,
}: {
	of: [label: string, value: ReactNode, colour?: string][];
	cols?: number;
}) {
	/* Two rows are of one length. */
	const wide = of.length <= 6 ? of.length : Math.ceil(of.length / 2);
	return (
		<SimpleGrid cols={{ base: 2, sm: 3, lg: cols ?? wide }} spacing="xs" mb="md">
			{of.map(([label, value, colour]) => (
				<Card key={label} withBorder padding="xs">
					<Text fz="xs" c="dimmed">
						{label}
					</Text>
					<Text fz="sm" fw={600} component="div" c={colour} className="numbers">
						{value === undefined ? <Skeleton h={16} my={3} w="70%" /> : value}
					</Text>
				</Card>
			))}
		</SimpleGrid>
	);
}

export type Tab = { key: string; label: string; body: ReactNode };

/* Tabs whose choice stands in the address; only the chosen one is mounted. */
export function TabFrame({
	tabs,
	name = 'tab',
}: {
	tabs: (Tab | false | undefined)[];
	name?: string;
}) {
	const [state, setState] = useUrl();
	const real = tabs.filter(x => !!x) as Tab[];
	const chosen = real.find(x => x.key === state[name])?.key ?? real[0]?.key;
	const list = useRef<HTMLDivElement>(null);
	/* On a phone the chosen one may stand beyond the edge, also when more tabs come with the rights. */
	const keys = real.map(x => x.key).join();
	useEffect(() => {
		const tab = list.current?.querySelector<HTMLElement>('[data-active]');
		if (list.current && tab)
			list.current.scrollLeft = tab.offsetLeft - (list.current.clientWidth - tab.clientWidth) / 2;
	}, [chosen, keys]);
	return (
		<Tabs
			value={chosen}
			onChange={v =>
				setState({ [name]: v === real[0]?.key ? undefined : (v ?? undefined), page: undefined })
			}
			keepMounted={false}
		>
			<Tabs.List ref={list} mb="sm" className={classes.tabs}>
				{real.map(x => (
					<Tabs.Tab key={x.key} value={x.key}>
						{x.label}
					</Tabs.Tab>
				))}
			</Tabs.List>
			{real.map(x => (
				<Tabs.Panel key={x.key} value={x.key}>
					<Suspense fallback={<Skeleton h={120} />}>{x.body}</Suspense>
				</Tabs.Panel>
			))}
		</Tabs>
	);
}

/* A titled part of a screen. */
export function Section(props: {
	title: string;
	beside?: ReactNode;
	children: ReactNode;
	flush?: boolean;
	/* The children have frames of their own. */
	bare?: boolean;
}) {
	if (props.bare)
		return (
			<section>
				<Title order={2} fz="sm" fw={600} mb="xs">
					{props.title}
				</Title>
				{props.children}
			</section>
		);
	return (
		<Card withBorder padding={props.flush ? 0 : 'sm'} component="section">
			<Group
				justify="space-between"
				mb={props.flush ? 0 : 'xs'}
				p={props.flush ? 'sm' : 0}
				gap="xs"
			>
				<Title order={2} fz="sm" fw={600}>
					{props.title}
				</Title>
				{props.beside}
			</Group>
			{props.children}
		</Card>
	);
}
