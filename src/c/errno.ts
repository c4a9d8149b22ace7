/** The numbers of C's and the kernel's error names: part of the ABI, so hunks alone can be read. */
const NAMES =
  `EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST
  EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM
  ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP`.split(/\s+/);

const OTHERS: [string, number][] = [
  ['EWOULDBLOCK', 11],
  ['EDEADLOCK', 35],
  ['ENODATA', 61],
  ['ETIME', 62],
  ['ENOLINK', 67],
  ['EPROTO', 71],
  ['EBADMSG', 74],
  ['EOVERFLOW', 75],
  ['EUSERS', 87],
  ['EOPNOTSUPP', 95],
  ['ENOBUFS', 105],
  ['ETIMEDOUT', 110],
  ['EALREADY', 114],
  ['EINPROGRESS', 115],
  ['ESTALE', 116],
  ['EUCLEAN', 117],
  ['EDQUOT', 122],
  ['ECANCELED', 125],
  ['EHWPOISON', 133],
  ['ERESTARTSYS', 512],
  ['ERESTARTNOINTR', 513],
  ['ERESTARTNOHAND', 514],
  ['ENOIOCTLCMD', 515],
  ['ERESTART_RESTARTBLOCK', 516],
  ['EPROBE_DEFER', 517],
  ['ENOPARAM', 519],
  ['ENOTSUPP', 524],
];

/** Error name to its positive number. */
export const ERRNO: ReadonlyMap<string, number> = new Map<string, number>([
  ...NAMES.map((n, i): [string, number] => [n, i + 1]),
  ...OTHERS,
]);
