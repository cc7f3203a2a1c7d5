/** The router cannot start, in one sentence that says what to do. */
export class CannotStart extends Error {}
