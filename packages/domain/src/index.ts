/**
 * The vocabulary that every part shares: names and the rules they obey, states and their transitions, the shapes that
 * cross a border, errors that a person can meet, and who may do what. Zod only; safe in a browser.
 */
export * from "./bake.ts";
export * from "./bytes.ts";
export * from "./deployment.ts";
export * from "./diff.ts";
export * from "./errors.ts";
export * from "./failure.ts";
export * from "./failure-titles.ts";
export * from "./finding.ts";
export * from "./health.ts";
export * from "./jobs.ts";
export * from "./log.ts";
export * from "./lost-requests.ts";
export * from "./names.ts";
export * from "./permissions.ts";
export * from "./queue.ts";
export * from "./release.ts";
export * from "./router-control.ts";
export * from "./runtime-log.ts";
export * from "./secret.ts";
export * from "./settings.ts";
export * from "./source.ts";
export * from "./storage.ts";
