/* Keys of two letters: g, and within a second the letter of a place. */
const WITHIN_MS = 1000;
let pressed = 0;

export const pressG = () => {
	pressed = Date.now();
};

/* Is this letter the second one?  Then it is no key of its own: n, p, j and k have other meanings. */
export const isSecond = () => Date.now() - pressed < WITHIN_MS;

/* The pair is over once its second letter has reached all who listen. */
export const endPair = () => void setTimeout(() => (pressed = 0));
