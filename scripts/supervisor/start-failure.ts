/** A start that cannot go on, told in one sentence with what to do. Never holds a password. */
export class StartFailure extends Error {
  readonly todo: string;
  /** The last lines of a log, when they are what tells why */
  readonly evidence: string[];
  readonly exitCode: number;

  constructor(message: string, todo: string, options: { evidence?: string[]; exitCode?: number } = {}) {
    super(message);
    this.name = "StartFailure";
    this.todo = todo;
    this.evidence = options.evidence ?? [];
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The code of a system error, such as ENOENT. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

export const errorMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error));
