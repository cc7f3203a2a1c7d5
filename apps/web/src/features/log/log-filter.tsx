import type { RuntimeLogSummary } from "@windlass/api";
import { RuntimeLogFilter } from "@windlass/domain";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input, Select } from "@/components/ui/input";
import { endOfMinute, minuteOf, startOfMinute } from "./time-range";

/** A filter that lets every line through. */
export const ALL_LINES = RuntimeLogFilter.parse({});

export const isFiltered = (filter: RuntimeLogFilter): boolean => JSON.stringify(filter) !== JSON.stringify(ALL_LINES);

interface Props {
  filter: RuntimeLogFilter;
  onChange: (filter: RuntimeLogFilter) => void;
  instances: RuntimeLogSummary["instances"];
}

/** What is looked for in an environment's runtime log. */
export function LogFilter({ filter, onChange, instances }: Props) {
  const change = (part: Partial<RuntimeLogFilter>) => onChange({ ...filter, ...part });
  return (
    <search className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <Input
          type="search"
          aria-label="Find lines"
          placeholder="Find lines in all that is kept"
          maxLength={200}
          value={filter.text}
          onChange={(event) => change({ text: event.target.value })}
          className="min-w-48 flex-1 max-sm:basis-full"
        />
        <label className="flex items-center gap-1.5 text-sm">
          <input
            type="checkbox"
            className="accent-accent"
            checked={filter.isRegex}
            onChange={(event) => change({ isRegex: event.target.checked })}
          />
          Regular expression
        </label>
        {isFiltered(filter) && (
          <Button variant="ghost" size="sm" onClick={() => onChange(ALL_LINES)}>
            Show all
          </Button>
        )}
      </div>
      <div className="grid grid-cols-2 gap-2 lg:grid-cols-4">
        <Field label="Stream">
          {(control) => (
            <Select
              {...control}
              value={filter.stream ?? ""}
              onChange={(event) => change({ stream: (event.target.value || undefined) as RuntimeLogFilter["stream"] })}
            >
              <option value="">Both</option>
              <option value="stdout">stdout</option>
              <option value="stderr">stderr</option>
            </Select>
          )}
        </Field>
        <Field label="Instance">
          {(control) => (
            <Select
              {...control}
              value={filter.instance ?? ""}
              onChange={(event) => change({ instance: event.target.value || undefined })}
            >
              <option value="">All</option>
              {instances.map(({ name, releaseNumber, isRunning }) => (
                <option key={name} value={name}>
                  {`Release ${releaseNumber}, ${name}${isRunning ? "" : " (stopped)"}`}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="From">
          {(control) => (
            <Input
              {...control}
              type="datetime-local"
              value={minuteOf(filter.from)}
              onChange={(event) => change({ from: startOfMinute(event.target.value) })}
            />
          )}
        </Field>
        <Field label="Until">
          {(control) => (
            <Input
              {...control}
              type="datetime-local"
              value={minuteOf(filter.until)}
              onChange={(event) => change({ until: endOfMinute(event.target.value) })}
            />
          )}
        </Field>
      </div>
    </search>
  );
}
