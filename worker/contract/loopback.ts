// Which host names are this machine: the only ones that plain http may reach.

/** @param hostname as `URL` has it: an IPv4 address in any spelling comes as four numbers */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname.endsWith('.localhost') || /^127(?:\.\d{1,3}){3}$|^\[::1\]$/.test(hostname)
  );
}
