/**
 * The parts of a kernel tree that are indexed, each by itself, and the order in which a name is looked for in
 * them. Headers serve types, macros and constants; code is only searched for functions and variables.
 */
import { dirname } from 'node:path';

export interface Area {
  dir: string;
  /** With what is below it, except for these subdirectories. */
  deep: boolean;
  except: readonly string[];
}

const area = (dir: string, deep: boolean, except: readonly string[] = []): Area => ({ dir, deep, except });

/** Headers of drivers and protocols: a third of include/linux, rarely needed, so they are areas of their own. */
const DRIVER_HEADERS =
  'mfd platform_data usb mlx5 soc mtd iio qed sunrpc regulator ceph netfilter spi ssb greybus mmc fsl bcma mlx4 surface_aggregator clk soundwire input comedi can pds habanalabs phy pinctrl avf amba i3c dsa'.split(
    ' ',
  );

/** The architecture's definitions come before the generic ones that they replace. */
export const HEADERS: readonly Area[] = [
  area('arch/x86/include', true),
  area('include/linux', true, DRIVER_HEADERS),
  area('include/asm-generic', true),
  area('include/uapi/linux', false),
  area('include/uapi/asm-generic', false),
  area('include/net', false),
];

export const CODE: readonly Area[] = [
  area('mm', true),
  area('kernel', true),
  area('fs', false),
  area('fs/hugetlbfs', true),
  area('fs/proc', true),
  area('ipc', true),
  area('lib', false),
  area('arch/x86/mm', true),
  area('include/trace', false),
  ...DRIVER_HEADERS.map((dir) => area(`include/linux/${dir}`, true)),
];

const ALL = [...HEADERS, ...CODE];

/** The area that covers a path: one of the above, or the path's own directory; null for a bare file name. */
export function areaOf(path: string): Area | null {
  const dir = dirname(path);
  if (path === '' || dir === '.') return null;
  let best: Area | null = null;
  for (const candidate of ALL) {
    const below = candidate.deep && dir.startsWith(`${candidate.dir}/`);
    if (dir !== candidate.dir && !below) continue;
    if (best === null || candidate.dir.length > best.dir.length) best = candidate;
  }
  return best ?? area(dir, true);
}

/** The areas that `dirs` consist of. */
export function areasIn(dirs: readonly string[]): Area[] {
  return dirs.flatMap((dir) => {
    const known = ALL.filter((a) => a.dir === dir || a.dir.startsWith(`${dir}/`));
    return known.some((a) => a.dir === dir) ? known : [area(dir, true)];
  });
}

/** What `lockstep index` indexes when it is not told. */
export const DEFAULT_AREAS: readonly Area[] = ALL;
