/*
 * The one table of the console's addresses.  Each screen is a chunk of its own, loaded when first
 * needed.
 */
import {
	createRootRoute,
	createRoute,
	createRouter,
	lazyRouteComponent,
	Outlet,
	redirect,
} from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { session } from './api/client';
import { NotFound } from './kit/empty';
import { whenIdle } from './kit/idle';
import type { News } from './kit/news';

// biome-ignore lint/suspicious/noExplicitAny: what a lazy module exports is known where it is used
type Screen = [path: string, load: () => Promise<any>, name: string];

const home = () => import('./screens/home/home');
const customers = () => import('./screens/customers/customers');
const customer = () => import('./screens/customers/customer');
const subscriptions = () => import('./screens/subscriptions/subscriptions');
const subscription = () => import('./screens/subscriptions/subscription');
const invoices = () => import('./screens/invoices/invoices');
const invoice = () => import('./screens/invoices/invoice');
const payments = () => import('./screens/payments/payments');
const packages = () => import('./screens/packages/packages');
const network = () => import('./screens/network/network');
const router_ = () => import('./screens/network/router');
const device = () => import('./screens/network/device');
const ping = () => import('./screens/network/ping');
const settings = () => import('./screens/settings/settings');
const runs = () => import('./screens/settings/runs');
const reports = () => import('./screens/reports/reports');
const imports = () => import('./screens/import/import');
const first = () => import('./screens/first/first');
const login_ = () => import('./screens/login/login');
const shell = () => import('./shell/shell');
const reset = () => import('./screens/login/reset');
const receipt = () => import('./screens/receipt/receipt');

const SCREENS: Screen[] = [
	['/', home, 'Home'],
	['/customers', customers, 'Customers'],
	['/customers/$id', customer, 'CustomerScreen'],
	['/subscriptions', subscriptions, 'Subscriptions'],
	['/subscriptions/$id', subscription, 'SubscriptionScreen'],
	['/invoices', invoices, 'Invoices'],
	['/invoices/$id', invoice, 'InvoiceScreen'],
	['/payments', payments, 'Payments'],
	['/packages', packages, 'Packages'],
	['/network', network, 'Network'],
	['/network/routers/$id', router_, 'RouterScreen'],
	['/network/devices/$id', device, 'DeviceScreen'],
	['/network/pings/$id', ping, 'PingScreen'],
	['/reports', reports, 'Reports'],
	['/import', imports, 'Import'],
	['/first', first, 'First'],
	['/settings', settings, 'Settings'],
	['/runs/$id', runs, 'RunScreen'],
];

/* News hold links, so they stand inside the router.  Those that come before their part is loaded
 * wait for it; it is loaded early, because the news may be that the server is away. */
function Root() {
	const [part, setPart] = useState<{ News: typeof News }>();
	useEffect(() => whenIdle(() => import('./kit/news').then(setPart)), []);
	return (
		<>
			{part && <part.News />}
			<Outlet />
		</>
	);
}
const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

const login = createRoute({
	getParentRoute: () => root,
	path: '/login',
	component: lazyRouteComponent(login_, 'Login'),
});

const outside = (
	[
		['/register', 'Register'],
		['/forgot', 'Forgot'],
		['/reset-password', 'Reset'],
	] as const
).map(([path, name]) =>
	createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(reset, name) }),
);

const needSession = () => {
	if (session.token === null)
		throw redirect({
			to: '/login',
			search:
				location.pathname === '/' ? {} : ({ next: location.pathname + location.search } as never),
		});
};

/* Paper has no navigation around it. */
const paper = createRoute({
	getParentRoute: () => root,
	path: '/receipt/$id',
	beforeLoad: needSession,
	component: lazyRouteComponent(receipt, 'Receipt'),
});

const inside = createRoute({
	getParentRoute: () => root,
	id: 'in',
	component: lazyRouteComponent(shell, 'Shell'),
	beforeLoad: needSession,
});

const screens = SCREENS.map(([path, load, name]) =>
	createRoute({ getParentRoute: () => inside, path, component: lazyRouteComponent(load, name) }),
);

/* ?a=1&b=x, both ways as texts: a phone number stays as it was typed. */
const parseSearch = (text: string) => Object.fromEntries(new URLSearchParams(text));
const stringifySearch = (search: Record<string, unknown>) => {
	const given = Object.entries(search).filter(([, v]) => v !== undefined && v !== '');
	const text = new URLSearchParams(given.map(([k, v]) => [k, String(v)])).toString();
	return text ? `?${text}` : '';
};

export const router = createRouter({
	routeTree: root.addChildren([login, ...outside, paper, inside.addChildren(screens)]),
	defaultPreload: 'intent',
	/* A screen of another row begins anew: nothing of the row before is shown, or paid, under its name. */
	defaultRemountDeps: ({ params }) => params,
	scrollRestoration: true,
	parseSearch,
	stringifySearch,
});
