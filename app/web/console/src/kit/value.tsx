/* One value of a row as text, by its kind; the kind follows from the name where it can. */
import { Anchor, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useT, word } from '../i18n';
import { why } from '../i18n/said';
import { bits, bytes, day, moment, ms, number, percent, rupiah, uptime } from './format';
import { State } from './state';

export type Kind =
	| 'text'
	| 'why'
	| 'money'
	| 'day'
	| 'time'
	| 'state'
	| 'word'
	| 'yes'
	| 'number'
	| 'bits'
	| 'bytes'
	| 'ms'
	| 'percent'
	| 'uptime'
	| 'list';

const BY_NAME: Record<string, Kind> = {};
const set = (kind: Kind, names: string) => {
	for (const name of names.split(' ')) BY_NAME[name] = kind;
};
set(
	'money',
	'amount price debt credit outstanding paid_amount subtotal tax_amount fee balance sum',
);
set('money', 'received reversed refunded total_due revenue given_back total not_due base untaxed');
set('money', 'days_0_30 days_31_60 days_61_90 days_over_90');
set('number', 'payments bills active suspended expired began ended');
set('day', 'start_date end_date due_date issued_on received_on hold_until period_start period_end');
set('day', 'cancelled_on resumed_on until date effective_from entered_on');
set('state', 'status service sync_state oper_status last_status severity state');
set('word', 'type kind method source suspend_reason role wanted mode cycle period_unit channel');
set('yes', 'auto_renew is_active ssl tax_exempt disabled imported is_monitored in_use online');
set('number', 'open_invoices subscriptions_count accounts pending failed count days attempts');
set('number', 'affected_customers validity_days validity_months new_customers lost_customers');
set('bits', 'in_rate out_rate if_speed download upload downloadSpeed uploadSpeed');
set('ms', 'latency_ms last_latency_ms min_ms max_ms connect_timeout_ms read_timeout_ms');
set('percent', 'packet_loss_percent cpu_load');
set('list', 'packages usernames abilities');
set('time', 'payment_date');
set('uptime', 'uptime');
set('why', 'sync_error last_error');

export const kindOf = (name: string): Kind =>
	BY_NAME[name] ?? (name.endsWith('_at') ? 'time' : 'text');
export const isRight = (kind: Kind) =>
	['money', 'number', 'bits', 'bytes', 'ms', 'percent'].includes(kind);

export function Value({ kind, of }: { kind: Kind; of: unknown }): ReactNode {
	const { t, lang } = useT();
	if (of === null || of === undefined || of === '') return <Nothing>–</Nothing>;
	switch (kind) {
		case 'money':
			return Number(of) === 0 ? <Nothing>{rupiah(0)}</Nothing> : rupiah(Number(of));
		case 'why':
			return why(t, String(of));
		case 'day':
			return day(String(of), lang);
		case 'time':
			return moment(String(of), lang);
		case 'state':
			return <State is={String(of)} />;
		case 'word':
			return word(t.v, String(of));
		case 'yes':
			return of ? t.w.yes : t.w.no;
		case 'number':
			return number(Number(of));
		case 'bits':
			return bits(Number(of), lang);
		case 'bytes':
			return bytes(Number(of), lang);
		case 'ms':
			return ms(of, lang);
		case 'percent':
			return percent(of, lang);
		case 'uptime':
			return uptime(of, lang);
		case 'list':
			return Array.isArray(of) ? of.join(', ') || '–' : String(of);
		default:
			return String(of);
	}
}

/* Draw a dash or a zero paler than a value, so that the eye finds the values. */
function Nothing({ children }: { children: ReactNode }) {
	return (
		<Text span c="dimmed" fz="inherit">
			{children}
		</Text>
	);
}

/* A link to another screen, inside a row that is itself clickable. */
export function To({ to, children }: { to: string; children: ReactNode }) {
	return (
		<Anchor component={Link} to={to} fz="inherit" onClick={e => e.stopPropagation()}>
			{children}
		</Anchor>
	);
}
