/* An invoice or its receipt on paper: 58 mm, 80 mm or A4. */
import { Button, Group, SegmentedControl } from '@mantine/core';
import { useParams } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useGet } from '../../api/query';
import type { Loose, Row } from '../../api/types';
import { useT, word } from '../../i18n';
import { NotYet } from '../../kit/empty';
import { day, moment, rupiah } from '../../kit/format';
import { useUrl } from '../../kit/state-url';
import classes from './receipt.module.css';

const PAPERS = ['58', '80', 'a4'] as const;

const MM_PER_PX = 25.4 / 96;
const SPARE_MM = 6;

/* The size of the paper for the printer.  Browsers take no "58mm auto": a slip is as long as what is on
 * it, also when name and logo of the company come later.  An adopted style sheet needs no nonce. */
function usePage(paper: string, slip: React.RefObject<HTMLElement | null>, ready: boolean) {
	useEffect(() => {
		const element = slip.current;
		if (!ready || !element) return;
		const sheet = new CSSStyleSheet();
		const measure = () => {
			const height = Math.ceil(element.scrollHeight * MM_PER_PX) + SPARE_MM;
			const size = paper === 'a4' ? 'A4; margin: 15mm' : `${paper}mm ${height}mm; margin: 0`;
			sheet.replaceSync(`@page { size: ${size}; }`);
		};
		measure();
		const watch = new ResizeObserver(measure);
		watch.observe(element);
		document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
		return () => {
			watch.disconnect();
			document.adoptedStyleSheets = document.adoptedStyleSheets.filter(s => s !== sheet);
		};
	}, [paper, ready]);
}

export function Receipt() {
	const { t, lang } = useT();
	const { id } = useParams({ strict: false }) as { id: string };
	const [state, setState] = useUrl();
	const paper = PAPERS.find(p => p === state.paper) ?? '58';
	const read = useGet<Row<'invoice'>>(`/api/invoices/${id}`);
	const company = useGet<Loose>('/api/settings').data;
	const slip = useRef<HTMLElement>(null);
	const invoice = read.data;
	usePage(paper, slip, !!invoice);
	useEffect(() => {
		if (invoice) document.title = String(invoice.invoice_number);
	}, [invoice]);
	if (!invoice) return <NotYet error={read.error} retry={() => void read.refetch()} />;
	const customer = (invoice.subscription?.customer ?? invoice.customer ?? {}) as Loose;
	const payments = ((invoice.payments ?? []) as Row<'payment'>[]).filter(
		p => p.status === 'received' && (!state.payment || p.id === state.payment),
	);
	const isPaid = invoice.outstanding === 0 && invoice.status === 'paid';
	const lines: [string, number][] = invoice.lines?.map((l): [string, number] => [
		String(l.text),
		Number(l.amount),
	]) ?? [
		[
			`${invoice.subscription?.package?.name ?? word(t.v, String(invoice.kind))}`,
			Number(invoice.amount),
		],
	];
	return (
		<main className={classes.sheet}>
			<Group className={classes.tools} justify="center" gap="xs" mb="md">
				<SegmentedControl
					size="xs"
					aria-label={t.w.paper}
					value={paper}
					onChange={v => setState({ paper: v }, true)}
					data={PAPERS.map(p => ({ value: p, label: p === 'a4' ? 'A4' : `${p} mm` }))}
				/>
				<Button size="xs" onClick={() => window.print()}>
					{t.a.print}
				</Button>
				<Button size="xs" variant="default" onClick={() => history.back()}>
					{t.a.close}
				</Button>
			</Group>
			<article ref={slip} className={classes.slip} data-paper={paper}>
				<header>
					{company?.company_logo && (
						<img src={String(company.company_logo)} alt="" className={classes.logo} />
					)}
					<strong>{company?.company_name || 'ISP Billing'}</strong>
					{company?.company_address && (
						<div className={classes.lines}>{company.company_address}</div>
					)}
					{company?.company_phone && <div>{company.company_phone}</div>}
				</header>
				<h1>{payments.length > 0 ? t.w.receipt : t.w.invoiceTitle}</h1>
				<dl>
					<dt>{t.f.invoice_number}</dt>
					<dd>{invoice.invoice_number}</dd>
					<dt>{t.f.customer}</dt>
					<dd>{customer.name}</dd>
					{invoice.subscription?.mikrotik_username && (
						<>
							<dt>{t.f.usernames}</dt>
							<dd>{invoice.subscription.mikrotik_username}</dd>
						</>
					)}
					{invoice.period_start && (
						<>
							<dt>{t.f.period}</dt>
							<dd>
								{day(invoice.period_start, lang)} – {day(invoice.period_end, lang)}
							</dd>
						</>
					)}
					<dt>{t.f.due_date}</dt>
					<dd>{day(invoice.due_date, lang)}</dd>
				</dl>
				<table>
					<tbody>
						{lines.map(([name, amount], at) => (
							<tr key={`${at} ${name}`}>
								<td>{name}</td>
								<td>{rupiah(amount)}</td>
							</tr>
						))}
						{Number(invoice.tax_amount) > 0 && (
							<tr>
								<td>{t.f.tax_amount}</td>
								<td>{rupiah(invoice.tax_amount)}</td>
							</tr>
						)}
						<tr className={classes.total}>
							<td>{t.w.total}</td>
							<td>{rupiah(invoice.amount)}</td>
						</tr>
						{payments.map(p => (
							<tr key={p.id}>
								<td>
									{word(t.v, String(p.method))} {moment(p.payment_date, lang)}
								</td>
								<td>{rupiah(p.amount)}</td>
							</tr>
						))}
						{invoice.outstanding > 0 && (
							<tr className={classes.total}>
								<td>{t.f.outstanding}</td>
								<td>{rupiah(invoice.outstanding)}</td>
							</tr>
						)}
					</tbody>
				</table>
				{isPaid && <p className={classes.paid}>{t.w.paidInFull}</p>}
				<footer>
					{payments[0]?.actor && (
						<div>
							{t.w.cashier}: {payments[0].actor}
						</div>
					)}
					<div className={classes.lines}>{company?.company_receipt_footer || t.w.thanks}</div>
				</footer>
			</article>
		</main>
	);
}
