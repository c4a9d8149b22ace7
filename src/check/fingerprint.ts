/** Fingerprints: short, deterministic, and blind to line numbers. */
import { createHash } from 'node:crypto';

/** 12 hexadecimal digits over the parts. */
export function fingerprint(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 12);
}
