/* The name by which people know a row. */
import type { Loose } from '../api/types';

export const nameOf = (row: Loose): string =>
	String(row.name ?? row.invoice_number ?? row.mikrotik_username ?? row.title ?? row.id);
