/** Whether to colour: only on a terminal, and not when NO_COLOR says no. */
export function wantsColor(stream: { isTTY?: boolean }): boolean {
  const refused = process.env.NO_COLOR !== undefined && process.env.NO_COLOR !== '';
  return stream.isTTY === true && !refused && process.env.TERM !== 'dumb';
}
