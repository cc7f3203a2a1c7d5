import type { AppSummary } from "@windlass/api";

export type { EnvironmentDetail, EnvironmentSummary } from "@windlass/api";
export type SourceOut = AppSummary["source"];
