import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { Secret } from "@windlass/domain";

const ALGORITHM = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1;

export interface SecretCipher {
  /** `purpose` is bound to the ciphertext: a value moved to another column or row does not decrypt. */
  encrypt(plain: string, purpose: string): Uint8Array<ArrayBuffer>;
  /** Throws when the value was changed, belongs to another purpose or to a key that is not here. */
  decrypt(stored: Uint8Array, purpose: string): Secret;
  /** Equal for equal values under one key, and useless without it. Hex. */
  digest(plain: string, purpose: string): string;
}

/**
 * `keys` by version (1–255), 32 bytes each; the highest version encrypts, all decrypt. Layout of a stored value:
 * version (1 byte) · nonce (12) · tag (16) · ciphertext.
 */
export function createCipher(keys: ReadonlyMap<number, Uint8Array>): SecretCipher {
  const current = Math.max(...keys.keys());
  const keyOf = (version: number): Uint8Array => {
    const key = keys.get(version);
    if (key?.length !== 32) {
      throw new Error(
        `The encryption key of version ${version} is missing. Restore WINDLASS_SECRET_KEY or the key file.`,
      );
    }
    return key;
  };
  keyOf(current);
  return {
    digest(plain, purpose) {
      return createHmac("sha256", keyOf(current)).update(`${purpose}\0${plain}`).digest("hex").slice(0, 32);
    },
    encrypt(plain, purpose) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, keyOf(current), nonce);
      cipher.setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
      return new Uint8Array(Buffer.concat([Buffer.from([current]), nonce, cipher.getAuthTag(), body]));
    },
    decrypt(stored, purpose) {
      const bytes = Buffer.from(stored);
      const nonceEnd = HEADER_BYTES + NONCE_BYTES;
      const bodyStart = nonceEnd + TAG_BYTES;
      if (bytes.length < bodyStart) throw new Error("A stored secret is too short to be one.");
      const decipher = createDecipheriv(ALGORITHM, keyOf(bytes[0] as number), bytes.subarray(HEADER_BYTES, nonceEnd));
      decipher.setAAD(Buffer.from(purpose));
      decipher.setAuthTag(bytes.subarray(nonceEnd, bodyStart));
      return new Secret(Buffer.concat([decipher.update(bytes.subarray(bodyStart)), decipher.final()]).toString("utf8"));
    },
  };
}
