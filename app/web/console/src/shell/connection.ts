/* Is the server there?  Known from every read; while it is away its health is asked for. */
import { useEffect, useState } from 'react';
import { ApiError, call } from '../api/client';
import { cache, refresh } from '../api/query';

/* 502 is the failure of a router or of Midtrans: the server itself answers. */
const isUnreachableError = (error: unknown) =>
	error instanceof ApiError && error.isUnreachable && error.status !== 502;

export function useConnection() {
	const [isUnreachable, setUnreachable] = useState(false);
	useEffect(
		() =>
			cache.getQueryCache().subscribe(event => {
				if (event.type === 'updated' && isUnreachableError(event.query.state.fetchFailureReason))
					setUnreachable(true);
			}),
		[],
	);
	useEffect(() => {
		if (!isUnreachable) return;
		const timer = setInterval(() => {
			if (document.hidden) return;
			call('GET', '/api/health').then(
				() => {
					setUnreachable(false);
					refresh();
				},
				() => {},
			);
		}, 3000);
		return () => clearInterval(timer);
	}, [isUnreachable]);
	return isUnreachable;
}
