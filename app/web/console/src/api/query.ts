/* Reads that are cached and shared: a thing is asked for once, however many widgets show it. */
import { keepPreviousData, QueryClient, useQuery } from '@tanstack/react-query';
import { ApiError, call, type Query } from './client';
import type { Role, Row } from './types';

const isWorthRepeating = (error: unknown) => !(error instanceof ApiError) || error.isUnreachable;

export const cache = new QueryClient({
	defaultOptions: {
		queries: {
			staleTime: 5_000,
			retry: (count, error) => count < 2 && isWorthRepeating(error),
		},
	},
});

type Options = { every?: number; enabled?: boolean; stale?: number };

/* `every` polls: not in a hidden tab, and half as often with each failure, to once a minute. */
export function useGet<T>(path: string, query: Query = {}, options: Options = {}) {
	return useQuery<T, ApiError>({
		queryKey: [path, query],
		queryFn: ({ signal }) => call<T>('GET', path, { query, signal }),
		enabled: options.enabled,
		staleTime: options.stale,
		placeholderData: keepPreviousData,
		refetchInterval: options.every
			? q => Math.min(60_000, options.every! * 2 ** Math.min(q.state.fetchFailureCount, 6))
			: false,
	});
}

/* After a write everything on screen is asked for again: money and service reach far. */
export const refresh = () => void cache.invalidateQueries();

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

export const useMe = () => useGet<Row<'user'>>('/api/me', {}, { stale: 300_000 }).data;

/* may('operator'): is a button of that role drawn for this user? */
export function useMay() {
	const me = useMe();
	return (role: Role = 'viewer') => !!me && RANK[me.role as Role] >= RANK[role];
}
