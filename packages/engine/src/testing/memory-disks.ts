import type { DiskSpace } from "@windlass/domain";
import type { Disks } from "../ports.ts";

/** One disk for everything, as full as a test wants it. */
export class MemoryDisks implements Disks {
  freeBytes = 50e9;
  /** What there is to be removed */
  removableBytes = 0;
  /** How often room was made */
  rooms = 0;

  async measure(): Promise<DiskSpace[]> {
    const { freeBytes } = this;
    return [
      { path: "/data", uses: ["sources", "docker", "process"], totalBytes: 100e9, freeBytes, leastFreeBytes: 5e9 },
    ];
  }

  async makeRoom(): Promise<void> {
    this.rooms++;
    this.freeBytes += this.removableBytes;
    this.removableBytes = 0;
  }

  async describeHeld(): Promise<string[]> {
    return ["Kept releases: 40 GB", "Others: 58 GB"];
  }
}
