import type { ReactNode } from "react";
import type { ConfigDraft } from "./config-draft";

/** What will be asked of a new release before it is given the traffic, in words. */
export function describeCheck(draft: ConfigDraft): ReactNode {
  switch (draft.healthKind) {
    case "http":
      return (
        <>
          <Name>GET {draft.healthPath}</Name> on port <Name>{draft.port}</Name> until it answers {draft.healthCodes}
          {draft.healthBody && (
            <>
              {" "}
              with <Name>{draft.healthBody}</Name>
            </>
          )}
        </>
      );
    case "tcp":
      return (
        <>
          port <Name>{draft.port}</Name> until it takes a connection
        </>
      );
    case "command":
      return (
        <>
          with <Name>{draft.healthCommand || "a command"}</Name>, run in the app until it ends with 0
        </>
      );
    case "image":
      return "with the image's own HEALTHCHECK until it ends with 0";
    case "uptime":
      return <>that it runs {draft.uptimeSeconds} s without a restart</>;
  }
}

const Name = ({ children }: { children: ReactNode }) => (
  <code className="break-all font-mono text-foreground text-xs">{children}</code>
);
