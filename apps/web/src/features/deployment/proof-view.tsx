import { lostRequests, type SwitchProof } from "@windlass/domain";
import { CircleCheck, TriangleAlert } from "lucide-react";
import { formatDuration } from "@/features/time/duration";
import { SwitchPlot } from "./switch-plot";

type Figure = [name: string, value: string, meaning: string];

/** What happened to requests while the traffic moved: our own probes, and what the router counted for users. */
export function ProofView({ proof }: { proof: SwitchProof }) {
  const { probe } = proof;
  const isClean = lostRequests(proof) === 0;
  return (
    <div className="flex flex-col gap-4">
      <p className={`flex items-start gap-1.5 text-sm ${isClean ? "text-live" : "text-attention"}`}>
        {isClean ? (
          <CircleCheck className="mt-0.5 size-4 shrink-0" aria-hidden="true" />
        ) : (
          <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden="true" />
        )}
        {isClean ? "No request failed while the traffic moved." : describeLoss(proof)}
      </p>
      {probe && <SwitchPlot probe={probe} drainMs={proof.drainMs} />}
      <Figures label="The switch" figures={switchFigures(proof)} />
      <Figures label="Users" figures={userFigures(proof)} />
      {probe ? (
        <Figures label="Probes" figures={probeFigures(probe)} />
      ) : (
        <p className="text-muted text-sm">
          No probe was sent: the environment had no host name, or the router could not be asked.
        </p>
      )}
    </div>
  );
}

function Figures({ label, figures }: { label: string; figures: Figure[] }) {
  return (
    <section className="flex flex-col gap-2">
      <h2 className="font-semibold text-sm">{label}</h2>
      <dl className="grid grid-cols-2 gap-2 lg:grid-cols-4">
        {figures.map(([name, value, meaning]) => (
          <div key={name} className="flex min-w-0 flex-col gap-1 rounded-md border border-border bg-raised p-3">
            <dt className="text-muted text-sm">{name}</dt>
            <dd>
              <span className="block font-semibold text-lg tabular-nums">{value}</span>
              <span className="text-muted text-xs">{meaning}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const count = (value: number): string => value.toLocaleString("en");
const milliseconds = (ms: number): string => (ms < 10 ? `${ms.toFixed(1)} ms` : formatDuration(ms));

const switchFigures = ({ switchMs, drainMs, closed, cutOff }: SwitchProof): Figure[] => [
  ["Switch", milliseconds(switchMs), "from the command until it was in force and on disk"],
  ["Drain", milliseconds(drainMs), "until nothing was open on the old release"],
  ["Asked to reconnect", count(closed), "WebSockets and event streams, after their grace"],
  ["Cut off", count(cutOff), "were still open when the drain limit was reached"],
];

const userFigures = ({ requests, failures, serverErrors }: SwitchProof): Figure[] => [
  ["Requests", count(requests), "came while the traffic moved and the old release drained"],
  ["Failures", count(failures), "of them got no answer from the app"],
  ["Server errors", count(serverErrors), "of them the app itself answered with 5xx"],
];

const probeFigures = (probe: NonNullable<SwitchProof["probe"]>): Figure[] => [
  ["Probes", count(probe.requests), "sent by Windlass, on kept and on new connections"],
  ["Failures", count(probe.failures), probe.firstFailure ? `the first: ${probe.firstFailure}` : "of them"],
  ["Half within", milliseconds(probe.p50Ms), "to the whole answer"],
  ["99 of 100 within", milliseconds(probe.p99Ms), `the slowest took ${milliseconds(probe.longestMs)}`],
];

/** One sentence: who lost what, and what to look at. */
export function describeLoss({ failures, cutOff, probe }: SwitchProof): string {
  const parts = [
    failures > 0 ? `${plural(failures, "user's request", "users' requests")} got no answer` : "",
    cutOff > 0 ? `${plural(cutOff, "request was", "requests were")} cut off at the drain limit` : "",
    probe && probe.failures > 0 ? `${plural(probe.failures, "probe", "probes")} failed (${probe.firstFailure})` : "",
  ].filter((part) => part !== "");
  const advice =
    cutOff > 0 ? " Raise the drain limit if such requests are expected." : " The log shows what the release did then.";
  return `While the traffic moved, ${parts.join(", ")}.${advice}`;
}

const plural = (value: number, one: string, many: string): string => `${count(value)} ${value === 1 ? one : many}`;
