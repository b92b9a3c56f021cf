/*
 * pay.js: an invoice as the customer with the link sees it, and the way to pay it.
 *
 * The address is /pay/INVOICE. What is shown comes from GET /api/public/invoices/INVOICE alone: what
 * the gateway writes into the address on the way back is no proof of payment, it only tells that
 * somebody comes back, and that it is worth asking again until the invoice says paid.
 */
"use strict";

const words = {
	id: {
		other: "English", title: "Tagihan", invoice: "Tagihan {number}", customer: "Pelanggan", package: "Paket",
		until: "Layanan hingga", due: "Jatuh tempo", amount: "Jumlah tagihan", received: "Sudah dibayar", notes: "Catatan",
		unpaid: "Belum dibayar", overdue: "Lewat jatuh tempo", paid: "Lunas", cancelled: "Dibatalkan",
		pay: "Bayar sekarang", opening: "Membuka halaman pembayaran…", again: "Coba lagi",
		how: "Anda akan diarahkan ke halaman Midtrans: QRIS, virtual account, kartu, dompet digital.",
		thanks: "Terima kasih, pembayaran sudah kami terima. Layanan Anda aktif kembali dalam beberapa detik bila sempat terhenti.",
		void: "Tagihan ini dibatalkan. Anda tidak perlu membayar.",
		checking: "Memeriksa pembayaran Anda… halaman ini diperbarui sendiri.",
		pending: "Pembayaran Anda belum kami terima. Bila Anda memilih virtual account atau kode bayar, selesaikan dahulu pembayarannya; halaman ini diperbarui sendiri.",
		missing: "Tagihan tidak ditemukan. Periksa kembali tautan Anda.",
		busy: "Terlalu banyak permintaan. Tunggu sebentar.",
		off: "Pembayaran daring belum tersedia. Hubungi penyedia layanan Anda.",
		gateway: "Halaman pembayaran tidak dapat dibuka saat ini. Coba lagi sebentar lagi.",
		broken: "Halaman tidak dapat dimuat. Periksa sambungan Anda.",
	},
	en: {
		other: "Bahasa Indonesia", title: "Invoice", invoice: "Invoice {number}", customer: "Customer", package: "Package",
		until: "Service until", due: "Due date", amount: "Invoice amount", received: "Already paid", notes: "Notes",
		unpaid: "Unpaid", overdue: "Overdue", paid: "Paid", cancelled: "Cancelled",
		pay: "Pay now", opening: "Opening the payment page…", again: "Try again",
		how: "You will be taken to Midtrans: QRIS, virtual account, card or e-wallet.",
		thanks: "Thank you, we have received your payment. If your service was cut off, it is back within seconds.",
		void: "This invoice is cancelled. There is nothing to pay.",
		checking: "Checking your payment… this page updates by itself.",
		pending: "We have not received your payment yet. If you chose a virtual account or a payment code, please finish the payment; this page updates by itself.",
		missing: "There is no such invoice. Please check your link.",
		busy: "Too many requests. Please wait a moment.",
		off: "Online payment is not available yet. Please contact your provider.",
		gateway: "The payment page cannot be opened right now. Please try again shortly.",
		broken: "The page could not be loaded. Please check your connection.",
	},
};

const ASK_MS = 3000, ASK_SLOWLY_MS = 15000, PATIENCE_MS = 60000;
const id = location.pathname.split("/")[2] || "";
const page = document.getElementById("page");
const back = new URLSearchParams(location.search).has("order_id");
const began = Date.now();
let timer, seen; /* the next look at the invoice; what the page was drawn from */
let language = localStorage.getItem("language") || (navigator.language.startsWith("en") ? "en" : "id");
let shown = () => {};

const say = (key, more = {}) => words[language][key].replace(/\{(\w+)\}/g, (_, name) => more[name]);
const locale = () => language === "id" ? "id-ID" : "en-GB";
const rupiah = (n) => "Rp" + new Intl.NumberFormat("id-ID").format(n);
/* A day is a day wherever the browser stands. */
const day = (text) => new Intl.DateTimeFormat(locale(), { dateStyle: "long", timeZone: "UTC" }).format(new Date(text + "T00:00:00Z"));

function make(tag, className, text) {
	const node = document.createElement(tag);
	if (className)
		node.className = className;
	if (text)
		node.textContent = text;
	return node;
}

function show(draw) {
	shown = draw;
	document.documentElement.lang = language;
	document.getElementById("language").textContent = say("other");
	page.replaceChildren();
	page.setAttribute("aria-busy", "false");
	draw();
}

function button(key, deed) {
	const node = make("button", "deed", say(key));
	node.type = "button";
	node.addEventListener("click", () => deed(node));
	return node;
}

function trouble(key, deed) {
	seen = null;
	show(() => {
		page.append(make("p", "note bad", say(key)));
		if (deed)
			page.append(button("again", deed));
	});
}

function facts(invoice) {
	const list = make("dl"), { subscription } = invoice;
	const in_part = invoice.outstanding > 0 && invoice.outstanding < invoice.amount;
	const rows = [["customer", invoice.customer.name],
		["package", subscription.package.name && `${subscription.package.name} · ${subscription.package.bandwidth}`],
		["until", day(subscription.end_date)],
		["due", day(invoice.due_date)],
		["amount", in_part && rupiah(invoice.amount)],
		["received", in_part && rupiah(invoice.amount - invoice.outstanding)],
		["notes", invoice.notes]];
	for (const [key, value] of rows.filter((row) => row[1])) {
		const row = make("div", value.length > 40 ? "long" : "");
		row.append(make("dt", "", say(key)), make("dd", "", value));
		list.append(row);
	}
	return list;
}

function draw(invoice, waits) {
	const owes = invoice.outstanding > 0, tone = { paid: "good", overdue: "bad" }[invoice.status] || "wait";
	document.title = say("invoice", { number: invoice.invoice_number });
	page.append(make("h1", "", document.title), make("p", "amount", rupiah(owes ? invoice.outstanding : invoice.amount)),
		make("span", "badge " + tone, say(invoice.status)), facts(invoice));
	page.dataset.status = invoice.status;
	if (owes) {
		if (back)
			page.append(make("p", "note wait", say(waits ? "checking" : "pending")));
		page.append(button("pay", pay), make("p", "small", say("how")));
	} else {
		page.append(make("p", "note " + tone, say(invoice.status === "cancelled" ? "void" : "thanks")));
	}
}

async function ask(method, address, body) {
	const answer = await fetch(address, { method, headers: { "Content-Type": "application/json" }, body });
	return [answer.status, await answer.json()];
}

/*
 * Looks again by itself as long as something is owed; draws only what is news. What is shown stays
 * when one look fails: whoever comes back from his bank has no network for a moment.
 */
async function load() {
	let status, invoice;
	clearTimeout(timer);
	try {
		[status, invoice] = await ask("GET", "/api/public/invoices/" + encodeURIComponent(id));
	} catch {
		status = 0;
	}
	if (status !== 200 && status !== 404 && seen)
		return timer = setTimeout(load, ASK_SLOWLY_MS);
	if (status !== 200)
		return trouble({ 404: "missing", 429: "busy" }[status] || "broken", status === 404 ? null : load);
	const waits = Date.now() - began < PATIENCE_MS, news = JSON.stringify([invoice, waits]);
	if (news !== seen)
		show(() => draw(invoice, waits));
	seen = news;
	if (invoice.outstanding > 0)
		timer = setTimeout(load, back && waits ? ASK_MS : ASK_SLOWLY_MS);
}

async function pay(node) {
	clearTimeout(timer);
	node.disabled = true;
	node.textContent = say("opening");
	seen = null;
	try {
		const [status, answer] = await ask("POST", "/api/midtrans/snap-token", JSON.stringify({ invoice_id: id }));
		if (status === 200)
			location.assign(answer.redirect_url);
		else if (status === 409) /* paid or cancelled meanwhile: the page says which */
			await load();
		else
			trouble({ 429: "busy", 503: "off" }[status] || "gateway", load);
	} catch {
		trouble("broken", load);
	}
}

/* Back by the browser's button: the page stands there as it was left. */
addEventListener("pageshow", (event) => event.persisted && load());
document.getElementById("language").addEventListener("click", () => {
	language = language === "id" ? "en" : "id";
	localStorage.setItem("language", language);
	show(shown);
});
document.documentElement.lang = language;
document.getElementById("language").textContent = say("other");
document.title = say("title");
load();
