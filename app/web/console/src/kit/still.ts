/*
 * Values that do not change while a pointer is down.
 *
 * A button that moves between press and release gets no click: the browser sees it begin on the button
 * and end beside it.  An answer that arrives meanwhile is shown when the pointer is up again.
 */
import { useRef, useSyncExternalStore } from 'react';

let isDown = false;
const listeners = new Set<() => void>();
const tell = (down: boolean) => {
	isDown = down;
	for (const listener of listeners) listener();
};

const press = () => tell(true);
/* The click comes right after the release. */
const release = () => setTimeout(() => tell(false));

function subscribe(listener: () => void) {
	if (listeners.size === 0) {
		addEventListener('pointerdown', press, true);
		addEventListener('pointerup', release, true);
		addEventListener('pointercancel', release, true);
	}
	listeners.add(listener);
	return () => {
		listeners.delete(listener);
		if (listeners.size > 0) return;
		removeEventListener('pointerdown', press, true);
		removeEventListener('pointerup', release, true);
		removeEventListener('pointercancel', release, true);
		isDown = false;
	};
}

/* The value, or while a pointer is down the one before. */
export function useStill<T>(value: T): T {
	const isHeld = useSyncExternalStore(subscribe, () => isDown);
	const shown = useRef(value);
	if (!isHeld) shown.current = value;
	return shown.current;
}
