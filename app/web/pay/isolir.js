/*
 * isolir.js: where a customer whose line is cut is sent: why, how much, and the way to pay.
 *
 * GET /api/public/isolir finds the line by the address of the request, else by the username and the
 * last digits of the phone. A line that is back has another address, which is not known by it: the
 * page then goes on with the invoice it has shown, also after the way to the payment and back.
 */
import { begin, button, drawCompany, isNews, make, page, read, recall, remember, rupiah, say, whatsapp, words } from "./page.js";

Object.assign(words.id, {
	title: "Layanan dihentikan", off: "Layanan internet Anda dihentikan sementara", due: "Yang perlu dibayar",
	debt: "Tagihan Anda sudah lewat jatuh tempo dan belum dibayar. Layanan kembali dalam hitungan detik setelah pembayaran kami terima.",
	new: "Layanan Anda aktif setelah tagihan pertama dibayar.", pause: "Layanan ini sedang dijeda atas permintaan Anda.",
	manual: "Layanan ini dihentikan oleh penyedia. Hubungi kami untuk mengaktifkannya kembali.",
	ended: "Masa aktif layanan ini sudah habis.", pay: "Lihat tagihan dan bayar",
	back: "Layanan Anda sudah aktif kembali", on: "Anda dapat melanjutkan berselancar. Bila belum tersambung, tunggu sebentar lalu muat ulang halaman yang Anda tuju.",
	watching: "Halaman ini diperbarui sendiri: biarkan terbuka setelah membayar.", soon: "Pembayaran Anda sudah kami terima. Layanan sedang diaktifkan kembali.",
	unknown: "Kami belum mengenali sambungan Anda", who: "Isi username langganan dan 4 angka terakhir nomor telepon Anda.",
	username: "Username", phone: "4 angka terakhir nomor telepon", find: "Cari langganan saya",
	none: "Tidak ada langganan dengan username dan nomor telepon itu.", hello: "Halo, layanan internet saya terhenti ({name}).",
});
Object.assign(words.en, {
	title: "Service off", off: "Your internet service is switched off for now", due: "To be paid",
	debt: "Your bill is past its due date and unpaid. The service returns within seconds after we receive your payment.",
	new: "Your service begins when the first bill is paid.", pause: "This service is paused as you asked.",
	manual: "This service was switched off by the provider. Please contact us to switch it on again.",
	ended: "This service has run out.", pay: "See the bill and pay",
	back: "Your service is on again", on: "You can go on browsing. If nothing opens yet, wait a moment and reload the page you want.",
	watching: "This page updates by itself: leave it open after paying.", soon: "We have received your payment. The service is being switched on again.",
	unknown: "We do not know your connection yet", who: "Please give the username of your line and the last 4 digits of your phone number.",
	username: "Username", phone: "Last 4 digits of the phone number", find: "Find my line",
	none: "No line has that username and phone number.", hello: "Hello, my internet service is off ({name}).",
});

const POLL_MS = 5000, POLL_SLOWLY_MS = 20000, POLL_OFTEN_MS = 600000, INVOICE = "isolir-invoice";
const began = Date.now();
const state = { line: null, asked: null, trouble: null, searching: false };
let timer;

/* ---- what is shown ---- */

const why = (line) => (line.status === "suspended" ? line.suspend_reason : "ended");

function drawBack(line) {
	page.append(make("h1", "", line.customer), make("p", "headline", say("back")), make("p", "note good", say("on")));
}

function drawOff(line) {
	const reason = why(line), owes = line.total_due > 0 && line.invoice_id;
	const paid = !owes && reason === "debt";
	page.append(make("h1", "", line.customer), make("p", "headline", say("off")),
		make("p", "note " + (paid ? "good" : "wait"), say(paid ? "soon" : reason)));
	if (!owes)
		return;
	const link = make("a", "act", say("pay"));
	link.href = "/pay/" + encodeURIComponent(line.invoice_id);
	page.append(make("p", "label", say("due")), make("p", "amount", rupiah(line.total_due)), link, make("p", "small", say("watching")));
}

function entry(name, more) {
	const input = Object.assign(make("input"), { name, required: true, autocomplete: "off" }, more);
	input.value = state.asked ? state.asked[name] : "";
	return make("label", "", say(name), input);
}

function drawForm() {
	const form = make("form", "", make("p", "headline", say("unknown")), make("p", "", say("who")),
		state.asked && !state.searching && make("p", "note bad", say("none")),
		entry("username", { maxLength: 64, autocapitalize: "none", spellcheck: false }),
		entry("phone", { inputMode: "numeric", pattern: "[0-9]{4}", maxLength: 4 }));
	const submit = button("act", say("find"), () => {});
	submit.type = "submit";
	submit.disabled = state.searching;
	form.append(submit);
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		state.asked = Object.fromEntries(new FormData(form));
		state.searching = true;
		draw();
		load();
	});
	page.append(form);
}

function drawTrouble(trouble) {
	page.append(make("p", "note bad", say(trouble.key, trouble)), button("act", say("again"), load));
}

function draw() {
	const { line, trouble } = state;
	if (!isNews(state, draw))
		return;
	document.title = say(line && line.status === "active" ? "back" : "title");
	page.setAttribute("aria-busy", "false");
	page.replaceChildren();
	if (!line)
		return trouble ? drawTrouble(trouble) : drawForm();
	page.dataset.status = line.status;
	drawCompany(line.company);
	(line.status === "active" ? drawBack : drawOff)(line);
	const link = line.status !== "active" && whatsapp(line.company, say("hello", { name: line.customer }));
	if (link)
		page.append(link);
}

/* ---- the server ---- */

function lineAddress() {
	return "/api/public/isolir" + (state.asked ? "?" + new URLSearchParams(state.asked) : "");
}

/* The invoice that was shown tells the state of its line from any address. */
async function readInvoice() {
	const id = recall(INVOICE, "sessionStorage");
	const answer = id ? await read("/api/public/invoices/" + encodeURIComponent(id)) : { status: 404 };
	if (answer.status !== 200)
		return answer;
	const { service, customer, company, total_due } = answer.body;
	const status = { on: "active", ended: "expired" }[service] || "suspended";
	return { status: 200, body: { customer: customer.name, company, status, total_due, invoice_id: id,
		suspend_reason: service === "off_for_debt" ? "debt" : "manual" } };
}

async function readLine() {
	const answer = await read(lineAddress());
	return answer.status === 404 && !state.searching ? readInvoice() : answer;
}

function take(answer) {
	if (answer.status === 200) {
		state.line = answer.body;
		if (state.line.invoice_id)
			remember(INVOICE, state.line.invoice_id, "sessionStorage");
		state.trouble = null;
	} else if (answer.status === 404 || answer.status === 422) {
		state.line = null;
		state.trouble = null;
	} else if (!state.line) {
		state.trouble = answer.status === 429 || answer.status === 503 ? { key: "busy", seconds: answer.wait } : { key: "broken" };
	}
}

/* A read that fails leaves what is shown: the line that comes back has no network for a moment. */
async function load() {
	clearTimeout(timer);
	const answer = await readLine();
	take(answer);
	state.searching = false;
	draw();
	if (state.trouble && state.trouble.key === "busy")
		timer = setTimeout(load, 1000 * answer.wait);
	else if (state.line && state.line.status !== "active")
		timer = setTimeout(load, Date.now() - began < POLL_OFTEN_MS ? POLL_MS : POLL_SLOWLY_MS);
}

addEventListener("pageshow", (event) => {
	if (event.persisted)
		load();
});
document.title = say("title");
begin(() => {}, load);
