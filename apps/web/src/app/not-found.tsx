import { Button } from "@/components/ui/button";
import { Door } from "@/features/session/door";

export default function NotFound() {
  return (
    <Door title="There is no such page" lead="The address may be cut short, or what it showed was deleted.">
      <Button asChild variant="primary" className="self-start">
        <a href="/">To the overview</a>
      </Button>
    </Door>
  );
}
