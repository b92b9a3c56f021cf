import { Anchor, Button, Stack } from '@mantine/core';
import IconDownload from '@tabler/icons-react/dist/esm/icons/IconDownload.mjs';
import IconPrinter from '@tabler/icons-react/dist/esm/icons/IconPrinter.mjs';
import { Link, useParams } from '@tanstack/react-router';
import { download } from '../../api/client';
import { useGet, useMay } from '../../api/query';
import type { Loose, Row } from '../../api/types';
import { useT, word } from '../../i18n';
import { NotYet } from '../../kit/empty';
import { day, rupiah } from '../../kit/format';
import { Facts, PageFrame, Section } from '../../kit/page';
import { Rows } from '../../kit/rows';
import { State } from '../../kit/state';
import { useToast } from '../../kit/toast';
import { To } from '../../kit/value';
import { takePayment } from '../payments/acts';
import { gatewayActs } from '../payments/gateway';
import { PaymentList } from '../payments/payments';
import { History } from '../settings/history';
import { invoiceCancel, invoiceEdit, isOpen, payLink } from './acts';

export function InvoiceScreen() {
	const { t, lang } = useT();
	const may = useMay();
	const { id } = useParams({ strict: false }) as { id: string };
	const read = useGet<Row<'invoice'>>(`/api/invoices/${id}`);
	const invoice = read.data;
	if (!invoice) return <NotYet error={read.error} retry={() => void read.refetch()} />;
	const customer = invoice.subscription?.customer ?? invoice.customer;
	const period = invoice.period_start
		? `${day(invoice.period_start, lang)} – ${day(invoice.period_end, lang)}`
		: '–';
	return (
		<PageFrame
			title={invoice.invoice_number}
			back={['/invoices', t.nav.invoices]}
			beside={<State is={invoice.status} />}
			acts={[isOpen(invoice) && takePayment(t, invoice)]}
			more={[
				isOpen(invoice) && invoiceEdit(invoice),
				...gatewayActs(t, invoice),
				isOpen(invoice) && invoiceCancel(t, invoice),
			]}
			buttons={
				<>
					<Pdf invoice={invoice} />
					<Button
						component={Link}
						to={`/receipt/${id}`}
						variant="default"
						leftSection={<IconPrinter size={16} />}
					>
						{t.a.print}
					</Button>
				</>
			}
		>
			<Facts
				of={[
					[
						t.f.customer,
						customer ? <To to={`/customers/${invoice.customer_id}`}>{customer.name}</To> : '–',
					],
					[t.f.amount, rupiah(invoice.amount)],
					[t.f.outstanding, rupiah(invoice.outstanding), isOpen(invoice) ? 'red' : undefined],
					[t.f.due_date, day(invoice.due_date, lang)],
					[t.f.period, period],
					[t.f.kind, word(t.v, String(invoice.kind))],
					...(invoice.discount > 0
						? [[t.f.discount, `−${rupiah(invoice.discount)}`] as [string, string]]
						: []),
					...(invoice.tax_amount > 0
						? [[t.f.tax_amount, rupiah(invoice.tax_amount)] as [string, string]]
						: []),
				]}
			/>
			<Stack gap="md">
				{Array.isArray(invoice.lines) && invoice.lines.length > 0 && (
					<Section title={t.w.lines} flush>
						<Rows<Loose>
							label={t.w.lines}
							rows={invoice.lines.map(l => ({ ...l, id: String(l.position) }))}
							columns={[
								{ key: 'text', phone: 'title' },
								{ key: 'kind', phone: 'plain' },
								{ key: 'quantity', kind: 'number', phone: 'hide' },
								{ key: 'unit_price', kind: 'money', phone: 'hide' },
								{ key: 'amount', kind: 'money' },
							]}
						/>
					</Section>
				)}
				<Section title={t.nav.payments} bare>
					<PaymentList local hideCustomer fixed={{ invoice_id: id }} />
				</Section>
				<Older of={invoice.older_open as Loose[] | undefined} />
				{isOpen(invoice) && (
					<Section title={t.w.payAddress}>
						<Anchor href={payLink(invoice)} target="_blank" rel="noreferrer" fz="sm">
							{payLink(invoice)}
						</Anchor>
					</Section>
				)}
				{may('operator') && (
					<Section title={t.w.history} bare>
						<History ofOne fixed={{ invoice_id: id }} />
					</Section>
				)}
			</Stack>
		</PageFrame>
	);
}

/* Bills before this one that are open: what is paid goes to them first. */
function Older({ of }: { of?: Loose[] }) {
	const { t } = useT();
	if (!of?.length) return null;
	return (
		<Section title={t.w.olderOpen} flush>
			<Rows<Loose>
				label={t.w.olderOpen}
				rows={of}
				open={r => `/invoices/${r.id}`}
				columns={['invoice_number', { key: 'due_date', phone: 'plain' }, 'outstanding']}
			/>
		</Section>
	);
}

function Pdf({ invoice }: { invoice: Row<'invoice'> }) {
	const { t } = useT();
	const toast = useToast();
	const save = () =>
		download(
			`/api/invoices/${invoice.id}/pdf`,
			{},
			`${invoice.invoice_number}.pdf`,
			'application/pdf',
		).catch(toast.error);
	return (
		<Button variant="default" leftSection={<IconDownload size={16} />} onClick={() => void save()}>
			{t.a.pdf}
		</Button>
	);
}
