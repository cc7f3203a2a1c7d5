"use client";

import { ClipboardPaste, Plus, Trash2 } from "lucide-react";
import { type ClipboardEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { Field } from "@/components/ui/field";
import { Input, Textarea } from "@/components/ui/input";
import { looksLikeEnv, type ParsedVariable, parseEnv, soundsSecret } from "./parse-env";

/** A row of the editor; `id` keeps its place while it is typed. */
export interface VariableDraft {
  id: number;
  key: string;
  value: string;
  isSecret: boolean;
}

let lastId = 0;

export const newVariable = (known: Partial<VariableDraft> = {}): VariableDraft => ({
  key: "",
  value: "",
  isSecret: false,
  ...known,
  id: ++lastId,
});

/** The rows that say something. */
export const filled = (drafts: readonly VariableDraft[]): VariableDraft[] =>
  drafts.filter(({ key, value }) => key.trim() !== "" || value !== "");

function merge(drafts: VariableDraft[], parsed: ParsedVariable[]): VariableDraft[] {
  const kept = filled(drafts).filter(({ key }) => !parsed.some((variable) => variable.key === key));
  // A secret too short to be hidden in the log would be refused.
  return [
    ...kept,
    ...parsed.map(({ key, value }) => newVariable({ key, value, isSecret: soundsSecret(key) && value.length >= 4 })),
  ];
}

/** Names and values, to type or to paste as a .env file. */
export function VariablesEditor(props: {
  drafts: VariableDraft[];
  onChange: (drafts: VariableDraft[]) => void;
  /** The message for a row, by its number among the filled ones */
  errorAt: (index: number) => string | null;
}) {
  const { drafts, onChange, errorAt } = props;
  const [isPasting, setIsPasting] = useState(false);
  const change = (id: number, part: Partial<VariableDraft>) =>
    onChange(drafts.map((draft) => (draft.id === id ? { ...draft, ...part } : draft)));
  const onPaste = (event: ClipboardEvent) => {
    const text = event.clipboardData.getData("text");
    if (!looksLikeEnv(text)) return;
    event.preventDefault();
    onChange(merge(drafts, parseEnv(text)));
  };
  const numbers = new Map(filled(drafts).map(({ id }, index) => [id, index]));
  return (
    <div className="flex flex-col gap-3">
      {drafts.length > 0 && (
        <ul className="flex flex-col gap-2">
          {drafts.map((draft, row) => {
            const index = numbers.get(draft.id);
            const error = index === undefined ? null : errorAt(index);
            return (
              <li key={draft.id} className="flex flex-col gap-1">
                <div className="flex flex-wrap items-center gap-2">
                  <Input
                    aria-label={`Name of variable ${row + 1}`}
                    placeholder="NAME"
                    value={draft.key}
                    onPaste={onPaste}
                    onChange={(event) => change(draft.id, { key: event.target.value })}
                    aria-invalid={error ? true : undefined}
                    spellCheck={false}
                    autoComplete="off"
                    className="w-full font-mono text-sm sm:w-52"
                  />
                  <Input
                    aria-label={`Value of ${draft.key || `variable ${row + 1}`}`}
                    placeholder="value"
                    type={draft.isSecret ? "password" : "text"}
                    value={draft.value}
                    onChange={(event) => change(draft.id, { value: event.target.value })}
                    aria-invalid={error ? true : undefined}
                    spellCheck={false}
                    autoComplete="off"
                    className="min-w-32 flex-1 font-mono text-sm"
                  />
                  <label className="flex h-8 cursor-pointer items-center gap-1.5 text-sm">
                    <input
                      type="checkbox"
                      className="size-4 accent-accent"
                      checked={draft.isSecret}
                      onChange={(event) => change(draft.id, { isSecret: event.target.checked })}
                    />
                    Secret
                  </label>
                  <Button
                    variant="ghost"
                    size="icon"
                    aria-label={`Remove ${draft.key || `variable ${row + 1}`}`}
                    onClick={() => onChange(drafts.filter(({ id }) => id !== draft.id))}
                  >
                    <Trash2 aria-hidden="true" />
                  </Button>
                </div>
                {error && (
                  <p role="alert" className="text-failed text-sm">
                    {error}
                  </p>
                )}
              </li>
            );
          })}
        </ul>
      )}
      <div className="flex flex-wrap gap-2">
        <Button onClick={() => onChange([...drafts, newVariable()])}>
          <Plus aria-hidden="true" />
          Add variable
        </Button>
        <Button onClick={() => setIsPasting(true)}>
          <ClipboardPaste aria-hidden="true" />
          Paste .env
        </Button>
      </div>
      <PasteDialog
        isOpen={isPasting}
        onOpenChange={setIsPasting}
        onPaste={(parsed) => onChange(merge(drafts, parsed))}
      />
    </div>
  );
}

function PasteDialog(props: {
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
  onPaste: (parsed: ParsedVariable[]) => void;
}) {
  const { isOpen, onOpenChange, onPaste } = props;
  const [text, setText] = useState("");
  const parsed = parseEnv(text);
  const use = () => {
    onPaste(parsed);
    setText("");
    onOpenChange(false);
  };
  return (
    <Dialog open={isOpen} onOpenChange={onOpenChange}>
      <DialogContent
        title="Paste .env"
        description="Names that sound like secrets are marked as such. Nothing is saved yet."
      >
        <div className="flex flex-col gap-4 overflow-y-auto p-4">
          <Field label="Contents">
            {(control) => (
              <Textarea
                {...control}
                rows={8}
                spellCheck={false}
                value={text}
                onChange={(event) => setText(event.target.value)}
                placeholder={"NODE_ENV=production\nAPI_TOKEN=…"}
              />
            )}
          </Field>
          <Button variant="primary" className="self-end" disabled={parsed.length === 0} onClick={use}>
            {parsed.length === 1 ? "Use 1 variable" : `Use ${parsed.length} variables`}
          </Button>
        </div>
      </DialogContent>
    </Dialog>
  );
}
