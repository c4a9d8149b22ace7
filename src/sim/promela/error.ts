/** Thrown for a program that cannot be written as Promela; the message says why. */
export class PromelaError extends Error {}
