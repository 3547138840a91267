/** The usual variables that say which server is meant; PGUSER or PGPASSWORD alone do not. */
const placeNames = ['PGHOST', 'PGPORT', 'PGDATABASE'] as const;

/** The address that the usual PG* variables describe, and the names of those that were set; undefined without any. */
export function urlFromPgEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): { url: string; names: string[] } | undefined {
  if (!placeNames.some((name) => env[name])) return undefined;
  const names = [...placeNames, 'PGUSER', 'PGPASSWORD', 'PGSSLMODE'].filter((name) => env[name]);
  const user = encodeURIComponent(env.PGUSER || env.USER || 'postgres');
  const password = env.PGPASSWORD ? `:${encodeURIComponent(env.PGPASSWORD)}` : '';
  const host = env.PGHOST || 'localhost';
  const isSocket = host.startsWith('/');
  const address = isSocket ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  const query = new URLSearchParams();
  if (isSocket) query.set('host', host);
  if (env.PGSSLMODE) query.set('sslmode', env.PGSSLMODE);
  const database = encodeURIComponent(env.PGDATABASE || env.PGUSER || env.USER || 'postgres');
  const parameters = query.size > 0 ? `?${query}` : '';
  return { url: `postgres://${user}${password}@${address}:${env.PGPORT || '5432'}/${database}${parameters}`, names };
}
