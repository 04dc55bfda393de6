/** In memory, and one for all bundles of this process. */
globalThis.bookings ??= [];

export const all = () => globalThis.bookings;
/** @returns the booking's number */
export const save = (name) => globalThis.bookings.push(name);
