/*
 * page.js: what the pages for customers share: the language, the parts they are drawn of, the server.
 */

export const words = {
	id: {
		other: "English", again: "Coba lagi", busy: "Sedang sibuk. Kami mencoba lagi dalam {seconds} detik.",
		broken: "Halaman tidak dapat dimuat. Periksa sambungan Anda.", ask: "Tanya lewat WhatsApp",
	},
	en: {
		other: "Bahasa Indonesia", again: "Try again", busy: "We are busy. Trying again in {seconds} seconds.",
		broken: "The page could not be loaded. Please check your connection.", ask: "Ask by WhatsApp",
	},
};

const RETRY_MOST_S = 60;
export const page = document.getElementById("page");

/* A browser that blocks storage throws on each access: then nothing is remembered. */
export function recall(name, store = "localStorage") {
	try {
		return window[store].getItem(name);
	} catch {
		return null;
	}
}

export function remember(name, value, store = "localStorage") {
	try {
		window[store].setItem(name, value);
	} catch {
		/* see recall() */
	}
}

export let language = words[recall("language")] ? recall("language") : navigator.language.startsWith("en") ? "en" : "id";

export const say = (key, more = {}) => words[language][key].replace(/\{(\w+)\}/g, (_, name) => more[name]);
export const rupiah = (n) => "Rp" + new Intl.NumberFormat("id-ID").format(n);
/* A date without a time is the same day in every time zone. */
export const day = (text) => new Intl.DateTimeFormat(language === "id" ? "id-ID" : "en-GB", { dateStyle: "long", timeZone: "UTC" })
	.format(new Date(text + "T00:00:00Z"));

export function make(tag, className, ...content) {
	const node = document.createElement(tag);
	if (className)
		node.className = className;
	node.append(...content.filter((part) => part));
	return node;
}

export function button(className, label, act) {
	const node = make("button", className, label);
	node.type = "button";
	node.addEventListener("click", act);
	return node;
}

/* ---- the parts of the page ---- */

export function drawCompany(company) {
	const head = document.getElementById("company"), contact = document.getElementById("contact");
	head.hidden = !company.name && !company.logo;
	contact.hidden = !company.address && !company.phone;
	head.replaceChildren();
	if (company.logo) {
		const logo = make("img");
		logo.src = company.logo;
		logo.alt = company.name || "";
		head.append(logo);
	}
	head.append(company.name || "");
	contact.replaceChildren(...[company.name, company.address].filter(Boolean).map((text) => make("p", "", text)));
	if (company.phone) {
		const link = make("a", "", company.phone);
		link.href = "tel:" + company.phone.replace(/[^\d+]/g, "");
		contact.append(make("p", "", link));
	}
}

/* wa.me wants the number with its country: 0812… is 62812…. */
export function whatsapp(company, text) {
	const digits = (company.whatsapp || "").replace(/\D/g, "").replace(/^0/, "62");
	if (!digits)
		return null;
	const link = make("a", "second", say("ask"));
	link.href = `https://wa.me/${digits}?text=${encodeURIComponent(text)}`;
	link.rel = "noopener noreferrer";
	return link;
}

export function list(rows) {
	const node = make("dl");
	for (const [label, value] of rows.filter((row) => row[1])) {
		const row = make("div", value.length > 40 ? "long" : "");
		row.append(make("dt", "", label), make("dd", "", value));
		node.append(row);
	}
	return node;
}

/* The button of the other language; then the page is drawn anew. */
function drawToggle(draw) {
	const toggle = document.getElementById("language");
	toggle.hidden = false;
	toggle.textContent = say("other");
	toggle.onclick = () => {
		language = language === "id" ? "en" : "id";
		remember("language", language);
		draw();
	};
}

let drawn = "";

/* Is there news?  Only then the page is drawn, so that it does not move under the finger. */
export function isNews(state, draw) {
	const news = JSON.stringify([language, state]);
	if (news === drawn)
		return false;
	drawn = news;
	document.documentElement.lang = language;
	drawToggle(draw);
	return true;
}

/* ---- the server ---- */

/* A request without a body has no header of its own: it then is the one that nginx' Link header has begun. */
export async function ask(method, address, body) {
	const answer = await fetch(address, { method, headers: body ? { "Content-Type": "application/json" } : {}, body });
	const wait = Number(answer.headers.get("Retry-After")) || 5;
	return { status: answer.status, wait: Math.min(wait, RETRY_MOST_S), body: await answer.json() };
}

/* The same, without a network: status 0. */
export async function read(address) {
	try {
		return await ask("GET", address);
	} catch {
		return { status: 0 };
	}
}

export function begin(draw, load) {
	document.querySelector(".skeleton").hidden = false;
	draw();
	load();
}
