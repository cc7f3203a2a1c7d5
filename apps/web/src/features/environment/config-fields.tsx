"use client";

import type { ReactNode } from "react";
import { Field } from "@/components/ui/field";
import { Fold } from "@/components/ui/fold";
import { Input, Select, Textarea } from "@/components/ui/input";
import type { ConfigDraft } from "./config-draft";
import { describeCheck } from "./describe-check";

export interface ConfigFieldsProps {
  draft: ConfigDraft;
  onChange: (change: Partial<ConfigDraft>) => void;
  /** The message for a field of the configuration, by its dotted name */
  errorAt: (field: string) => string | null;
  isImage: boolean;
}

type TextField = {
  [K in keyof ConfigDraft]: string extends ConfigDraft[K] ? K : never;
}[keyof ConfigDraft];

interface TextProps extends ConfigFieldsProps {
  name: TextField;
  field: string;
  label: string;
  hint?: ReactNode;
  type?: "number";
  step?: string;
  className?: string;
}

function Text({ draft, onChange, errorAt, name, field, label, hint, type, step, className }: TextProps) {
  return (
    <Field label={label} hint={hint} error={errorAt(field)} className={className}>
      {(control) => (
        <Input
          {...control}
          data-field={field}
          type={type ?? "text"}
          step={step}
          inputMode={type === "number" ? "decimal" : undefined}
          spellCheck={false}
          autoComplete="off"
          value={draft[name]}
          onChange={(event) => onChange({ [name]: event.target.value })}
        />
      )}
    </Field>
  );
}

/** For what lies in a card by itself. */
export const GRID = "grid gap-4 p-4 sm:grid-cols-2 lg:grid-cols-3";

/** Port and health path: the two that a person is most likely to know better than what was found. */
export function MainFields({ className, ...props }: ConfigFieldsProps & { className?: string }) {
  return (
    <div className={className ?? "grid gap-4 sm:grid-cols-2"}>
      <Text
        {...props}
        name="port"
        field="config.port"
        label="Port"
        type="number"
        hint="The app also gets it as PORT."
      />
      {props.draft.healthKind === "http" && (
        <Text
          {...props}
          name="healthPath"
          field="config.health.path"
          label="Health path"
          hint="Answers well once the app can serve."
        />
      )}
    </div>
  );
}

export function BuildFields(props: ConfigFieldsProps) {
  const { draft, onChange, errorAt, isImage } = props;
  if (isImage) return <p className="p-4 text-muted text-sm">The image runs as it is; nothing is built.</p>;
  const isDockerfile = draft.buildKind === "dockerfile";
  return (
    <div className={GRID}>
      <Field label="Build" error={errorAt("config.build.kind")}>
        {(control) => (
          <Select
            {...control}
            data-field="config.build.kind"
            value={draft.buildKind}
            onChange={(event) => onChange({ buildKind: event.target.value as ConfigDraft["buildKind"] })}
          >
            <option value="auto">Found in the files</option>
            <option value="dockerfile">Dockerfile</option>
            <option value="node">Node app</option>
            <option value="static">Static files</option>
          </Select>
        )}
      </Field>
      <Text
        {...props}
        name="context"
        field="config.build.context"
        label="Folder in the repository"
        hint="A single dot is its root."
      />
      {isDockerfile && (
        <>
          <Text {...props} name="dockerfile" field="config.build.dockerfile" label="Dockerfile" />
          <Text
            {...props}
            name="target"
            field="config.build.target"
            label="Build stage"
            hint="The last one if empty."
          />
          <Field
            label="Build arguments"
            error={errorAt("config.build.args")}
            hint="NAME=value, one in a line. They stay readable in the image."
            className="sm:col-span-2"
          >
            {(control) => (
              <Textarea
                {...control}
                data-field="config.build.args"
                rows={3}
                spellCheck={false}
                value={draft.args}
                onChange={(event) => onChange({ args: event.target.value })}
              />
            )}
          </Field>
        </>
      )}
      {draft.buildKind === "static" && (
        <Text {...props} name="folder" field="config.build.folder" label="Served folder" />
      )}
    </div>
  );
}

export function RunFields(props: ConfigFieldsProps) {
  return (
    <div className={GRID}>
      <Text
        {...props}
        name="command"
        field="config.command"
        label="Start command"
        hint="Instead of the one found. Words are split at spaces; no shell reads them."
        className="sm:col-span-2"
      />
      <Text
        {...props}
        name="instances"
        field="config.instances"
        label="Instances"
        type="number"
        hint="Copies that run beside each other; the limits are those of each."
      />
      <Text {...props} name="memoryMb" field="config.resources.memoryMb" label="Memory, MB" type="number" />
      <Text {...props} name="cpus" field="config.resources.cpus" label="Processors" type="number" step="any" />
      <Text {...props} name="processes" field="config.resources.processes" label="Most processes" type="number" />
    </div>
  );
}

const KINDS: Record<ConfigDraft["healthKind"], string> = {
  http: "HTTP request",
  tcp: "TCP connection",
  command: "Command in the app",
  image: "The image's own HEALTHCHECK",
  uptime: "Runs for a time",
};

export function HealthFields(props: ConfigFieldsProps) {
  const { draft, onChange, errorAt } = props;
  const kind = draft.healthKind;
  return (
    <div className={GRID}>
      <Field label="Check" error={errorAt("config.health.kind")} hint={<>Checks {describeCheck(draft)}.</>}>
        {(control) => (
          <Select
            {...control}
            data-field="config.health.kind"
            value={kind}
            onChange={(event) => onChange({ healthKind: event.target.value as ConfigDraft["healthKind"] })}
          >
            {Object.entries(KINDS).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {kind === "http" && <HttpFields {...props} />}
      {kind === "command" && (
        <Text
          {...props}
          name="healthCommand"
          field="config.health.command"
          label="Command"
          hint="It is well when this ends with 0. Words are split at spaces; no shell reads them."
          className="sm:col-span-2"
        />
      )}
      {kind === "uptime" && (
        <Text
          {...props}
          name="uptimeSeconds"
          field="config.health.seconds"
          label="Without a restart for, seconds"
          type="number"
          step="any"
          hint="For what cannot be asked, like a worker. It says little."
        />
      )}
      {kind !== "uptime" && <PatienceFields {...props} />}
      <Text
        {...props}
        name="steadySeconds"
        field="config.health.steadySeconds"
        label="Well for, seconds"
        type="number"
        step="any"
        hint="Before a new release is given the traffic. A restart in that time counts as a failure."
      />
    </div>
  );
}

function HttpFields(props: ConfigFieldsProps) {
  const { draft, onChange, errorAt } = props;
  return (
    <>
      <Text
        {...props}
        name="healthCodes"
        field="config.health.codes"
        label="Codes that are well"
        hint="Like 200-299 or 200,204. Redirects are not followed: name 301 if it is well."
      />
      <Text
        {...props}
        name="healthBody"
        field="config.health.body"
        label="Text in the answer"
        hint="Has to be in its first megabyte. Any text will do if empty."
      />
      <Field
        label="Request headers"
        error={errorAt("config.health.headers")}
        hint="name: value, one in a line; host replaces the app's own. Everybody in the team can read them."
        className="sm:col-span-2 lg:col-span-3"
      >
        {(control) => (
          <Textarea
            {...control}
            data-field="config.health.headers"
            rows={2}
            className="min-h-14"
            spellCheck={false}
            value={draft.healthHeaders}
            onChange={(event) => onChange({ healthHeaders: event.target.value })}
          />
        )}
      </Field>
    </>
  );
}

function PatienceFields(props: ConfigFieldsProps) {
  return (
    <>
      <Text
        {...props}
        name="startPeriodSeconds"
        field="config.health.startPeriodSeconds"
        label="Start period, seconds"
        type="number"
        step="any"
        hint="Failures do not count that long."
      />
      <Text
        {...props}
        name="intervalSeconds"
        field="config.health.intervalSeconds"
        label="Between two checks, seconds"
        type="number"
        step="any"
      />
      <Text
        {...props}
        name="timeoutSeconds"
        field="config.health.timeoutSeconds"
        label="Limit of one check, seconds"
        type="number"
        step="any"
      />
      <Text {...props} name="retries" field="config.health.retries" label="Failures until given up" type="number" />
    </>
  );
}

export function SwitchFields(props: ConfigFieldsProps) {
  return (
    <div className={GRID}>
      <Text
        {...props}
        name="drainSeconds"
        field="config.drainSeconds"
        label="Drain limit, seconds"
        type="number"
        step="any"
        hint="How long open requests of the old release may take."
      />
      <Text
        {...props}
        name="webSocketGraceSeconds"
        field="config.webSocketGraceSeconds"
        label="WebSocket grace, seconds"
        type="number"
        step="any"
        hint="Then WebSockets and event streams of the old release are asked to connect again."
      />
      <Text
        {...props}
        name="stopSeconds"
        field="config.stopSeconds"
        label="Time to stop, seconds"
        type="number"
        step="any"
        hint="Between the polite and the final signal."
      />
      <Text
        {...props}
        name="keepReleases"
        field="config.keepReleases"
        label="Kept releases"
        type="number"
        hint="To roll back to."
      />
      <Text
        {...props}
        name="keepDays"
        field="config.keepDays"
        label="Kept for, days"
        type="number"
        hint="Since they last served. 0: by number only."
      />
      <Text
        {...props}
        name="warmMinutes"
        field="config.warmMinutes"
        label="Kept warm, minutes"
        type="number"
        hint="The release before runs on for an instant rollback. 0: it is stopped."
      />
      <Text
        {...props}
        name="bakeMinutes"
        field="config.bakeMinutes"
        label="Watched after the switch, minutes"
        type="number"
        hint="Crashes, failing checks or a jump in errors bring the release before back. 0: off."
      />
    </div>
  );
}

export function CommandFields(props: ConfigFieldsProps) {
  return (
    <div className={GRID}>
      <Text
        {...props}
        name="releaseCommand"
        field="config.releaseCommand"
        label="Release command"
        hint="Runs once in the new release before it takes traffic, such as a migration. If it fails, so does the deployment. A rollback does not run it."
        className="sm:col-span-2"
      />
      <Text
        {...props}
        name="commandSeconds"
        field="config.commandSeconds"
        label="Limit of a command, seconds"
        type="number"
        step="any"
      />
      <Text
        {...props}
        name="postDeployCommand"
        field="config.postDeployCommand"
        label="Post-deploy command"
        hint="Runs once the new release is live. If it fails, you get a warning."
        className="sm:col-span-2"
      />
    </div>
  );
}

/** Everything that has a good default. */
export function AdvancedFields(props: ConfigFieldsProps) {
  return (
    <>
      <Fold summary="Build">
        <BuildFields {...props} />
      </Fold>
      <Fold summary="Start and limits">
        <RunFields {...props} />
      </Fold>
      <Fold summary="Commands around a deployment">
        <CommandFields {...props} />
      </Fold>
      <Fold summary="Health check">
        <HealthFields {...props} />
      </Fold>
      <Fold summary="Switch and rollback">
        <SwitchFields {...props} />
      </Fold>
    </>
  );
}
