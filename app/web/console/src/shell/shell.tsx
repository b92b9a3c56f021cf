/* The frame of every screen: navigation, search, the user's menu, news of the connection. */
import {
	ActionIcon,
	Alert,
	AppShell,
	Burger,
	Group,
	Kbd,
	Menu,
	NavLink,
	Text,
	UnstyledButton,
	useComputedColorScheme,
	useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import type { Icon } from '@tabler/icons-react';
import IconCash from '@tabler/icons-react/dist/esm/icons/IconCash.mjs';
import IconChartBar from '@tabler/icons-react/dist/esm/icons/IconChartBar.mjs';
import IconFileInvoice from '@tabler/icons-react/dist/esm/icons/IconFileInvoice.mjs';
import IconHome from '@tabler/icons-react/dist/esm/icons/IconHome.mjs';
import IconKey from '@tabler/icons-react/dist/esm/icons/IconKey.mjs';
import IconKeyboard from '@tabler/icons-react/dist/esm/icons/IconKeyboard.mjs';
import IconLanguage from '@tabler/icons-react/dist/esm/icons/IconLanguage.mjs';
import IconLogout from '@tabler/icons-react/dist/esm/icons/IconLogout.mjs';
import IconMoon from '@tabler/icons-react/dist/esm/icons/IconMoon.mjs';
import IconNetwork from '@tabler/icons-react/dist/esm/icons/IconNetwork.mjs';
import IconPackage from '@tabler/icons-react/dist/esm/icons/IconPackage.mjs';
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs';
import IconSettings from '@tabler/icons-react/dist/esm/icons/IconSettings.mjs';
import IconSun from '@tabler/icons-react/dist/esm/icons/IconSun.mjs';
import IconUser from '@tabler/icons-react/dist/esm/icons/IconUser.mjs';
import IconUsers from '@tabler/icons-react/dist/esm/icons/IconUsers.mjs';
import IconWifi from '@tabler/icons-react/dist/esm/icons/IconWifi.mjs';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { call, session } from '../api/client';
import { useMeta } from '../api/meta';
import { cache, useMay, useMe } from '../api/query';
import type { Role } from '../api/types';
import { useT, word } from '../i18n';
import type { Messages } from '../i18n/id';
import { type Act, Acts, useAct } from '../kit/act';
import { setZone } from '../kit/format';
import { whenIdle } from '../kit/idle';
import { endPair, isSecond, pressG } from '../kit/keys';
import { useConnection } from './connection';

const SessionDialog = lazy(() =>
	import('./session-dialog').then(m => ({ default: m.SessionDialog })),
);
const loadPalette = () => import('./palette');
const Palette = lazy(() => loadPalette().then(m => ({ default: m.Palette })));
const loadKeys = () => import('./keys-dialog');
const KeysDialog = lazy(() => loadKeys().then(m => ({ default: m.KeysDialog })));
whenIdle(loadPalette);
whenIdle(loadKeys);

type Place = [to: string, name: keyof Messages['nav'], icon: Icon, letter: string, role?: Role];
const PLACES: Place[] = [
	['/', 'home', IconHome, 'h'],
	['/customers', 'customers', IconUsers, 'c'],
	['/subscriptions', 'subscriptions', IconWifi, 's'],
	['/invoices', 'invoices', IconFileInvoice, 'i'],
	['/payments', 'payments', IconCash, 'p'],
	['/packages', 'packages', IconPackage, 'k'],
	['/network', 'network', IconNetwork, 'n'],
	['/reports', 'reports', IconChartBar, 'r', 'operator'],
	['/settings', 'settings', IconSettings, 'e'],
];

/* The places that the user's role may see. */
export function usePlaces() {
	const may = useMay();
	return PLACES.filter(([, , , , role]) => may(role ?? 'viewer'));
}

export function Shell() {
	const { t, lang } = useT();
	const places = usePlaces();
	const [isOpen, nav] = useDisclosure();
	/* Whether the keys are shown; undefined until they were asked for. */
	const [keys, setKeys] = useState<boolean>();
	const showKeys = () => setKeys(true);
	const { pathname } = useLocation();
	const zone = useMeta()?.time_zone;
	const isUnreachable = useConnection();
	const [isExpired, setExpired] = useState(false);
	/* Counts the calls for the palette. */
	const [palette, setPalette] = useState(0);
	const search = () => setPalette(n => n + 1);
	if (zone) setZone(zone);
	useGoKeys();
	useEffect(() => session.onExpired(() => setExpired(true)), []);
	useHotkeys([
		['shift+?', showKeys],
		['/', search],
		['mod+K', search],
	]);
	useEffect(() => nav.close(), [pathname]);
	return (
		<Acts>
			<AppShell
				header={{ height: 48 }}
				navbar={{ width: 200, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
				padding={{ base: 'sm', sm: 'md' }}
			>
				<AppShell.Header px="sm">
					<Group h="100%" justify="space-between" wrap="nowrap" gap="xs">
						<Group gap="xs" wrap="nowrap">
							<Burger
								opened={isOpen}
								onClick={nav.toggle}
								hiddenFrom="sm"
								size="sm"
								aria-label={t.w.menu}
							/>
							<Text fw={700} fz="sm" visibleFrom="sm" w={170}>
								ISP Billing
							</Text>
						</Group>
						<UnstyledButton onClick={search} flex={1} maw={420} miw={0} aria-label={t.w.searchAll}>
							<Group
								gap="xs"
								px="sm"
								py={6}
								bd="1px solid var(--mantine-color-default-border)"
								bdrs="sm"
								wrap="nowrap"
							>
								<IconSearch size={15} />
								<Text fz="sm" c="dimmed" truncate flex={1} miw={0}>
									{t.w.searchAll}
								</Text>
								<Kbd size="xs" visibleFrom="sm">
									/
								</Kbd>
							</Group>
						</UnstyledButton>
						<UserMenu onKeys={showKeys} />
					</Group>
				</AppShell.Header>
				<AppShell.Navbar p={6} aria-label={t.w.menu}>
					{places.map(([to, name, Icon]) => (
						<NavLink
							key={to}
							component={Link}
							to={to}
							label={t.nav[name]}
							leftSection={<Icon size={17} stroke={1.6} />}
							active={to === '/' ? pathname === '/' : pathname.startsWith(to)}
							py={7}
						/>
					))}
				</AppShell.Navbar>
				<AppShell.Main>
					{isUnreachable && (
						<Alert color="yellow" variant="light" mb="sm" p="xs" role="status">
							{t.w.away}
						</Alert>
					)}
					<Suspense fallback={null}>
						<Outlet key={lang} />
					</Suspense>
				</AppShell.Main>
			</AppShell>
			<Suspense fallback={null}>
				{palette > 0 && <Palette opened={palette} />}
				{keys !== undefined && <KeysDialog opened={keys} onClose={() => setKeys(false)} />}
				{isExpired && <SessionDialog onDone={() => setExpired(false)} />}
			</Suspense>
		</Acts>
	);
}

/* g, then a letter, within a second. */
function useGoKeys() {
	const go = useNavigate();
	useHotkeys([['g', pressG]]);
	useHotkeys(
		usePlaces().map(([to, , , letter]) => [
			letter,
			() => {
				if (!isSecond()) return;
				endPair();
				void go({ to });
			},
			{ preventDefault: false },
		]),
	);
}

const passwordChange = (t: Messages): Act => ({
	key: 'changePassword',
	role: 'viewer',
	method: 'PUT',
	path: '/api/auth/password',
	says: t.c.changePassword,
	fields: ['current_password', 'password', 'password_confirmation'].map(name => ({
		name,
		kind: 'secret',
		required: true,
		label: name === 'password' ? t.f.new_password : undefined,
	})),
	columns: 1,
});

function UserMenu({ onKeys }: { onKeys(): void }) {
	const { t, lang, setLang } = useT();
	const me = useMe();
	const act = useAct();
	const { setColorScheme } = useMantineColorScheme();
	const isDark = useComputedColorScheme('light') === 'dark';
	const logout = async () => {
		await call('POST', '/api/logout').catch(() => {});
		session.token = null;
		cache.clear();
		location.assign('/login');
	};
	return (
		<Menu position="bottom-end" width={220}>
			<Menu.Target>
				<ActionIcon variant="subtle" color="gray" size="lg" aria-label={t.w.account}>
					<IconUser size={19} />
				</ActionIcon>
			</Menu.Target>
			<Menu.Dropdown>
				<Menu.Label>
					{me?.name} {me && `· ${word(t.v, String(me.role))}`}
				</Menu.Label>
				<Menu.Item
					leftSection={isDark ? <IconSun size={16} /> : <IconMoon size={16} />}
					onClick={() => setColorScheme(isDark ? 'light' : 'dark')}
				>
					{isDark ? t.w.light : t.w.dark}
				</Menu.Item>
				<Menu.Item
					leftSection={<IconLanguage size={16} />}
					onClick={() => setLang(lang === 'id' ? 'en' : 'id')}
				>
					{t.w.otherLanguage}
				</Menu.Item>
				<Menu.Item leftSection={<IconKeyboard size={16} />} onClick={onKeys}>
					{t.w.keys}
				</Menu.Item>
				<Menu.Item leftSection={<IconKey size={16} />} onClick={() => act(passwordChange(t))}>
					{t.a.changePassword}
				</Menu.Item>
				<Menu.Divider />
				<Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void logout()}>
					{t.a.logout}
				</Menu.Item>
			</Menu.Dropdown>
		</Menu>
	);
}
