/*
 * Shapes of answers, from the generated schema.d.ts.
 *
 * The description does not yet name each embedded object, so a row also has members that it does
 * not tell; those are `any` until it does.
 */
import type { components } from './schema';

type Schemas = components['schemas'];
// biome-ignore lint/suspicious/noExplicitAny: members that the API's description leaves out
export type Loose = { id: string; [member: string]: any };
export type Row<Name extends string = string> = Name extends keyof Schemas
	? Omit<Required<Schemas[Name]>, never> & Loose
	: Loose;

export type Page<T> = {
	data: T[];
	total: number;
	current_page: number;
	last_page: number;
	per_page: number;
	total_is_estimate?: boolean;
	sum_amount?: number;
};

export type Role = 'viewer' | 'operator' | 'admin';
