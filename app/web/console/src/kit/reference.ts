/* Rows of another resource that a field or a filter points to. */
import type { Query } from '../api/client';
import { useGet } from '../api/query';
import type { Loose, Page } from '../api/types';

export type Reference = {
	path: string;
	label(row: Loose): string;
	query?: Query;
	/* More rows than a list can hold: ask the server while typing. */
	many?: boolean;
};

export function useReference(reference: Reference, search: string, enabled = true): Loose[] {
	const query = {
		per_page: reference.many ? 12 : 100,
		...reference.query,
		search: search || undefined,
	};
	return useGet<Page<Loose>>(reference.path, query, { enabled, stale: 60_000 }).data?.data ?? [];
}
