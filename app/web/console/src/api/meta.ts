/* Fields of a resource as /api/meta tells them: a form needs only their names. */
import { useGet } from './query';

export type MetaField = {
	name: string;
	type: string;
	create?: boolean;
	update?: boolean;
	required?: boolean;
	nullable?: boolean;
	lines?: boolean;
	min?: number;
	max?: number;
	among?: string[];
	default?: unknown;
	hint?: string;
	unit?: string;
	filter?: boolean;
	sort?: boolean;
};
export type MetaResource = { name: string; path: string; search?: boolean; fields: MetaField[] };
export type Meta = {
	resources: MetaResource[];
	time_zone?: string;
	business_day?: string;
	midtrans?: boolean;
	last_proven_restore?: string | null;
	[member: string]: unknown;
};

const HOUR = 3_600_000;
export const useMeta = () => useGet<Meta>('/api/meta', {}, { stale: HOUR }).data;

export function useFields(resource: string | undefined): Map<string, MetaField> {
	const found = useMeta()?.resources.find(r => r.name === resource);
	/* A field that is written by other rules than it is read stands there twice. */
	const fields = new Map<string, MetaField>();
	for (const f of found?.fields ?? []) fields.set(f.name, { ...fields.get(f.name), ...f });
	return fields;
}
