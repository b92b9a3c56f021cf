/*
 * Acts: what a person does to a row, and forms.
 *
 * An act is described, not written: its address, fields, consequences.  useAct() opens its dialog:
 * it says what will happen (a dry run of the server's where it offers one), takes the fields,
 * sends with an Idempotency-Key made at opening, puts errors at fields, refreshes the screen.
 */
import { Button } from '@mantine/core';
import {
	createContext,
	lazy,
	type ReactNode,
	Suspense,
	useContext,
	useMemo,
	useState,
} from 'react';
import { useMay } from '../api/query';
import type { Loose, Role } from '../api/types';
import { useT } from '../i18n';
import type { Messages } from '../i18n/id';
import type { Field, Values } from './fields';
import { whenIdle } from './idle';

export type Act = {
	key: keyof Messages['a'];
	label?: string;
	icon?: ReactNode;
	colour?: string;
	role?: Role;
	/* GET for a secret that is looked at: `shows` draws the answer in the dialog. */
	method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
	path: string;
	/* Name of the resource in /api/meta, from which the fields get their types. */
	resource?: string;
	fields?: (string | Field)[];
	/* The row as it is: first values of a change, and what a dry run is compared with. */
	row?: Loose;
	fixed?: Values;
	/* Shapes what is sent, where fields are not the body's members. */
	body?(values: Values): Values;
	says?: ReactNode;
	/* Members of the answer whose change a dry run shows. */
	dryRun?: string[];
	/* Another address whose dry run tells more than that of `path`. */
	trial?: string;
	/* Members to send besides when the server refused with a code, and the person insists. */
	again?: { code: string; label: string; body: Values };
	/* A name that has to be typed first. */
	typed?: string;
	toast?: string | ((answer: Loose) => ReactNode);
	after?(answer: Loose): void;
	/* Draws the answer in the dialog; where it draws nothing, the dialog closes. */
	shows?(answer: Loose): ReactNode;
	/* Sends otherwise than in one request. */
	send?(body: Values, key: string): Promise<unknown>;
	/* Members that a dry run's answer holds deeper. */
	outcomeRow?(answer: Loose): Values;
	/* Draws the answer of a dry run, where that is no row. */
	outcome?(answer: Loose): ReactNode;
	columns?: number;
	size?: string;
	submit?: string;
};

const load = () => import('./act-dialog');
const ActDialog = lazy(() => load().then(m => ({ default: m.ActDialog })));
whenIdle(load);

const Context = createContext<(act: Act) => void>(() => {});
export const useAct = () => useContext(Context);

export function Acts({ children }: { children: ReactNode }) {
	const [act, setAct] = useState<Act>();
	const [count, setCount] = useState(0);
	const open = useMemo(
		() => (next: Act) => {
			setAct(next);
			setCount(n => n + 1);
		},
		[],
	);
	return (
		<Context.Provider value={open}>
			{children}
			<Suspense fallback={null}>
				{act && <ActDialog key={count} act={act} onClose={() => setAct(undefined)} />}
			</Suspense>
		</Context.Provider>
	);
}

/* Acts as buttons; what the role may not do is not drawn. */
export function ActButton({
	act,
	size = 'xs',
	variant,
}: {
	act: Act;
	size?: string;
	variant?: string;
}) {
	const { t } = useT();
	const open = useAct();
	const may = useMay();
	if (!may(act.role ?? 'operator')) return null;
	return (
		<Button
			size={size}
			variant={variant ?? 'default'}
			color={act.colour}
			leftSection={act.icon}
			onClick={() => open(act)}
		>
			{act.label ?? t.a[act.key]}
		</Button>
	);
}
