import type { EnvironmentConfig } from "@windlass/domain";
import { joinWords, splitWords } from "./words";

type BuildKind = EnvironmentConfig["build"]["kind"];

/** The settings as they stand in the form: text, as it is typed. */
export interface ConfigDraft {
  buildKind: BuildKind;
  context: string;
  dockerfile: string;
  target: string;
  args: string;
  folder: string;
  port: string;
  command: string;
  healthKind: "http" | "tcp";
  healthPath: string;
  healthCodes: string;
  intervalSeconds: string;
  timeoutSeconds: string;
  retries: string;
  startPeriodSeconds: string;
  instances: string;
  memoryMb: string;
  cpus: string;
  processes: string;
  keepReleases: string;
  keepDays: string;
  warmMinutes: string;
  drainSeconds: string;
  webSocketGraceSeconds: string;
  stopSeconds: string;
}

/** The server's own defaults. */
export const DEFAULT_DRAFT: ConfigDraft = {
  buildKind: "auto",
  context: ".",
  dockerfile: "Dockerfile",
  target: "",
  args: "",
  folder: ".",
  port: "3000",
  command: "",
  healthKind: "http",
  healthPath: "/",
  healthCodes: "200-399",
  intervalSeconds: "1",
  timeoutSeconds: "5",
  retries: "10",
  startPeriodSeconds: "20",
  instances: "1",
  memoryMb: "512",
  cpus: "1",
  processes: "512",
  keepReleases: "10",
  keepDays: "90",
  warmMinutes: "60",
  drainSeconds: "30",
  webSocketGraceSeconds: "5",
  stopSeconds: "10",
};

export function draftFromConfig(config: EnvironmentConfig): ConfigDraft {
  const { build, health, resources } = config;
  return {
    ...DEFAULT_DRAFT,
    buildKind: build.kind,
    context: "context" in build ? build.context : ".",
    dockerfile: build.kind === "dockerfile" ? build.dockerfile : "Dockerfile",
    target: (build.kind === "dockerfile" && build.target) || "",
    args:
      build.kind === "dockerfile"
        ? Object.entries(build.args)
            .map(([key, value]) => `${key}=${value}`)
            .join("\n")
        : "",
    folder: build.kind === "static" ? build.folder : ".",
    port: String(config.port),
    command: config.command ? joinWords(config.command) : "",
    healthKind: health.kind,
    healthPath: health.path,
    healthCodes: health.codes,
    intervalSeconds: String(health.intervalSeconds),
    timeoutSeconds: String(health.timeoutSeconds),
    retries: String(health.retries),
    startPeriodSeconds: String(health.startPeriodSeconds),
    instances: String(config.instances),
    memoryMb: String(resources.memoryMb),
    cpus: String(resources.cpus),
    processes: String(resources.processes),
    keepReleases: String(config.keepReleases),
    keepDays: String(config.keepDays),
    warmMinutes: String(config.warmMinutes),
    drainSeconds: String(config.drainSeconds),
    webSocketGraceSeconds: String(config.webSocketGraceSeconds),
    stopSeconds: String(config.stopSeconds),
  };
}

/** What the procedures take; they judge it, and name the field when something is wrong. */
export function configFromDraft(draft: ConfigDraft) {
  const command = splitWords(draft.command);
  return {
    build: buildFromDraft(draft),
    port: Number(draft.port),
    ...(command.length > 0 ? { command } : {}),
    health: {
      kind: draft.healthKind,
      path: draft.healthPath,
      codes: draft.healthCodes,
      intervalSeconds: Number(draft.intervalSeconds),
      timeoutSeconds: Number(draft.timeoutSeconds),
      retries: Number(draft.retries),
      startPeriodSeconds: Number(draft.startPeriodSeconds),
    },
    instances: Number(draft.instances),
    resources: { memoryMb: Number(draft.memoryMb), cpus: Number(draft.cpus), processes: Number(draft.processes) },
    keepReleases: Number(draft.keepReleases),
    keepDays: Number(draft.keepDays),
    warmMinutes: Number(draft.warmMinutes),
    drainSeconds: Number(draft.drainSeconds),
    webSocketGraceSeconds: Number(draft.webSocketGraceSeconds),
    stopSeconds: Number(draft.stopSeconds),
  };
}

function buildFromDraft({ buildKind, context, dockerfile, target, args, folder }: ConfigDraft) {
  switch (buildKind) {
    case "auto":
    case "node":
      return { kind: buildKind, context };
    case "dockerfile":
      return { kind: buildKind, context, dockerfile, ...(target ? { target } : {}), args: parseArgs(args) };
    case "static":
      return { kind: buildKind, context, folder };
    case "none":
      return { kind: buildKind };
  }
}

/** One `NAME=value` in a line. */
function parseArgs(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf("=");
      return at < 0 ? [line.trim(), ""] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}
