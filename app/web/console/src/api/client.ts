/*
 * The one door to the server: its token, its errors, its addresses.
 *
 * An answer with status 401 ends the session without leaving the screen: whoever listens (the
 * shell) asks for the password above what was typed.
 */

export type Query = Record<string, string | number | boolean | null | undefined>;
export type Code = { code: string; [bound: string]: unknown };

/* status 0: no answer at all. */
export class ApiError extends Error {
	constructor(
		readonly status: number,
		message: string,
		readonly code?: string,
		readonly errors: Record<string, string[]> = {},
		readonly codes: Record<string, Code[]> = {},
	) {
		super(message);
	}
	/* No answer of the API: none at all, or nginx's for a server that is down. */
	get isUnreachable() {
		return this.status === 0 || this.status >= 502;
	}
}

const KEY = 'auth_token';
const expired = new Set<() => void>();
export const session = {
	get token() {
		return localStorage.getItem(KEY);
	},
	set token(token: string | null) {
		if (token === null) localStorage.removeItem(KEY);
		else localStorage.setItem(KEY, token);
	},
	onExpired(listener: () => void) {
		expired.add(listener);
		return () => void expired.delete(listener);
	},
};

export function address(path: string, query: Query = {}) {
	const search = new URLSearchParams();
	for (const [name, value] of Object.entries(query))
		if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
	const text = search.toString();
	return text ? `${path}?${text}` : path;
}

type Call = { query?: Query; body?: unknown; key?: string; accept?: string; signal?: AbortSignal };

export async function send(method: string, path: string, call: Call = {}): Promise<Response> {
	const headers = new Headers({ accept: call.accept ?? 'application/json' });
	if (session.token) headers.set('authorization', `Bearer ${session.token}`);
	if (call.key) headers.set('idempotency-key', call.key);
	const isFile = call.body instanceof Blob;
	if (call.body !== undefined)
		headers.set(
			'content-type',
			isFile ? (call.body as Blob).type || 'text/csv' : 'application/json',
		);
	const body =
		call.body === undefined ? undefined : isFile ? (call.body as Blob) : JSON.stringify(call.body);
	const answer = await fetch(address(path, call.query), {
		method,
		headers,
		body,
		signal: call.signal,
	}).catch((error: unknown) => {
		if (call.signal?.aborted) throw error;
		throw new ApiError(0, 'The server does not answer.');
	});
	if (!answer.ok) throw await failure(answer);
	return answer;
}

async function failure(answer: Response) {
	const body = (await answer.json().catch(() => ({}))) as Partial<ApiError>;
	if (answer.status === 401) for (const listener of expired) listener();
	return new ApiError(
		answer.status,
		body.message ?? answer.statusText,
		body.code,
		body.errors,
		body.codes,
	);
}

export async function call<T>(method: string, path: string, options?: Call): Promise<T> {
	const answer = await send(method, path, options);
	return (answer.status === 204 ? null : await answer.json()) as T;
}

/* Save the whole filtered list as the server streams it. */
export async function download(path: string, query: Query, name: string, accept = 'text/csv') {
	const answer = await send('GET', path, { query, accept });
	const link = document.createElement('a');
	link.href = URL.createObjectURL(await answer.blob());
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
