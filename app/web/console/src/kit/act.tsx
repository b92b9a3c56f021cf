/*
 * Acts: buttons that change something, and their dialogs.
 *
 * An act is an object: its address, its fields, the sentence of its consequence.  useAct() opens the
 * dialog of one.  The dialog shows what the server would do (its dry run), takes the fields, sends
 * them with an Idempotency-Key made when it opened, puts errors at their fields, and has the screen
 * read again.
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

/* The server's dry run, which the dialog shows before the act is done. */
export type Preview = {
	/* Members of the answer that are shown where they differ from `row`; `lines` are those of a bill. */
	members: string[];
	/* An address whose dry run tells more than the act's own. */
	path?: string;
	/* Takes members that lie deeper in the answer out of it, to be shown like the others. */
	innerMembers?(answer: Loose): Values;
	/* Draws an answer that is no row; then `members` are not used. */
	draw?(answer: Loose): ReactNode;
	/* Asks by itself, for all values as they are typed; a refusal stands at its field at once. */
	ask?(values: Values): Promise<Loose>;
};

export type Act = {
	key: keyof Messages['a'];
	label?: string;
	icon?: ReactNode;
	colour?: string;
	role?: Role;
	/* GET reads a secret, which `draw` shows. */
	method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
	path: string;
	/* Name of the resource in /api/meta, from which the fields get their types. */
	resource?: string;
	fields?: (string | Field)[];
	/* The row as it is: first values of the fields, and what a preview is compared with. */
	row?: Loose;
	/* Members of the body that no field asks for. */
	fixed?: Values;
	/* Makes the body of the fields' values, where they differ. */
	body?(values: Values): Values;
	/* The sentence above the fields: what this does. */
	says?: ReactNode;
	preview?: Preview;
	/* A text, such as the row's name, that the person must type before the button works. */
	mustType?: string;
	/* A refusal that the person may overrule: its code, the button, and members that are then added to the body. */
	overrule?: { code: string; label: string; body: Values };
	/* Sends by itself, where one request is not enough. */
	send?(body: Values, key: string): Promise<unknown>;
	/* The text that tells of success. */
	toast?: string | ((answer: Loose) => ReactNode);
	/* Draws the answer in the dialog; where it draws nothing, the dialog closes. */
	draw?(answer: Loose): ReactNode;
	after?(answer: Loose): void;
	/* The text of the button that sends. */
	submitLabel?: string;
	columns?: number;
	size?: string;
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
