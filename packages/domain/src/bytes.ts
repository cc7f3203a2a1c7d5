const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** 812 MB, 3.4 GB: as disks are sold and `df --si` shows them. */
export function showBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit > 1 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

const GB = 1e9;

/**
 * What stays free on a disk when nobody said otherwise: a twentieth, between 1 and 2 GB; of a small disk a quarter at most.
 * Databases and the system need it, whatever deployments do.
 */
export const usualLeastFree = (totalBytes: number): number =>
  Math.round(Math.min(2 * GB, Math.max(GB, totalBytes / 20), totalBytes / 4));
