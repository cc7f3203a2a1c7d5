/** Processors by their number in an ELF header (e_machine), as image platforms name them. */
const MACHINES: Record<number, string> = {
  3: "386",
  21: "ppc64le",
  22: "s390x",
  40: "arm",
  62: "amd64",
  183: "arm64",
  243: "riscv64",
  258: "loong64",
};

/** Which processor a program was made for, by its first bytes; null when it is no ELF file. */
export function readMachine(head: Uint8Array): string | null {
  const bytes = Buffer.from(head);
  if (bytes.length < 20 || bytes.readUInt32BE(0) !== 0x7f454c46) return null;
  const number = bytes[5] === 2 ? bytes.readUInt16BE(18) : bytes.readUInt16LE(18);
  return MACHINES[number] ?? `machine ${number}`;
}
