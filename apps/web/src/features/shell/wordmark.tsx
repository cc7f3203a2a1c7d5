/** A drum with its rope: what a windlass is. */
export function Wordmark() {
  return (
    <span className="flex items-center gap-2 font-semibold text-base">
      <svg viewBox="0 0 20 20" className="size-5 text-accent" fill="none" stroke="currentColor" aria-hidden="true">
        <path d="M3 3v14M17 3v14" strokeWidth="2" strokeLinecap="round" />
        <rect x="3" y="5" width="14" height="6" rx="1.5" strokeWidth="1.6" />
        <path d="M7.5 5v6M11 5v6M11 11v5.5" strokeWidth="1.6" strokeLinecap="round" />
      </svg>
      Windlass
    </span>
  );
}
