/*
 * pay.js: an invoice as the customer with the link sees it, and the way to pay it.
 *
 * The address is /pay/INVOICE. All facts come from GET /api/public/invoices/INVOICE: the parameters
 * that Midtrans adds to the address on the way back prove no payment, they only mean that a customer
 * comes back, and that the invoice should be read again until it is paid.
 */
import { ask, begin, button, day, drawCompany, isNews, list, make, page, read, rupiah, say, whatsapp, words } from "./page.js";

const own_words = {
	id: {
		title: "Tagihan", invoice: "Tagihan {number}", customer: "Pelanggan", package: "Paket", reason: "Untuk",
		until: "Layanan hingga", due: "Jatuh tempo", billed: "Tagihan", rest: "Sisa tagihan", received: "Sudah dibayar", notes: "Catatan",
		unpaid: "Belum dibayar", overdue: "Lewat jatuh tempo", paid: "Lunas", cancelled: "Dibatalkan",
		pay: "Bayar {amount}", pay_one: "Bayar tagihan ini saja: {amount}", pay_all: "Bayar semua tagihan Anda: {amount}", opening: "Membuka halaman pembayaran…",
		how: "Anda akan diarahkan ke halaman Midtrans: QRIS, virtual account, kartu, dompet digital.",
		thanks: "Terima kasih, pembayaran sudah kami terima.",
		on: "Layanan Anda aktif.", soon: "Layanan Anda sedang diaktifkan kembali.",
		still_off: "Layanan Anda masih berhenti karena tagihan di bawah ini belum dibayar.",
		off: "Layanan Anda sedang dihentikan. Hubungi kami untuk mengaktifkannya kembali.",
		ended: "Layanan ini sudah berakhir.",
		older: "Tagihan sebelumnya yang belum dibayar", total: "Jumlah semua tagihan",
		older_off: "Layanan baru aktif kembali bila semua tagihan yang lewat jatuh tempo sudah dibayar.",
		void: "Tagihan ini dibatalkan. Anda tidak perlu membayar.",
		checking: "Memeriksa pembayaran Anda… halaman ini diperbarui sendiri.",
		pending: "Pembayaran Anda belum kami terima. Bila Anda memilih virtual account atau kode bayar, selesaikan dahulu pembayarannya; halaman ini diperbarui sendiri.",
		missing: "Tagihan tidak ditemukan. Periksa kembali tautan Anda.",
		unconfigured: "Pembayaran daring belum tersedia. Hubungi penyedia layanan Anda.",
		gateway: "Halaman pembayaran tidak dapat dibuka saat ini.",
		print: "Cetak bukti pembayaran", paper: "Unduh PDF", hello: "Halo, saya ingin bertanya tentang tagihan {number}.",
	},
	en: {
		title: "Invoice", invoice: "Invoice {number}", customer: "Customer", package: "Package", reason: "For",
		until: "Service until", due: "Due date", billed: "Invoice amount", rest: "Still to pay", received: "Already paid", notes: "Notes",
		unpaid: "Unpaid", overdue: "Overdue", paid: "Paid", cancelled: "Cancelled",
		pay: "Pay {amount}", pay_one: "Pay this invoice alone: {amount}", pay_all: "Pay all your invoices: {amount}", opening: "Opening the payment page…",
		how: "You will be taken to Midtrans: QRIS, virtual account, card or e-wallet.",
		thanks: "Thank you, we have received your payment.",
		on: "Your service is on.", soon: "Your service is being switched on again.",
		still_off: "Your service is still off, because the invoices below are unpaid.",
		off: "Your service is switched off. Please contact us to switch it on again.",
		ended: "This service has ended.",
		older: "Earlier unpaid invoices", total: "Sum of all invoices",
		older_off: "The service returns only when all overdue invoices are paid.",
		void: "This invoice is cancelled. There is nothing to pay.",
		checking: "Checking your payment… this page updates by itself.",
		pending: "We have not received your payment yet. If you chose a virtual account or a payment code, please finish the payment; this page updates by itself.",
		missing: "There is no such invoice. Please check your link.",
		unconfigured: "Online payment is not available yet. Please contact your provider.",
		gateway: "The payment page cannot be opened right now.",
		print: "Print receipt", paper: "Download PDF", hello: "Hello, I have a question about invoice {number}.",
	},
};

Object.assign(words.id, own_words.id);
Object.assign(words.en, own_words.en);

const POLL_MS = 3000, POLL_SLOWLY_MS = 15000, CHECKING_MS = 60000;
const id = location.pathname.split("/")[2] || "";
const returned = new URLSearchParams(location.search).has("order_id");
const began = Date.now();
const state = { invoice: null, company: null, trouble: null, opening: false, scope: "due" };
let timer;

/* An invoice of kind other has no period and no package: its reason comes first. */
function facts(invoice) {
	const { subscription } = invoice, other = invoice.kind === "other";
	const in_part = invoice.outstanding > 0 && invoice.outstanding < invoice.amount;
	const lines = (invoice.lines || []).map((line) => [line.text, rupiah(line.amount)]);
	return list([[say("reason"), other && invoice.notes],
		[say("customer"), invoice.customer.name],
		[say("package"), !other && subscription.package.name && `${subscription.package.name} · ${subscription.package.bandwidth}`],
		[say("until"), !other && subscription.end_date && day(subscription.end_date)],
		[say("due"), invoice.status !== "paid" && day(invoice.due_date)],
		...(lines.length > 1 ? lines : []),
		[say("billed"), in_part && rupiah(invoice.amount)],
		[say("received"), in_part && rupiah(invoice.amount - invoice.outstanding)],
		[say("notes"), !other && invoice.notes]]);
}

function older(invoice) {
	const bills = make("ul", "bills");
	const total = invoice.outstanding > 0 ? invoice.total_due
		: invoice.older_open.reduce((sum, bill) => sum + bill.outstanding, 0);
	for (const bill of invoice.older_open) {
		const link = make("a", "", `${bill.invoice_number} · ${day(bill.due_date)}`);
		link.href = "/pay/" + encodeURIComponent(bill.id);
		bills.append(make("li", "", link, make("span", "", rupiah(bill.outstanding))));
	}
	bills.append(make("li", "", make("strong", "", say("total")), make("span", "", rupiah(total))));
	return [make("h2", "", say("older")), bills];
}

/* State of the line now, for a paid invoice. */
function serviceKey(invoice) {
	if (invoice.service === "off_for_debt")
		return invoice.older_open.length > 0 ? "still_off" : "soon";
	return invoice.service;
}

function noteText(trouble) {
	return trouble.key === "busy" ? say("busy", { seconds: trouble.seconds }) : say(trouble.key);
}

function payPart(invoice) {
	const { trouble } = state, parts = [];
	if (invoice.older_open.length > 0 && invoice.service === "off_for_debt")
		parts.push(make("p", "note wait", say("older_off")));
	if (trouble)
		parts.push(make("p", "note bad", noteText(trouble)));
	else if (returned)
		parts.push(make("p", "note wait", say(isChecking() ? "checking" : "pending")));
	if (trouble && trouble.key === "unconfigured")
		return parts;
	return [...parts, ...payButtons(invoice), make("p", "small", say("how"))];
}

/* The older bills of the line are paid along, oldest first; who wants to pays this one alone, or all
 * bills of all lines. */
function payButtons(invoice) {
	const label = state.opening ? say("opening") : state.trouble ? say("again") : say("pay", { amount: rupiah(invoice.total_due) });
	const nodes = [button("act", label, () => pay(state.trouble ? state.scope : "due"))];
	if (invoice.older_open.length > 0 && !state.opening)
		nodes.push(button("second", say("pay_one", { amount: rupiah(invoice.outstanding) }), () => pay("bill")));
	if (invoice.total_all > invoice.total_due && !state.opening)
		nodes.push(button("second", say("pay_all", { amount: rupiah(invoice.total_all) }), () => pay("all")));
	nodes[0].disabled = state.opening;
	return nodes;
}

function drawInvoice(invoice) {
	const owes = invoice.outstanding > 0;
	const tone = { paid: "good", overdue: "bad", cancelled: "grey" }[invoice.status] || "wait";
	const label = invoice.status === "paid" ? "received" : owes && invoice.outstanding < invoice.amount ? "rest" : "billed";
	document.title = [say("invoice", { number: invoice.invoice_number }), invoice.company.name].filter(Boolean).join(" · ");
	page.dataset.status = invoice.status;
	page.append(make("h1", "", say("invoice", { number: invoice.invoice_number })), make("p", "label", say(label)),
		make("p", "amount", rupiah(owes ? invoice.outstanding : invoice.amount)),
		make("span", "badge " + tone, say(invoice.status)), facts(invoice));
	if (owes)
		page.append(...payPart(invoice));
	else if (invoice.status === "cancelled")
		page.append(make("p", "note grey", say("void")));
	else
		page.append(make("p", "note good", say("thanks") + (invoice.service ? " " + say(serviceKey(invoice)) : "")),
			button("second", say("print"), () => print()));
	if (invoice.older_open.length > 0)
		page.append(...older(invoice));
	const paper = make("a", "second", say("paper"));
	paper.href = "/api/public/invoices/" + encodeURIComponent(invoice.id) + "/pdf";
	const link = whatsapp(invoice.company, say("hello", { number: invoice.invoice_number }));
	page.append(...[link, paper].filter(Boolean));
}

function drawTrouble(trouble) {
	const { company } = state;
	if (company)
		drawCompany(company);
	document.title = [noteText(trouble), company && company.name].filter(Boolean).join(" · ");
	delete page.dataset.status;
	page.append(make("p", "note bad", noteText(trouble)));
	if (trouble.key !== "missing")
		page.append(button("act", say("again"), load));
}

function draw() {
	if (!isNews([state, isChecking()], draw) || (!state.invoice && !state.trouble))
		return;
	page.replaceChildren();
	page.setAttribute("aria-busy", String(state.opening));
	if (state.invoice) {
		drawCompany(state.invoice.company);
		drawInvoice(state.invoice);
	} else {
		drawTrouble(state.trouble);
	}
}

/* ---- the server ---- */

const isChecking = () => Date.now() - began < CHECKING_MS;

/* 429 and 503 pass: try again by itself when the server says. */
function retry(answer, act) {
	state.trouble = { key: "busy", seconds: answer.wait };
	timer = setTimeout(act, 1000 * answer.wait);
}

/* Say who asks also where no invoice does: its link is wrong, or the server busy. */
async function introduce() {
	if (state.company)
		return;
	const answer = await read("/api/public/company");
	state.company = answer.status === 200 ? answer.body : null;
	draw();
}

/*
 * Read the invoice, again and again while it is owed or its service is on its way back. A read that
 * fails leaves the invoice that is shown: who returns from a wallet's app has no network for a moment.
 */
async function load() {
	clearTimeout(timer);
	const answer = await read("/api/public/invoices/" + encodeURIComponent(id));
	const { status } = answer;
	if (status === 200) {
		state.invoice = answer.body;
		state.trouble = null;
	} else if (status === 404) {
		state.invoice = null;
		state.trouble = { key: "missing" };
	} else if (!state.invoice) {
		if (status === 429 || status === 503)
			retry(answer, load);
		else
			state.trouble = { key: "broken" };
	}
	draw();
	if (!state.invoice)
		introduce();
	next(status);
}

function next(status) {
	const { invoice } = state;
	if (!invoice)
		return;
	const comes_back = invoice.status === "paid" && serviceKey(invoice) === "soon";
	if (status !== 200)
		timer = setTimeout(load, POLL_SLOWLY_MS);
	else if (invoice.outstanding > 0 || (comes_back && isChecking()))
		timer = setTimeout(load, (returned || comes_back) && isChecking() ? POLL_MS : POLL_SLOWLY_MS);
}

/* The invoice stays on the page whatever happens: the note says what, the button tries again. */
async function pay(scope) {
	clearTimeout(timer);
	state.scope = scope;
	state.opening = true;
	state.trouble = null;
	draw();
	let answer = null;
	try {
		answer = await ask("POST", "/api/midtrans/snap-token", JSON.stringify({ invoice_id: id, scope }));
	} catch {
		state.trouble = { key: "broken" };
	}
	if (answer && answer.status === 200)
		return location.assign(answer.body.redirect_url);
	state.opening = false;
	if (answer && answer.status === 409) /* paid or cancelled meanwhile: the invoice shows which */
		return load();
	if (answer && answer.status === 503 && answer.body.code === "online_payment_off")
		state.trouble = { key: "unconfigured" };
	else if (answer && (answer.status === 429 || answer.status === 503))
		retry(answer, () => pay(scope));
	else if (answer)
		state.trouble = { key: "gateway" };
	draw();
}

/* Back by the browser's button: the page stands there as it was left. */
addEventListener("pageshow", (event) => {
	if (event.persisted) {
		state.opening = false;
		load();
	}
});
document.title = say("title");
begin(draw, load);
