"use client";

import { CircleUserRound, Keyboard, LogOut, Menu as MenuIcon, Search, UserRound } from "lucide-react";
import Link from "next/link";
import { useTheme } from "next-themes";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogTrigger, SheetContent } from "@/components/ui/dialog";
import { Kbd } from "@/components/ui/kbd";
import {
  Menu,
  MenuContent,
  MenuItem,
  MenuLabel,
  MenuRadioGroup,
  MenuRadioItem,
  MenuSeparator,
  MenuTrigger,
} from "@/components/ui/menu";
import { useSession } from "@/features/session/team-context";
import { CrumbsBar } from "./crumbs";
import { LiveDot } from "./live-dot";
import { RailContent } from "./rail";

export function TopBar({ onSearch, onKeys }: { onSearch: () => void; onKeys: () => void }) {
  return (
    <header className="sticky top-0 z-30 flex h-12 shrink-0 items-center gap-2 border-border border-b bg-background px-3 md:px-6">
      <PhoneMenu />
      <CrumbsBar />
      <button
        type="button"
        onClick={onSearch}
        aria-keyshortcuts="Control+K Meta+K"
        className="flex h-8 pointer-coarse:h-10 items-center gap-2 rounded-md border border-border px-2 pointer-coarse:px-3 text-muted text-sm hover:bg-hover lg:w-56"
      >
        <Search className="size-4" aria-hidden="true" />
        <span className="flex-1 text-left max-lg:sr-only">
          Search<span className="sr-only"> and commands</span>
        </span>
        <Kbd className="hidden lg:inline-flex">Ctrl K</Kbd>
      </button>
      <LiveDot />
      <AccountMenu onKeys={onKeys} />
    </header>
  );
}

function PhoneMenu() {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <Dialog open={isOpen} onOpenChange={setIsOpen}>
      <DialogTrigger asChild>
        <Button variant="ghost" size="icon" className="-ml-1 md:hidden" aria-label="Menu">
          <MenuIcon aria-hidden="true" />
        </Button>
      </DialogTrigger>
      <SheetContent side="left" title="Menu" isTitleHidden>
        <RailContent onGo={() => setIsOpen(false)} />
      </SheetContent>
    </Dialog>
  );
}

function AccountMenu({ onKeys }: { onKeys: () => void }) {
  const { me } = useSession();
  const { theme, setTheme } = useTheme();
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button variant="ghost" size="icon" aria-label="Account menu">
          <CircleUserRound aria-hidden="true" />
        </Button>
      </MenuTrigger>
      <MenuContent align="end" className="w-60">
        <MenuLabel>
          <span className="block truncate font-medium text-foreground text-sm">{me.user.name}</span>
          <span className="block truncate">{me.user.email}</span>
        </MenuLabel>
        <MenuSeparator />
        <MenuItem asChild>
          <Link href="/account">
            <UserRound aria-hidden="true" />
            Account
          </Link>
        </MenuItem>
        <MenuItem onSelect={onKeys}>
          <Keyboard aria-hidden="true" />
          Keys
          <Kbd className="ml-auto">?</Kbd>
        </MenuItem>
        <MenuSeparator />
        <MenuLabel>Theme</MenuLabel>
        <MenuRadioGroup value={theme} onValueChange={setTheme}>
          <MenuRadioItem value="system">Like the system</MenuRadioItem>
          <MenuRadioItem value="light">Light</MenuRadioItem>
          <MenuRadioItem value="dark">Dark</MenuRadioItem>
        </MenuRadioGroup>
        <MenuSeparator />
        <MenuItem asChild>
          <a href="/logout">
            <LogOut aria-hidden="true" />
            Sign out
          </a>
        </MenuItem>
      </MenuContent>
    </Menu>
  );
}
