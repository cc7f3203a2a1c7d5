import Link from "next/link";
import { Button } from "@/components/ui/button";
import { Empty } from "./empty";

/** In the place of what an address names and this person cannot see: nothing went wrong, so it looks calm. */
export function NotThere({ what }: { what: "app" | "deployment" }) {
  return (
    <Empty
      title={`There is no such ${what}`}
      action={
        <Button asChild>
          <Link href="/apps">To the apps</Link>
        </Button>
      }
    >
      It was deleted, it belongs to a team that you are not in, or the address is cut short.
    </Empty>
  );
}
