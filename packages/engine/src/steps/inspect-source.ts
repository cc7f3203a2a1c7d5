import { type DomainError, type GitRef, type SourceCheckResult, toDomainError } from "@windlass/domain";
import type { EffectContext, EnginePorts, SourceAccess } from "../ports.ts";
import { detectBuild } from "../presets/detect-build.ts";
import { generateDockerfile } from "../presets/generate-dockerfile.ts";

const LOOKED_AT = ["package.json", "Dockerfile", "package-lock.json"];

/** Looks into a source before it is saved: its branches, the commit, and how it would be built. Never rejects. */
export async function inspectSource(
  { source }: Pick<EnginePorts, "source">,
  access: SourceAccess,
  ref: GitRef | "",
  context: EffectContext,
): Promise<SourceCheckResult> {
  try {
    if (access.source.kind === "image") {
      const nothing = {
        branches: [],
        defaultBranch: null,
        commitMessage: null,
        commitAuthor: null,
        buildProblem: null,
        port: null,
        dockerfile: null,
      };
      return {
        ok: true,
        revision: access.source.image,
        build: { kind: "none", why: "A ready image: nothing to build." },
        ...nothing,
      };
    }
    const { branches, defaultBranch } = await source.branches(access, context);
    const resolved = await source.resolve(access, ref || (defaultBranch as GitRef | null) || "", context);
    if (resolved.kind !== "git") throw new Error("A git source resolved to an image.");
    const files = await source.read(access, resolved.commit.sha, ".", LOOKED_AT, context);
    const found = detectBuild(files);
    const common = {
      ok: true as const,
      revision: resolved.commit.sha,
      branches,
      defaultBranch,
      commitMessage: resolved.commit.message,
      commitAuthor: resolved.commit.author,
    };
    if ("problem" in found)
      return { ...common, build: null, buildProblem: found.problem, port: null, dockerfile: null };
    const { build, why, port } = found;
    if (build.kind === "auto") throw new Error("Detection decided nothing.");
    const dockerfile =
      build.kind === "dockerfile" ? (files.files.Dockerfile ?? null) : generateDockerfile(build, files).dockerfile;
    return { ...common, build: { kind: build.kind, why }, buildProblem: null, port, dockerfile };
  } catch (thrown) {
    const error = toDomainError(thrown);
    return { ok: false, code: error.code, message: error.message, ...hostKeysOf(error) };
  }
}

/** The adapter tells an unconfirmed server's keys as evidence, a known_hosts line and its fingerprint in turn. */
function hostKeysOf(error: DomainError) {
  if (error.code !== "host_key_unknown") return {};
  const hostKeys = error.evidence.flatMap((line, index) => {
    const fingerprint = error.evidence[index + 1];
    return index % 2 === 0 && fingerprint !== undefined ? [{ knownHostsLine: line, fingerprint }] : [];
  });
  return { hostKeys };
}
