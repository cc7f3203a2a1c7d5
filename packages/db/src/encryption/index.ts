/** Encryption at rest for secrets: AES-256-GCM, a random nonce for each value, the key's version in front. */
export { createCipher, type SecretCipher } from "./cipher.ts";
export { loadOrCreateKey } from "./key-file.ts";
