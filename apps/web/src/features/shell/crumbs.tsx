"use client";

import { ChevronDown } from "lucide-react";
import Link from "next/link";
import { createContext, Fragment, type ReactNode, use, useEffect, useState } from "react";
import { cn } from "@/components/ui/cn";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/ui/menu";

export interface Crumb {
  label: string;
  href?: string;
  /** Others of the same kind, to jump to */
  siblings?: { label: string; href: string }[];
}

const Value = createContext<Crumb[]>([]);
const SetValue = createContext<(crumbs: Crumb[]) => void>(() => {});

export function CrumbsProvider({ children }: { children: ReactNode }) {
  const [crumbs, setCrumbs] = useState<Crumb[]>([]);
  return (
    <SetValue value={setCrumbs}>
      <Value value={crumbs}>{children}</Value>
    </SetValue>
  );
}

/** A page says where it is; the top bar and the window's title show it. */
export function Crumbs({ items, title }: { items: Crumb[]; title?: string }) {
  const set = use(SetValue);
  const text = JSON.stringify(items);
  useEffect(() => set(JSON.parse(text) as Crumb[]), [set, text]);
  const name = title ?? items.at(-1)?.label;
  useEffect(() => {
    if (name) document.title = `${name} · Windlass`;
  }, [name]);
  return null;
}

export function CrumbsBar() {
  const crumbs = use(Value);
  return (
    <nav aria-label="Breadcrumbs" className="min-w-0 flex-1">
      <ol className="flex min-w-0 items-center text-sm">
        {crumbs.map((crumb, index) => {
          const isLast = index === crumbs.length - 1;
          return (
            <Fragment key={`${crumb.label} ${crumb.href}`}>
              {index > 0 && (
                <li aria-hidden="true" className="px-1.5 text-muted max-sm:hidden">
                  /
                </li>
              )}
              <li className={cn("flex min-w-0 items-center", !isLast && "shrink-0 max-sm:hidden")}>
                {crumb.href && !isLast ? (
                  <Link href={crumb.href} className="max-w-48 truncate rounded-sm text-muted hover:text-foreground">
                    {crumb.label}
                  </Link>
                ) : (
                  <span aria-current={isLast ? "page" : undefined} className="truncate font-medium">
                    {crumb.label}
                  </span>
                )}
                {crumb.siblings && crumb.siblings.length > 1 && <Siblings {...crumb} siblings={crumb.siblings} />}
              </li>
            </Fragment>
          );
        })}
      </ol>
    </nav>
  );
}

function Siblings({ label, siblings }: { label: string; siblings: { label: string; href: string }[] }) {
  return (
    <Menu>
      <MenuTrigger
        aria-label={`Others beside ${label}`}
        className="ml-0.5 inline-flex size-6 pointer-coarse:size-9 shrink-0 items-center justify-center rounded-sm text-muted hover:bg-hover hover:text-foreground"
      >
        <ChevronDown className="size-3.5" aria-hidden="true" />
      </MenuTrigger>
      <MenuContent align="start">
        {siblings.map((sibling) => (
          <MenuItem key={sibling.href} asChild>
            <Link href={sibling.href}>{sibling.label}</Link>
          </MenuItem>
        ))}
      </MenuContent>
    </Menu>
  );
}
