/* Is the server there?  Known from every read; while it is away its health is asked for. */
import { useEffect, useState } from 'react';
import { ApiError, call } from '../api/client';
import { cache, refresh } from '../api/query';

const isAwayError = (error: unknown) =>
	error instanceof ApiError && error.isAway && error.status !== 502;

export function useConnection() {
	const [isAway, setAway] = useState(false);
	useEffect(
		() =>
			cache.getQueryCache().subscribe(event => {
				if (event.type === 'updated' && isAwayError(event.query.state.fetchFailureReason))
					setAway(true);
			}),
		[],
	);
	useEffect(() => {
		if (!isAway) return;
		const timer = setInterval(() => {
			if (document.hidden) return;
			call('GET', '/api/health').then(
				() => {
					setAway(false);
					refresh();
				},
				() => {},
			);
		}, 3000);
		return () => clearInterval(timer);
	}, [isAway]);
	return isAway;
}
