import type { EnvironmentConfig, HealthKind } from "@windlass/domain";
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
  releaseCommand: string;
  postDeployCommand: string;
  commandSeconds: string;
  healthKind: HealthKind;
  healthPath: string;
  healthCodes: string;
  healthBody: string;
  healthHeaders: string;
  healthCommand: string;
  uptimeSeconds: string;
  intervalSeconds: string;
  timeoutSeconds: string;
  retries: string;
  startPeriodSeconds: string;
  steadySeconds: string;
  instances: string;
  memoryMb: string;
  cpus: string;
  processes: string;
  keepReleases: string;
  keepDays: string;
  warmMinutes: string;
  bakeMinutes: string;
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
  releaseCommand: "",
  postDeployCommand: "",
  commandSeconds: "600",
  healthKind: "http",
  healthPath: "/",
  healthCodes: "200-399",
  healthBody: "",
  healthHeaders: "",
  healthCommand: "",
  uptimeSeconds: "10",
  intervalSeconds: "1",
  timeoutSeconds: "5",
  retries: "10",
  startPeriodSeconds: "20",
  steadySeconds: "0.1",
  instances: "1",
  memoryMb: "512",
  cpus: "1",
  processes: "512",
  keepReleases: "10",
  keepDays: "90",
  warmMinutes: "60",
  bakeMinutes: "5",
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
    command: joinWords(config.command ?? []),
    releaseCommand: joinWords(config.releaseCommand ?? []),
    postDeployCommand: joinWords(config.postDeployCommand ?? []),
    commandSeconds: String(config.commandSeconds),
    ...draftFromHealth(health),
    intervalSeconds: String(health.intervalSeconds),
    timeoutSeconds: String(health.timeoutSeconds),
    retries: String(health.retries),
    startPeriodSeconds: String(health.startPeriodSeconds),
    steadySeconds: String(health.steadySeconds),
    instances: String(config.instances),
    memoryMb: String(resources.memoryMb),
    cpus: String(resources.cpus),
    processes: String(resources.processes),
    keepReleases: String(config.keepReleases),
    keepDays: String(config.keepDays),
    warmMinutes: String(config.warmMinutes),
    bakeMinutes: String(config.bakeMinutes),
    drainSeconds: String(config.drainSeconds),
    webSocketGraceSeconds: String(config.webSocketGraceSeconds),
    stopSeconds: String(config.stopSeconds),
  };
}

function draftFromHealth(health: EnvironmentConfig["health"]): Partial<ConfigDraft> {
  switch (health.kind) {
    case "http":
      return {
        healthKind: "http",
        healthPath: health.path,
        healthCodes: health.codes,
        healthBody: health.body ?? "",
        healthHeaders: Object.entries(health.headers)
          .map(([name, value]) => `${name}: ${value}`)
          .join("\n"),
      };
    case "command":
      return { healthKind: "command", healthCommand: joinWords(health.command) };
    case "uptime":
      return { healthKind: "uptime", uptimeSeconds: String(health.seconds) };
    case "tcp":
    case "image":
      return { healthKind: health.kind };
  }
}

/** What the procedures take; they judge it, and name the field when something is wrong. */
export function configFromDraft(draft: ConfigDraft) {
  const commands = {
    command: splitWords(draft.command),
    releaseCommand: splitWords(draft.releaseCommand),
    postDeployCommand: splitWords(draft.postDeployCommand),
  };
  const given = Object.entries(commands).filter(([, words]) => words.length > 0);
  return {
    build: buildFromDraft(draft),
    port: Number(draft.port),
    ...(Object.fromEntries(given) as Partial<typeof commands>),
    commandSeconds: Number(draft.commandSeconds),
    health: healthFromDraft(draft),
    instances: Number(draft.instances),
    resources: { memoryMb: Number(draft.memoryMb), cpus: Number(draft.cpus), processes: Number(draft.processes) },
    keepReleases: Number(draft.keepReleases),
    keepDays: Number(draft.keepDays),
    warmMinutes: Number(draft.warmMinutes),
    bakeMinutes: Number(draft.bakeMinutes),
    drainSeconds: Number(draft.drainSeconds),
    webSocketGraceSeconds: Number(draft.webSocketGraceSeconds),
    stopSeconds: Number(draft.stopSeconds),
  };
}

function healthFromDraft(draft: ConfigDraft) {
  const timing = {
    intervalSeconds: Number(draft.intervalSeconds),
    timeoutSeconds: Number(draft.timeoutSeconds),
    retries: Number(draft.retries),
    startPeriodSeconds: Number(draft.startPeriodSeconds),
    steadySeconds: Number(draft.steadySeconds),
  };
  const kind = draft.healthKind;
  switch (kind) {
    case "http":
      return {
        kind,
        path: draft.healthPath,
        codes: draft.healthCodes,
        ...(draft.healthBody ? { body: draft.healthBody } : {}),
        headers: parsePairs(draft.healthHeaders, ":", (name) => name.toLowerCase()),
        ...timing,
      };
    case "command":
      return { kind, command: splitWords(draft.healthCommand), ...timing };
    case "uptime":
      return { kind, seconds: Number(draft.uptimeSeconds), ...timing };
    case "tcp":
    case "image":
      return { kind, ...timing };
  }
}

function buildFromDraft({ buildKind, context, dockerfile, target, args, folder }: ConfigDraft) {
  switch (buildKind) {
    case "auto":
    case "node":
      return { kind: buildKind, context };
    case "dockerfile":
      return { kind: buildKind, context, dockerfile, ...(target ? { target } : {}), args: parsePairs(args, "=") };
    case "static":
      return { kind: buildKind, context, folder };
    case "none":
      return { kind: buildKind };
  }
}

/** A name and a value in each line, with a separator between them. */
function parsePairs(text: string, separator: string, readName = (name: string) => name): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(separator);
      const name = readName((at < 0 ? line : line.slice(0, at)).trim());
      return [name, at < 0 ? "" : line.slice(at + separator.length).trim()];
    }),
  );
}
