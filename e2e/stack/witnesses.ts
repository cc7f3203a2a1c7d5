/** What is asked when a test fails, while what it tested still stands */
export const witnesses = new Set<() => Promise<string>>();
